"""Dataverse: Dynamics 365, where sales works; ours, or another company's.

Publishes   accounts, contacts, orders and their lines, by change tracking: a delta token for each table
Pushes      the context of a step on a table, as a webhook; unsigned, and tried twice at most
Accepts     accounts, contacts, units, products, price lists and their items, orders, invoices: `$batch` calls
            of up to 1000 records, each with an outcome of its own

Quirks
- A delta token dies after seven days, or when somebody changes the table: everything is then read again.
- A token holds what was committed when it was given, by the server's own row versions and not by time. So
  nothing is read twice, and a long transaction shows its rows with the next token, however old their stamps.
- Times are whole seconds; of a deleted row nothing is left but its id.
- 412 has two meanings: the row has moved since it was read, or another row has this key.
- A batch with one bad record stops at it, and is a 400, unless `odata.continue-on-error` is asked for.
- Two customers may be merged: the loser stays as an inactive row that names its winner.
- A customer column holds an account or a contact; only an annotation says which.
- Too many calls, or too long ones, are a 429 that says in `Retry-After` when there is room again.
- A column `cw_hubid` (text, 36) with an alternate key of its own must be on each table that the hub writes.
"""
