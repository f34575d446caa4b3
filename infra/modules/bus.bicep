// Topic, subscriptions and queue, as local/entities.py makes them for a desk; a test holds them together.
//
//   topic changes ── rule of each target ──> its subscription ── given up ──> queue dead-letters <── operators
//   queue arrivals, what systems push ─────────────────────────── given up ──────────^

param name string
param location string
param tags object

@allowed([
  'Standard'
  'Premium'
])
param tier string

@description('Messaging units; 0 where the tier has none.')
@allowed([
  0
  1
  2
  4
  8
  16
])
param units int

@description('topology.yaml')
param topology object

@description('Who publishes and receives.')
param principalId string

@description('The only network that is let in; empty: all, with the right role. Only Premium can refuse the others.')
param subnetId string

var dataOwner = '090c5cfd-751d-490a-894a-3ce6f1109419' // where it receives: to scale by the backlog is to read it
var dataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'

// Whom a target hears of: for each entity the systems whence it is reached, along flows however many follow one
// another. As many rounds as there are systems find them all. Then entities that come from the same ones share a
// clause. All in the order of their names, the operator last.
var systems = map(items(topology.systems), system => system.key)
var entities = map(items(topology.entities), entity => entity.key)
var targets = filter(systems, system => !empty(filter(topology.flows, flow => flow.to == system)))
var reached = flatten(map(targets, target => map(
  filter(entities, entity => !empty(filter(topology.flows, flow => flow.to == target && flow.entity == entity))),
  entity => {
    target: target
    entity: entity
    from: reduce(range(0, length(systems)), [target], (found, round) => union(
      found,
      map(filter(topology.flows, flow => flow.entity == entity && contains(found, flow.to)), flow => flow.from)
    ))
  }
)))
var heard = map(reached, each => {
  target: each.target
  entity: each.entity
  sources: join(map(
    concat(filter(systems, system => system != each.target && contains(each.from, system)), ['operator']),
    source => '\'${source}\''
  ), ', ')
})
var groups = flatten(map(targets, target => map(
  union(map(filter(heard, each => each.target == target), each => each.sources), []),
  sources => {
    target: target
    sources: sources
  }
)))
var clauses = map(groups, group => {
  target: group.target
  text: '(entity IN (${join(map(filter(heard, each => each.target == group.target && each.sources == group.sources), each => '\'${each.entity}\''), ', ')}) AND source IN (${group.sources}))'
})
var rules = map(targets, target => {
  target: target
  filter: '(target IS NULL AND (${join(map(filter(clauses, clause => clause.target == target), clause => clause.text), ' OR ')})) OR target = \'${target}\''
})

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: tier
    tier: tier
    capacity: tier == 'Premium' ? units : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
    zoneRedundant: tier == 'Premium'
  }
}

resource doors 'Microsoft.ServiceBus/namespaces/networkRuleSets@2026-01-01' = if (tier == 'Premium' && !empty(subnetId)) {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: 'Enabled'
    defaultAction: 'Deny'
    trustedServiceAccessEnabled: true
    virtualNetworkRules: [
      {
        subnet: {
          id: subnetId
        }
        ignoreMissingVnetServiceEndpoint: false
      }
    ]
  }
}

resource deadLetters 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = {
  parent: namespace
  name: 'dead-letters'
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    lockDuration: 'PT1M'
  }
}

resource arrivals 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = {
  parent: namespace
  name: 'arrivals'
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    lockDuration: 'PT5M'
    deadLetteringOnMessageExpiration: true
    forwardDeadLetteredMessagesTo: deadLetters.name
  }
}

resource changes 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = {
  parent: namespace
  name: 'changes'
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
  }
}

resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' = [for rule in rules: {
  parent: changes
  name: rule.target
  properties: {
    lockDuration: 'PT5M'
    maxDeliveryCount: 10
    deadLetteringOnMessageExpiration: true
    forwardDeadLetteredMessagesTo: deadLetters.name
  }
}]

// A new subscription comes with a rule `$Default` that lets everything through. Ours takes its name, and so its
// place: a rule of another name might leave it standing. What slips in before is only looked at once too often.
resource deliver 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2026-01-01' = [for (rule, index) in rules: {
  parent: subscriptions[index]
  name: '$Default'
  properties: {
    filterType: 'SqlFilter'
    sqlFilter: {
      sqlExpression: rule.filter
    }
  }
}]

resource receives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: changes
  name: guid(changes.id, principalId, dataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataOwner)
  }
}

resource accepts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: arrivals
  name: guid(arrivals.id, principalId, dataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataOwner)
  }
}

resource reports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: deadLetters
  name: guid(deadLetters.id, principalId, dataSender)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSender)
  }
}

output id string = namespace.id
output address string = '${namespace.name}.servicebus.windows.net'
