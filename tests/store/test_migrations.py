"""A database that was upgraded is the one that the tables describe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import alembic.command
import alembic.config
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

import shared.adapters.store
from shared.adapters.store import Store
from shared.adapters.store.tables import metadata
from shared.model.records import Entry

MIGRATIONS = Path(shared.adapters.store.__file__).parent / "migrations"


def test_an_upgraded_database_is_what_the_tables_say(url: str, store: Store):
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_many_who_start_at_once_upgrade_once(url: str):
    """As instances in the cloud do. Each is a process, for alembic runs one upgrade at a time in each."""
    command = [sys.executable, "-c", f"from shared.adapters.store import Store; Store({url!r}).migrate()"]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [each.communicate(timeout=120)[1] for each in started]

    assert [each.returncode for each in started] == [0, 0, 0], said


def test_upgrading_again_changes_nothing(url: str, store: Store):
    store.transact_now(lambda tx: tx.put_watermark("crm", "account", "kept", 1))
    store.migrate()
    assert store.transact_now(lambda tx: tx.watermark("crm", "account")) == ("kept", 1)


def test_the_ledger_of_an_older_version_is_kept(url: str):
    engine = create_engine(url)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "0004")
        for position, action in enumerate(("arrived", "merged"), 1):
            line = "INSERT INTO ledger (at, entity, system, action) VALUES (5, 'account', 'crm', :action)"
            connection.execute(text(line), {"action": action})
            subject = "INSERT INTO ledger_subject (record, position) VALUES ('1', :position)"
            connection.execute(text(subject), {"position": position})
    engine.dispose()

    store = Store(url)
    store.migrate()
    told = store.transact_now(lambda tx: tx.history("account", "1"))
    store.close()
    assert told == [Entry("account", "1", "crm", action, at=5) for action in ("arrived", "merged")]
