// The function app, on Flex Consumption: Linux, Python 3.13, each function scaling by itself.
//
//   settings   the host's own   +   the hub's   +   each system's, by the names that code.json lists for its kind
//              a secret is a reference into the vault; one that need not be there is named only where it is,
//              for Azure hands on the text of a reference that finds nothing

param name string
param location string
param tags object

@description('Instances at most; each holds four connections to the store.')
@minValue(1)
@maxValue(1000)
param instances int

@description('Megabytes of an instance.')
@allowed([
  512
  2048
  4096
])
param memory int

@description('Instances that are always there for the HTTP doors.')
param ready int

@description('Whether instances stand in several data centres of the region.')
param zones bool

@description('topology.yaml')
param topology object

@description('Settings of systems, by system and setting; secrets names those secrets that are in the vault though they need not be.')
param systems object

@description('Settings of the hub that differ from their defaults.')
param hub object
param pollSchedule string
param outboxSchedule string
param identityId string
param identityName string
param identityClientId string
param storageName string

@description('The address of the container of packages.')
param packages string
param busAddress string
param storeAddress string
param storeDatabase string
param vaultName string
param telemetryConnection string

@description('The Entra application by which people sign in; empty: nobody does.')
param operatorsClientId string

@description('Address ranges that may call; empty: all.')
param callers array

@description('The subnet of the app; empty: none.')
param subnetId string

var code = loadJsonContent('../code.json')

var hostSettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  AzureWebJobsStorage__accountName: storageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  SERVICEBUS__fullyQualifiedNamespace: busAddress
  SERVICEBUS__credential: 'managedidentity'
  SERVICEBUS__clientId: identityClientId
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
  POLL_SCHEDULE: pollSchedule
  OUTBOX_SCHEDULE: outboxSchedule
}

// An empty setting is a missing one, so each can be named.
var hubSettings = union(
  toObject(code.hub, setting => 'CROSSWALK_${toUpper(setting)}', setting => string(hub[?setting] ?? '')),
  {
    CROSSWALK_STORE_URL: 'postgresql+psycopg://${identityName}@${storeAddress}/${storeDatabase}?sslmode=require'
    CROSSWALK_STORE_IDENTITY: identityClientId
  }
)

var plainSettings = flatten(map(items(topology.systems), system => map(code.kinds[system.value.kind].settings, setting => {
  name: toUpper(replace('${system.key}_${setting}', '-', '_'))
  value: string(systems[?system.key][?setting] ?? '')
})))

var secretSettings = flatten(map(items(topology.systems), system => map(code.kinds[system.value.kind].secrets, setting => {
  name: toUpper(replace('${system.key}_${setting}', '-', '_'))
  secret: toLower(replace('${system.key}-${setting}', '_', '-'))
  kept: contains(code.kinds[system.value.kind].required, setting) || contains(systems[?system.key].?secrets ?? [], setting)
})))
var keptSecrets = map(filter(secretSettings, each => each.kept), each => each.secret)

var settings = union(
  hostSettings,
  hubSettings,
  toObject(plainSettings, each => each.name, each => each.value),
  toObject(
    secretSettings,
    each => each.name,
    each => each.kept ? '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${each.secret})' : ''
  )
)

resource plan 'Microsoft.Web/serverfarms@2025-05-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: zones
  }
}

resource app 'Microsoft.Web/sites@2025-05-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'hub'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        maximumInstanceCount: instances
        instanceMemoryMB: memory
        alwaysReady: ready == 0 ? [] : [
          {
            name: 'http'
            instanceCount: ready
          }
        ]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
      ipSecurityRestrictionsDefaultAction: empty(callers) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: [for (caller, index) in callers: {
        name: 'caller-${index}'
        action: 'Allow'
        priority: 100 + index
        ipAddress: caller
      }]
    }
  }

  resource values 'config' = {
    name: 'appsettings'
    properties: settings
  }

  resource publishing 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  resource transfer 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  // Doors ask for their own proof; whoever comes elsewhere must sign in. The identity vouches for the app, so there is no client secret.
  resource signIn 'config' = if (!empty(operatorsClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: {
        enabled: true
      }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'RedirectToLoginPage'
        redirectToProvider: 'azureactivedirectory'
        excludedPaths: code.doors
      }
      httpSettings: {
        requireHttps: true
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: operatorsClientId
            clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
            openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: [
              operatorsClientId
              'api://${operatorsClientId}'
            ]
          }
        }
      }
      login: {
        tokenStore: {
          enabled: false
        }
      }
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
output secrets array = keptSecrets
