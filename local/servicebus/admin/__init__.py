"""Administration as the unmodified `ServiceBusAdministrationClient` speaks it: Atom documents over HTTPS.

PUT, GET, DELETE   /{queue or topic}
                   /{topic}/subscriptions/{name}
                   /{topic}/subscriptions/{name}/rules/{name}
GET                /$Resources/queues, /$Resources/topics, .../subscriptions, .../rules     ($skip, $top)
GET                /$namespaceinfo

app           requests to operations, refusals to status codes
atom          entries and feeds
descriptions  entities <-> XML, by the table of `fields`
rules         rules <-> XML
xml           names, and a parser that is safe
certificate   made at the first start
server        the app behind TLS, on a loop that others use too
"""
