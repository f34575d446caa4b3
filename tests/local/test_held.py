"""The command that lets a held run go on, or has it forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from local.__main__ import made
from local.up.directory import Directory
from shared.adapters.store import Store
from shared.model.change import Row
from shared.model.records import Waiting

HERE = ("salesforce", "account")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A hub's, that holds three rows."""
    store = Store(Directory(tmp_path).store_url)
    store.migrate()
    rows = [Row("1", {}, 1, deleted=True), Row("2", {}, 1, deleted=True), Row("3", {"phone": None}, 1)]
    store.transact_now(lambda tx: tx.hold(*HERE, rows, 1))
    yield store
    store.close()


def held(tmp_path: Path, *words: str) -> Result:
    return CliRunner().invoke(made(["held", "touch"]), ["held", *words, "--data", str(tmp_path)])


def test_it_lists_what_is_held(tmp_path: Path, store: Store):
    told = held(tmp_path)

    assert told.exit_code == 0
    assert told.stdout.split() == ["system", "entity", "deleted", "emptied", *HERE, "2", "1"]


@pytest.mark.parametrize("action, left", [("approve", 3), ("discard", 0)])
def test_it_decides_and_says_who(tmp_path: Path, store: Store, action: str, left: int):
    told = held(tmp_path, action, *HERE, "--by", "olga")

    assert (told.exit_code, "3 rows of account from salesforce" in told.stdout) == (0, True)
    assert store.transact_now(lambda tx: tx.waiting_rows()) == []
    assert len(store.transact_now(lambda tx: tx.released_rows(*HERE, 9))) == left
    (entry,) = store.transact_now(lambda tx: tx.history("account", "salesforce"))
    assert entry.cause == "olga"
    assert held(tmp_path).stdout == "Nothing is held.\n"


@pytest.mark.parametrize(
    "words, why",
    [
        (("approve", "salesforce"), "say of what"),
        (("approve", "lms", "account"), "Nothing of account from lms is held"),
        (("burn",), "burn"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_decided(
    tmp_path: Path, store: Store, words: tuple[str, ...], why: str
):
    refused = held(tmp_path, *words)

    assert refused.exit_code == 2
    assert why in refused.stderr
    assert store.transact_now(lambda tx: tx.waiting_rows()) == [Waiting(*HERE, deletes=2, blanks=1)]


def test_a_directory_without_a_hub_is_refused(tmp_path: Path):
    refused = held(tmp_path / "elsewhere")

    assert refused.exit_code == 2
    assert "there is no hub here" in refused.stderr
