"""The simulated Dataverse of Dynamics 365 Sales: what an integration meets of its Web API.

```
  dataverse.py    request ─> oauth.py (tokens) ─> protection.py (429) ─> batch.py ─> dispatch.py ─> one of
                    queries.py     GET a set, with odata/ ($filter), shown.py, cookies.py (pages)
                    tracking.py    what has changed since a delta token
                    records.py     one row; multiple.py many        ┐  writer.py, with forms.py, values.py,
                    sales.py       a quote becomes an order         ┘  rules.py, relations.py
                    definitions.py WhoAmI, EntityDefinitions, $metadata
  store.py        rows, indexes, versions, deletions, transactions; schema.py, tables.py + columns.csv
  push.py         webhooks, to whoever subscribed
  beside          people.py (users at work, rows that were there), salespeople.py with wishes.py (who sells by
                  themselves), environment.py, switches.py, errors.py
```

Each environment is a system of its own with a name of its own: a company's `crm`, another's `partner`.

Not simulated: FetchXML, SQL and `$expand`, many-to-many relationships, duplicate detection rules, elastic and
virtual tables, metadata writes, privileges, audit, several currencies' base amounts, accents in
comparisons. What is only believed of the real one is a switch (`switches.py`).
"""

from local.systems.dataverse.dataverse import Dataverse, Options
from local.systems.dataverse.oauth import Credentials
from local.systems.dataverse.protection import Limits
from local.systems.dataverse.switches import Switches

__all__ = ["Credentials", "Dataverse", "Limits", "Options", "Switches"]
