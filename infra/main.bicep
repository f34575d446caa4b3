// The hub in Azure: one resource group, and everything in it.
//
//   topology.yaml ──┬─> bus      a subscription with its rule for each target
//                   ├─> app      the settings of each system
//                   └─> alerts   which polls are missed
//   code.json ────────> app      which settings the code reads (python -m infra.catalog writes it)
//
//   identity ──roles──> bus, storage, vault, store, telemetry      no key and no password anywhere
//   network (optional): the app leaves through one fixed address; store, storage and vault let only it in
//
// How to use it: docs/deploy.md. What it costs: docs/deploy.md. What to turn up: docs/scaling.md.

targetScope = 'subscription'

@description('Names this environment, and everything in it: dev, test, production.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('The region, such as westeurope.')
param location string = deployment().location

@description('How much it can carry and how well it is secured against failure; docs/scaling.md says what each size takes.')
@allowed([
  'small'
  'large'
])
param size string = 'small'

@description('Numbers that are to differ from those of the size, by their names in the table below: { storeSku: ... }.')
param sizing object = {}

@description('What the hub is told of each system: { salesforce: { url: ..., client_id: ..., secrets: [ client_secret ] } }. Secrets are named here, and kept in the vault.')
param systems object = {}

@description('Settings of the hub that are to differ from their defaults: { retry_attempts: 20 }.')
param hub object = {}

@description('When the timers that poll tick (NCRONTAB, UTC).')
param pollSchedule string = '0 * * * * *'

@description('When the timer ticks that sends what an interrupted run left behind (NCRONTAB, UTC).')
param outboxSchedule string = '30 * * * * *'

@description('Whether the app lives in a network of its own and leaves through one fixed address, which vendors can allow.')
param fixedAddress bool = size == 'large'

@description('From where the HTTP doors may be called, as address ranges; none: from everywhere, and each door asks for its own proof.')
param callers array = []

@description('From where people may reach vault and store directly, as single IPv4 addresses; none: from nowhere but the app, where the network is there.')
param desks array = []

@description('The Entra application by which operators sign in; none: nobody signs in, and only doors with keys are open.')
param operatorsClientId string = ''

@description('The Entra group that may open the store with psql: its name and object id; none: only the app.')
param storeAdministrators object = {}

@description('The Entra principal that may set secrets, usually a group: its object id; none: nobody but owners of the subscription.')
param secretsOfficerId string = ''

@description('Who is told of alerts.')
param alertEmails array = []

@description('Tags for every resource, beside those of azd.')
param tags object = {}

var topology = loadYamlContent('../topology.yaml')
var token = uniqueString(subscription().id, environmentName, location)
var suffix = '${environmentName}-${take(token, 6)}'
var allTags = union(tags, {
  'azd-env-name': environmentName
  application: 'crosswalk'
})

// What a size means. Each number stands in docs/scaling.md with its arithmetic.
var sizes = {
  small: {
    busTier: 'Standard'
    busUnits: 0
    replication: 'Standard_LRS'
    storeSku: 'Standard_B2s'
    storeTier: 'Burstable'
    storeGigabytes: 32
    storeStandby: 'Disabled'
    backupDays: 14
    instances: 40
    memory: 2048
    ready: 0
    zones: false
    logDays: 30
  }
  large: {
    busTier: 'Premium'
    busUnits: 1
    replication: 'Standard_ZRS'
    storeSku: 'Standard_D4ds_v5'
    storeTier: 'GeneralPurpose'
    storeGigabytes: 256
    storeStandby: 'ZoneRedundant'
    backupDays: 35
    instances: 200
    memory: 4096
    ready: 1
    zones: true
    logDays: 90
  }
}
var chosen = union(sizes[size], sizing)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-crosswalk-${environmentName}'
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: 'id-crosswalk-${suffix}'
    location: location
    tags: allTags
  }
}

module network 'modules/network.bicep' = if (fixedAddress) {
  scope: group
  params: {
    name: 'crosswalk-${suffix}'
    location: location
    tags: allTags
  }
}

module telemetry 'modules/telemetry.bicep' = {
  scope: group
  params: {
    name: 'crosswalk-${suffix}'
    location: location
    tags: allTags
    days: chosen.logDays
    principalId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'stxw${token}'
    location: location
    tags: allTags
    sku: chosen.replication
    principalId: identity.outputs.principalId
    subnetId: fixedAddress ? network!.outputs.appSubnetId : ''
    desks: desks
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-xw-${take(token, 13)}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    officerId: secretsOfficerId
    subnetId: fixedAddress ? network!.outputs.appSubnetId : ''
    desks: desks
  }
}

module bus 'modules/bus.bicep' = {
  scope: group
  params: {
    name: 'sb-crosswalk-${suffix}'
    location: location
    tags: allTags
    tier: chosen.busTier
    units: chosen.busUnits
    topology: topology
    principalId: identity.outputs.principalId
    subnetId: fixedAddress ? network!.outputs.appSubnetId : ''
  }
}

module store 'modules/store.bicep' = {
  scope: group
  params: {
    name: 'psql-crosswalk-${suffix}'
    location: location
    tags: allTags
    sku: chosen.storeSku
    tier: chosen.storeTier
    gigabytes: chosen.storeGigabytes
    standby: chosen.storeStandby
    backupDays: chosen.backupDays
    identityName: identity.outputs.name
    principalId: identity.outputs.principalId
    administrators: storeAdministrators
    subnetId: fixedAddress ? network!.outputs.storeSubnetId : ''
    zoneId: fixedAddress ? network!.outputs.storeZoneId : ''
    desks: desks
  }
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    name: 'func-crosswalk-${suffix}'
    location: location
    tags: allTags
    instances: chosen.instances
    memory: chosen.memory
    ready: chosen.ready
    zones: chosen.zones
    topology: topology
    systems: systems
    hub: hub
    pollSchedule: pollSchedule
    outboxSchedule: outboxSchedule
    identityId: identity.outputs.id
    identityName: identity.outputs.name
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packages: storage.outputs.packages
    busAddress: bus.outputs.address
    storeAddress: store.outputs.address
    storeDatabase: store.outputs.database
    vaultName: vault.outputs.name
    telemetryConnection: telemetry.outputs.connection
    operatorsClientId: operatorsClientId
    callers: callers
    subnetId: fixedAddress ? network!.outputs.appSubnetId : ''
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    name: 'crosswalk-${suffix}'
    location: location
    tags: allTags
    emails: alertEmails
    topology: topology
    busId: bus.outputs.id
    storeId: store.outputs.id
    telemetryId: telemetry.outputs.id
  }
}

@description('azd puts the region into its environment.')
output AZURE_LOCATION string = location

@description('Where everything is.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app, for az functionapp deployment and azd.')
output CROSSWALK_APP string = app.outputs.name

@description('The address of the HTTP doors and of the operators\' page.')
output CROSSWALK_URL string = app.outputs.url

@description('Where the vendors\' secrets are set.')
output CROSSWALK_VAULT string = vault.outputs.name

@description('The secrets that the app looks for in the vault.')
output CROSSWALK_SECRETS array = app.outputs.secrets

@description('The store, for psql.')
output CROSSWALK_STORE string = store.outputs.address

@description('The namespace of topic and queue.')
output CROSSWALK_BUS string = bus.outputs.address

@description('The address that vendors allow; empty where the app has none of its own.')
output CROSSWALK_OUTGOING_ADDRESS string = fixedAddress ? network!.outputs.outgoingAddress : ''
