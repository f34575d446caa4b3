"""The simulated Salesforce: what an integration meets of its REST API, limits and refusals included.

```
  salesforce.py   request ─> session, limit ─> routes.py ─> one of
                    queries.py      query, queryAll                     ─> soql/      text to rows
                    records.py      one record; describe.py             ┐
                    collection.py   up to 200 records                   ├> writer.py  one record's write, with
                    bulk.py         Bulk API 2.0 ingest; bulk_csv.py    ┘             forms.py and values.py
                    composite.py    requests within a request
                    replication.py  getUpdated, getDeleted
  push.py         outbound messages, to whoever subscribed
  org.py          schema.py + objects.py (what there is), tables.py (rows and indexes), transactions
  beside          oauth.py, usage.py, errors.py, ids.py, stamps.py, loading.py (sample rows, merge),
                  conversion.py
```

Not simulated: SOAP and its login, Bulk query jobs, composite graph, change events, relationships of more
than one level, sub-selects, aggregates but COUNT(), undelete.
"""

from local.systems.salesforce.oauth import Credentials
from local.systems.salesforce.salesforce import Options, Salesforce

__all__ = ["Credentials", "Options", "Salesforce"]
