"""The ERP: accounting, on a SQL database. What is where in it is configuration: `mapping.yaml`.

Publishes   what the mapping names: rows by status flag, by time of change, or by reading all of a small table
            or query; deletes from a table of dead keys, from a column, or by what is no longer there
Pushes      nothing by itself; CloudEvents of a job beside it are taken
Accepts     inserts and updates of the tables that the mapping names; deactivation and deletes where it says

Quirks
- The flag is set by the database and cleared by us, only while the row has the version that we read: a row
  edited meanwhile stays flagged, and comes again. Our own writes are flagged too, and come back as echoes.
- Rows are locked before a batch is written, so that of each it is known whether it is there and unchanged.
- What the database makes of a value (upper case, cents) is read back in the same transaction.
- One row that it refuses is found by halving its batch, each half in a transaction of its own.
- Time is the database's own, in UTC. A flag needs no overlap; a time of change does, for late commits.
- Values are bound without a type, and the database decides by the column: key columns of a query must
  therefore have a type of their own (`CAST` where an expression has none).
"""
