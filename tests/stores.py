"""A hub's database in memory, brought up to date once for all tests: each gets a copy of it."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable
from functools import cache
from typing import Any

from shared.adapters.store import Store


def fresh() -> Store:
    """As new, and migrated, for the price of a copy. Closed when nobody has it any more."""
    store = Store("sqlite://")
    weakref.finalize(store, store._engine.dispose)  # and not the store's own close: that would hold it
    _within(store, lambda database: database.deserialize(_migrated()))
    return store


@cache
def _migrated() -> bytes:
    store = Store("sqlite://")
    store.migrate()
    database = bytes(_within(store, sqlite3.Connection.serialize))
    store.close()
    return database


def _within(store: Store, work: Callable[[sqlite3.Connection], Any]) -> Any:
    """With the driver's own connection: there is only this one to a database in memory."""
    connection = store._engine.raw_connection()
    try:
        database: Any = connection.driver_connection
        return work(database)
    finally:
        connection.close()
