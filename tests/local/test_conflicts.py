"""The command by which an operator decides what two people set apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local.__main__ import made
from local.up.directory import Directory
from shared.adapters.store import Store
from shared.model.golden import Cell, Golden
from shared.model.merge import Clash
from shared.model.records import ConflictEntry

RECORD = "00000000-0000-5000-8000-000000000001"
KEPT, LOST = Cell("1", 5, "salesforce"), Cell("2", 6, "lms")
TOPOLOGY = """
systems:
  salesforce: {kind: salesforce, rank: 2}
  lms: {kind: lms, rank: 1}
entities:
  account: {key: [number], conflict: ask}
flows:
  - {entity: account, from: salesforce, to: lms, guard: read}
  - {entity: account, from: lms, to: salesforce, guard: read, delete: ignore}
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A hub's, with one open conflict."""
    (tmp_path / "topology.yaml").write_text(TOPOLOGY, encoding="utf-8")
    store = Store(Directory(tmp_path).store_url)
    store.migrate()
    fields = {"name": Cell("Acme", 1, "salesforce"), "phone": KEPT}
    store.transact_now(lambda tx: tx.put_golden("account", [Golden(RECORD, fields)]))
    store.transact_now(lambda tx: tx.clash("account", [(RECORD, Clash("phone", KEPT, LOST, "ask"))], 7))
    yield store
    store.close()


def conflicts(tmp_path: Path, *words: str) -> Result:
    more = ("--data", str(tmp_path), "--topology", str(tmp_path / "topology.yaml"))
    return CliRunner().invoke(made(["conflicts", "touch"]), ["conflicts", *words, *more])


def only(store: Store) -> ConflictEntry:
    (found,) = store.transact_now(lambda tx: tx.latest_conflicts(9, open_only=False))
    return found


def phone(store: Store) -> Cell:
    return store.transact_now(lambda tx: tx.golden("account", [RECORD]))[RECORD].fields["phone"]


def test_it_lists_what_is_open(tmp_path: Path, store: Store):
    told = conflicts(tmp_path)

    assert told.exit_code == 0
    assert only(store).id in told.stdout
    assert all(each in told.stdout for each in ("phone", "'1' (salesforce)", "'2' (lms)", "ask", "open"))


@pytest.mark.parametrize(
    "words, stays",
    [(["--keep", "kept"], "1"), (["--keep", "lost"], "2"), (["--value", "3"], "3"), (["--value", ""], None)],
)
def test_what_is_decided_is_written_and_says_who(
    tmp_path: Path, store: Store, words: list[str], stays: str | None
):
    told = conflicts(tmp_path, "decide", only(store).id, *words, "--by", "olga")

    assert (told.exit_code, told.stdout) == (0, "Decided. The value goes to every system.\n")
    assert (phone(store).value, phone(store).system) == (stays, "operator")
    (entry,) = store.transact_now(lambda tx: tx.history("account", RECORD))
    assert entry.cause == "olga"
    assert store.transact_now(lambda tx: tx.waiting()) == 1
    assert conflicts(tmp_path).stdout == "No conflict is open.\n"


def test_what_was_decided_before_is_superseded(tmp_path: Path, store: Store):
    conflict = only(store).id
    conflicts(tmp_path, "decide", conflict, "--keep", "lost")

    told = conflicts(tmp_path, "decide", conflict, "--keep", "kept")

    assert (told.exit_code, told.stderr[:11]) == (2, "Superseded:")
    assert phone(store).value == "2"


@pytest.mark.parametrize(
    "words",
    [
        ["decide"],
        ["decide", "x"],
        ["decide", "x", "--keep", "kept", "--value", "1"],
        ["decide", "x", "--keep", "kept"],
    ],
)
def test_a_wrong_order_is_refused_and_decides_nothing(tmp_path: Path, store: Store, words: list[str]):
    assert conflicts(tmp_path, *words).exit_code == 2
    assert only(store).open


def test_a_value_that_the_entity_does_not_take_is_refused(tmp_path: Path, store: Store):
    told = conflicts(tmp_path, "decide", only(store).id, "--value", "1" * 500)

    assert told.exit_code == 2
    assert "Nothing was written" in told.stderr
    assert only(store).open


def test_where_no_hub_is_it_says_so(tmp_path: Path):
    assert "there is no hub here" in conflicts(tmp_path).stderr
