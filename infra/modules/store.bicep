// The hub's memory: PostgreSQL, which only Entra identities may open. There is no password to lose.

param name string
param location string
param tags object
param sku string

@allowed([
  'Burstable'
  'GeneralPurpose'
  'MemoryOptimized'
])
param tier string
param gigabytes int

@allowed([
  'Disabled'
  'SameZone'
  'ZoneRedundant'
])
param standby string

@minValue(7)
@maxValue(35)
param backupDays int

@description('The app: its name is the role that it signs in as.')
param identityName string
param principalId string

@description('A group of people, { name: ..., id: ... }; empty: none.')
param administrators object

@description('Where the server lives, unseen from outside; empty: it has a public address.')
param subnetId string
param zoneId string

@description('Single addresses that are let in where it has a public address.')
param desks array

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2026-10-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: tier
  }
  properties: {
    version: '17'
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenant().tenantId
    }
    storage: {
      storageSizeGB: gigabytes
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: backupDays
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: standby
    }
    network: empty(subnetId) ? {
      publicNetworkAccess: 'Enabled'
    } : {
      publicNetworkAccess: 'Disabled'
      delegatedSubnetResourceId: subnetId
      privateDnsZoneArmResourceId: zoneId
    }
  }
}

// The server takes one change at a time, hence the order.

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2026-10-01' = {
  parent: server
  name: 'crosswalk'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
}

resource app 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2026-10-01' = {
  parent: server
  name: principalId
  properties: {
    principalName: identityName
    principalType: 'ServicePrincipal'
    tenantId: tenant().tenantId
  }
  dependsOn: [
    database
  ]
}

resource people 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2026-10-01' = if (!empty(administrators)) {
  parent: server
  name: administrators.?id ?? 'none'
  properties: {
    principalName: administrators.?name ?? 'none'
    principalType: 'Group'
    tenantId: tenant().tenantId
  }
  dependsOn: [
    app
  ]
}

// Without a network of its own the app comes from any address of Azure's; who it is decides, not from where.
resource azure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2026-10-01' = if (empty(subnetId)) {
  parent: server
  name: 'azure'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
  dependsOn: [
    people
  ]
}

@batchSize(1)
resource fromDesks 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2026-10-01' = [for (desk, index) in desks: if (empty(subnetId)) {
  parent: server
  name: 'desk-${index}'
  properties: {
    startIpAddress: desk
    endIpAddress: desk
  }
  dependsOn: [
    azure
  ]
}]

output id string = server.id
output address string = server.properties.fullyQualifiedDomainName
output database string = database.name
