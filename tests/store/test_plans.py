"""How SQLite goes about what is asked of it: no batch passes over a table that grows with the records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters.store import Store
from shared.adapters.store.transaction import Transaction
from shared.adapters.store.turn import Freely

GROWING = ("identity", "golden", "snapshot", "conflict", "dead_letter", "ledger_subject")

READS: dict[str, Callable[[Transaction], object]] = {
    "identities": lambda tx: tx.identities("crm", "account", ["1"]),
    "golden": lambda tx: tx.golden("account", ["1"]),
    "by_key": lambda tx: tx.by_key("account", ["k"]),
    "snapshots": lambda tx: tx.snapshots("crm", "account", ["1"]),
    "claims": lambda tx: tx.claims("crm", "account", ["1"]),
    "natives": lambda tx: tx.natives("crm", "account", ["1"]),
    "open_conflicts": lambda tx: tx.open_conflicts("account", ["1"]),
    "open_dead_letters": lambda tx: tx.open_dead_letters("crm", "account", ["1"]),
    "history": lambda tx: tx.history("account", "1"),
}


@pytest.fixture
def url(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.mark.parametrize("read", READS)
def test_what_a_batch_reads_is_searched_for(store: Store, read: str):
    asked: list[str] = []
    with store._engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(asked.append)
        READS[read](Transaction(connection, Freely()))
        driver.set_trace_callback(None)
        plans = [row[3] for sql in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert plans
    assert [plan for plan in plans if plan in {f"SCAN {table}" for table in GROWING}] == []
