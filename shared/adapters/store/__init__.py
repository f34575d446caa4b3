"""The hub's memory: SQLAlchemy Core on SQLite or PostgreSQL, a batch at a time.

tables.py        what is remembered
database.py      opens it, migrates it, runs a piece of work in one transaction
transaction.py   the statements: a few for a batch, never one for each record
"""

from shared.adapters.store.database import Store

__all__ = ["Store"]
