"""The simulated Salesforce: the parts of its REST API that an integration meets, limits and refusals included.

```
  server.py     request -> session, limit -> routes.py -> one of
                  queries.py      query, queryAll                    soql/    text to rows
                  records.py      one record; describe.py
                  collection.py   up to 200 records                  writer.py  one record's write, with forms.py (names)
                  composite.py    requests within a request                     and values.py (types, lengths)
                  bulk.py         Bulk API 2.0 ingest; bulk_csv.py
                  replication.py  getUpdated, getDeleted
  org.py        schema.py + objects.py (what there is), tables.py (rows and indexes), transactions
  oauth.py, usage.py, errors.py, ids.py, stamps.py, loading.py (sample rows, merge and convert)
```

Not simulated: SOAP and its login, Bulk query jobs, composite graph, push (outbound messages, change events), relationships of more
than one level, sub-selects, aggregates but COUNT(), undelete.
"""

from local.systems.salesforce.oauth import Credentials
from local.systems.salesforce.server import Options, Salesforce

__all__ = ["Credentials", "Options", "Salesforce"]
