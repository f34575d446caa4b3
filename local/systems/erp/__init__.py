"""The ERP: accounting's own SQL database, SQLite or PostgreSQL, with no API in front of it.

```
  tables.py      customers, contacts, items, units, price lists, special prices, orders, invoices, payments
  triggers.py    what the database does by itself: flags, versions, stamps, codes, money, keys of deleted rows
  database.py    Erp: made, opened, and edited by its users through SQL
  accounting.py  the desk that turns orders into invoices, and invoices into payments
  sample.py      a company from a seed
  office.py      all of it in a folder: `python -m local system erp --data DIR`
```

Habits
- A user's edit sets `crm_status` to U (a new row has N), counts `row_version` up and stamps `changed_at`;
  whoever sets the flag alone (an acknowledgement) moves nothing else.
- Codes are upper-cased, money is rounded to cents, whoever writes them.
- Deleted rows are gone; of customers and contacts the keys are kept in `…_deleted`.
- An invoice knows what was paid: a trigger of the payments keeps it.
- It says its own time: `SELECT now FROM clock`. The time can be set (`work_clock`), as in an ERP that has a
  work date.
"""
