"""What the operators' page says is what happens, and it leaves no reason out."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from functions.salesforce import refusals
from shared.adapters.store import tables
from shared.adapters.store.transaction import Transaction
from shared.pipeline.recoverability import Policy
from tests.docs.pages import DOCS, blocks, code, rows, section
from tests.docs.reasons import modules, reasons
from tests.flows.office import ACME, ADA, Office
from tests.flows.office import office as opened

PAGE = DOCS / "operations.md"
OF_START = {"TopologyError", "MappingError"}
"""Errors of the start that name themselves otherwise than by `reason`."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    office = opened()
    yield office
    await office.world.close()


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    """What the page's blocks of Python define."""
    names: dict[str, Any] = {}
    for block in blocks("python", page=PAGE):
        exec(compile(block.text, str(block), "exec"), names)
    return names


def told() -> list[str]:
    parts = ("The record's fault", "Their fault", "Our fault")
    headings = re.findall(r"^### (.*)$", section(PAGE, "Reasons"), re.MULTILINE)
    chosen = [heading for heading in headings if heading.startswith(parts)]
    return [code(row[0]) for heading in chosen for row in rows(section(PAGE, heading))]


def test_every_reason_of_the_code_is_explained():
    assert reasons() - set(told()) == set()


def test_no_reason_is_explained_that_the_code_does_not_give():
    assert set(told()) - reasons() - OF_START == set()


def test_each_reason_is_explained_once():
    assert sorted(told()) == sorted(set(told()))


def test_every_code_that_the_page_calls_transient_or_ours_is_treated_so():
    said = {row[2]: re.findall(r"`(\w+)`", row[1]) for row in _salesforce_codes()}

    assert set(said["retried"]) <= refusals.TRANSIENT
    assert set(said["the system is paused"]) <= refusals.MISCONFIGURED
    assert set(said["taken as a delete in Salesforce"]) == refusals.GONE
    assert not set(said["a dead letter"]) & (refusals.TRANSIENT | refusals.MISCONFIGURED | refusals.GONE)


def _salesforce_codes() -> list[list[str]]:
    return [row for row in rows(section(PAGE, "Codes of the systems")) if row[0] == "Salesforce"]


def test_the_schedule_of_retries_is_the_policys():
    policy, since = Policy(), 0.0
    expected = []
    for attempt in range(policy.attempts):
        pause = policy.delay(attempt, 0.5)
        since += pause
        expected.append([str(attempt + 1), f"{pause:.0f}", f"{since:.0f} s"])

    assert rows(section(PAGE, "Retries")) == expected


def test_every_statement_runs_on_the_stores_tables():
    engine = create_engine("sqlite://")
    tables.metadata.create_all(engine)
    statements = [each for block in blocks("sql") for each in block.text.split(";") if each.strip()]

    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))

    assert len(statements) > 5
    engine.dispose()


def test_every_action_of_the_ledger_is_explained():
    said = section(PAGE, "The history of a record")

    missing = [action for action in _actions() if f"`{action}`" not in said]

    assert missing == []


def _actions() -> set[str]:
    """What detection and settlement enter into the ledger."""
    named = {"detection", "settlement"}
    trees = [ast.parse(module.read_text("utf-8")) for module in modules() if module.stem in named]
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Assign) and any(_called(each, "action", "DONE") for each in node.targets):
            constants = [each.value for each in ast.walk(node.value) if isinstance(each, ast.Constant)]
            found |= {each for each in constants if isinstance(each, str)}
    assert {"arrived", "created", "deleted"} <= found
    return found


def _called(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Name) and node.id in names


@pytest.mark.anyio
async def test_a_dead_letter_is_sent_again_once_the_target_takes_the_record(
    office: Office, functions: dict[str, Any]
):
    office.world.fault("lms", "reject_records")
    office.sales.create("Account", **ACME)
    await office.settle()
    refused = office.letter()
    office.world.control("lms", "DELETE", "faults")

    assert functions["send_again"](office.world.hub.store, "lms", refused.reason) == 1
    await office.world.hub.outbox.publish()
    await office.settle()

    assert office.school.company("A-1")["name"] == "Acme"
    assert office.letters() == []


@pytest.mark.anyio
async def test_a_targets_rows_are_mended_after_a_wrong_mapping(office: Office, functions: dict[str, Any]):
    office.sales.create("Contact", AccountId=office.sales.create("Account", **ACME), **ADA)
    await office.settle()
    user = office.school.user("ada@acme.example")
    office.school.change("company-users", user["id"], title="Wrong")
    office.forget()

    ids = office.world.hub.store.transact_now(_mistrust)
    office.world.hub.store.transact_now(lambda tx: functions["send"](tx, "contact", "salesforce", "lms", ids))
    await office.world.hub.outbox.publish()
    await office.settle()

    assert office.written() == [{"id": user["id"], "title": "Countess"}]


def _mistrust(tx: Transaction) -> list[str]:
    """The runbook's two statements."""
    (block,) = [block for block in blocks("sql", page=PAGE) if "UPDATE snapshot" in block.text]
    update, chosen = [text(each) for each in block.text.split(";") if each.strip()]
    connection = tx._connection  # as an operator's own tool would have it
    connection.execute(update)
    return list(connection.execute(chosen).scalars())


@pytest.mark.anyio
async def test_reading_everything_again_writes_nothing_where_nothing_is_new(office: Office):
    office.sales.create("Account", **ACME)
    await office.settle()
    office.forget()
    (block,) = [block for block in blocks("sql", page=PAGE) if "UPDATE watermark" in block.text]
    statement = block.text.replace("'contact'", "'account'")

    office.world.hub.store.transact_now(lambda tx: tx._connection.execute(text(statement)))  # as above
    await office.settle()

    assert office.writes() == []
    assert office.changes() == []


@pytest.mark.anyio
async def test_a_store_from_a_backup_finds_again_what_it_had_created_since(office: Office):
    """The runbook says so: ids follow from natural keys, and a create is looked for before it is repeated."""
    office.sales.create("Account", **ACME)
    await office.settle()
    backup = office.world.hub.store.transact_now(lambda tx: _file(tx).serialize())
    late = office.sales.create("Account", **{**ACME, "AccountNumber": "A-2", "Name": "Late"})
    await office.settle()
    made = office.school.company("A-2")
    office.forget()

    _restore(office, backup)
    assert (
        office.world.hub.store.transact_now(lambda tx: tx.identities("salesforce", "account", [late])) == {}
    )
    await office.settle()
    office.sales.change(late, Phone="+49 731 2")
    await office.settle()

    assert office.written() == [{"id": made["id"], "phone": "+49 731 2"}]
    assert office.letters() == []


def _restore(office: Office, backup: bytes) -> None:
    with office.world.hub.store._engine.connect() as connection:  # no transaction may be open meanwhile
        raw: Any = connection.connection.driver_connection
        raw.rollback()
        with closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(backup)
            copy.backup(raw)


def _file(tx: Transaction) -> Any:
    """The database itself, as its backup takes it."""
    return tx._connection.connection.driver_connection
