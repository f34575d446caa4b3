// What somebody is told of: dead letters, a backlog that stays, polls that are missed, failures, a store that is full.

param name string
param location string
param tags object

@description('Who is told.')
param emails array

@description('topology.yaml')
param topology object
param busId string
param storeId string
param telemetryId string

@description('How long a system may be without one good poll before somebody is told.')
@allowed([
  'PT15M'
  'PT30M'
  'PT1H'
  'PT2H'
  'PT6H'
])
param pollWindow string = 'PT30M'

@description('Failed runs of one function in a quarter of an hour before somebody is told.')
param failures int = 5

var readers = filter(
  map(items(topology.systems), system => system.key),
  system => !empty(filter(topology.flows, flow => flow.from == system || (flow.to == system && (flow.?watch ?? false))))
)
var polls = join(map(readers, reader => '"poll_${reader}"'), ', ')

// Metrics of the bus. A backlog has no age there; but one that is never empty for half an hour is the only one
// that can be half an hour old.
var busMetrics = [
  {
    name: 'dead-letters'
    description: 'Records need a person: docs/operations.md, Dead letters.'
    metric: 'ActiveMessages'
    entity: 'dead-letters'
    aggregation: 'Maximum'
    window: 'PT5M'
    threshold: 0
    severity: 2
  }
  {
    name: 'backlog'
    description: 'Changes have been waiting all the time for half an hour.'
    metric: 'ActiveMessages'
    entity: 'changes'
    aggregation: 'Minimum'
    window: 'PT30M'
    threshold: 0
    severity: 3
  }
  {
    name: 'arrivals'
    description: 'What systems push has been waiting all the time for half an hour; polls go on.'
    metric: 'ActiveMessages'
    entity: 'arrivals'
    aggregation: 'Minimum'
    window: 'PT30M'
    threshold: 0
    severity: 3
  }
  {
    name: 'throttled'
    description: 'The bus turns requests away: docs/scaling.md.'
    metric: 'ThrottledRequests'
    entity: '*'
    aggregation: 'Total'
    window: 'PT15M'
    threshold: 0
    severity: 3
  }
]

var storeMetrics = [
  {
    name: 'store-space'
    description: 'The store is nearly full.'
    metric: 'storage_percent'
    threshold: 85
    severity: 2
  }
  {
    name: 'store-busy'
    description: 'The store has been busy for a quarter of an hour: docs/scaling.md.'
    metric: 'cpu_percent'
    threshold: 90
    severity: 3
  }
]

var logAlerts = [
  {
    name: 'freshness'
    description: 'A system has not been polled with success for too long.'
    severity: 1
    window: pollWindow
    threshold: 0
    query: 'print expected = dynamic([${polls}]) | mv-expand expected to typeof(string) | join kind=leftanti (requests | where success == true | distinct name) on $left.expected == $right.name'
  }
  {
    name: 'failures'
    description: 'A function keeps failing.'
    severity: 2
    window: 'PT15M'
    threshold: 0
    query: 'requests | where success == false | summarize failed = count() by name | where failed >= ${failures}'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'crosswalk'
    emailReceivers: [for (email, index) in emails: {
      name: 'email-${index}'
      emailAddress: email
      useCommonAlertSchema: true
    }]
  }
}

resource ofBus 'Microsoft.Insights/metricAlerts@2018-03-01' = [for each in busMetrics: {
  name: '${each.name}-${name}'
  location: 'global'
  tags: tags
  properties: {
    description: each.description
    enabled: true
    severity: each.severity
    scopes: [
      busId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: each.window
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: each.name
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: each.metric
          operator: 'GreaterThan'
          threshold: each.threshold
          timeAggregation: each.aggregation
          dimensions: [
            {
              name: 'EntityName'
              operator: 'Include'
              values: [
                each.entity
              ]
            }
          ]
        }
      ]
    }
    actions: [
      {
        actionGroupId: people.id
      }
    ]
  }
}]

resource ofStore 'Microsoft.Insights/metricAlerts@2018-03-01' = [for each in storeMetrics: {
  name: '${each.name}-${name}'
  location: 'global'
  tags: tags
  properties: {
    description: each.description
    enabled: true
    severity: each.severity
    scopes: [
      storeId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: each.name
          metricNamespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
          metricName: each.metric
          operator: 'GreaterThan'
          threshold: each.threshold
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: people.id
      }
    ]
  }
}]

resource ofLogs 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in logAlerts: {
  name: '${each.name}-${name}'
  location: location
  tags: tags
  properties: {
    displayName: '${each.name} (${name})'
    description: each.description
    enabled: true
    severity: each.severity
    scopes: [
      telemetryId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: each.window
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: each.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: each.threshold
        }
      ]
    }
    actions: {
      actionGroups: [
        people.id
      ]
    }
  }
}]
