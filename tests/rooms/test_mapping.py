"""The ERP's mapping: a mistake is refused at the start, with its line and what would be right."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from functions.erp.connection import connect
from functions.erp.mapping import load, parse
from functions.erp.settings import MAPPING
from shared.model.errors import Misconfigured

SOUND = """
entities:
  account:
    table: customers
    key: [id]
    version: row_version
    detect: {by: flag, column: status}
    fields:
      name: {column: name, longest: 100}
      credit_limit: {column: limit, scale: 2}
      on_hold: {column: blocked, kind: flag}
  contact:
    table: contacts
    key: [id]
    fields:
      account: {column: customer}
      last_name: {column: name, longest: 80}
"""


def test_a_sound_mapping_is_taken():
    assert set(parse(SOUND).entities) == {"account", "contact"}


def test_the_mapping_that_comes_with_the_room_is_sound():
    assert "price_list_item" in load(MAPPING).entities


@pytest.mark.parametrize(
    "line, wrong, said",
    [
        ("  account:", "  acount:", ":3: entities.acount: no such entity; there are account, contact"),
        (
            "table: customers",
            "tabel: customers",
            ":4: entities.account.tabel: unknown key; did you mean table",
        ),
        (
            "table: customers",
            "query: SELECT 1",
            ":7: entities.account.detect.by: a flag is cleared, and a query",
        ),
        ("table: contacts", "external_id: hub", ":12: entities.contact: write table or query, one of them"),
        ("version: row_version", "stamp: at", "name its version"),
        ("by: flag, column", "by: flg, column", "'flg' is not one of flag, modified, shadow"),
        (
            "by: flag, column: status",
            "by: modified",
            ":7: entities.account.detect: by modified needs a column",
        ),
        ("by: flag", "most: 5, by: flag", ":7: entities.account.detect.most: is for shadow, which reads all"),
        ("name, longest: 100", "name", ":9: entities.account.fields.name: a text needs longest"),
        ("limit, scale: 2", "limit, kind: amount", "credit_limit: an amount needs scale"),
        (
            "blocked, kind: flag",
            "blocked, kind: choice",
            "a choice needs choices, such as {Open: O, Paid: P}",
        ),
        (
            "credit_limit:",
            "limit:",
            ":10: entities.account.fields.limit: account has no field 'limit'; it has",
        ),
        ("blocked, kind: flag", "blocked, kind: reference", "on_hold is no reference"),
        ("column: customer}", "column: customer, longest: 9, kind: text}", "account refers to account"),
        (
            "last_name:",
            "first_name:",
            ":15: entities.contact.fields: contact means nothing without last_name",
        ),
        ("column: customer}", "column: no}", ":16: entities.contact.fields.account.column: write a word"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_what_would_be_right(line: str, wrong: str, said: str):
    assert line in SOUND

    with pytest.raises(Misconfigured) as raised:
        parse(SOUND.replace(line, wrong))

    assert said in raised.value.description


@pytest.mark.parametrize(
    "deletes, said",
    [
        ("{by: column}", "by column needs a column"),
        ("{by: table, table: gone}", "by table needs table, key and at"),
        ("{by: table, table: gone, at: at, key: [a, b]}", "write 1 columns, as the key has"),
        ("{by: shadow, every: soon}", "write a duration such as 30s, 5m, 2h or 1d"),
    ],
)
def test_how_deleted_rows_are_known_is_checked(deletes: str, said: str):
    with pytest.raises(Misconfigured, match=said):
        parse(SOUND.replace("    version:", f"    deletes: {deletes}\n    version:"))


def test_all_mistakes_are_said_at_once():
    with pytest.raises(Misconfigured) as raised:
        parse(SOUND.replace(", longest: 100", "").replace(", scale: 2", ", kind: amount"))

    assert len(raised.value.description.splitlines()) == 2


def test_a_mapping_that_is_not_there_stops_the_start(tmp_path: Path):
    environment = {"ERP_DATABASE_URL": "sqlite://", "ERP_MAPPING": str(tmp_path / "nowhere.yaml")}

    with pytest.raises(Misconfigured, match=r"nowhere\.yaml: cannot be read"):
        connect("erp", environment=environment, transport=None, clock=lambda: 0, random=Random(1))


@pytest.mark.parametrize(
    "line, wrong, said",
    [
        ("limit, scale: 2", "name, scale: 2", "native fields twice in the table: name"),
        ("limit, scale: 2", 'limit, scale: 2, absent: "1.234"', "credit_limit would read '1.23'"),
    ],
)
def test_what_a_translation_refuses_stops_the_start_as_well(tmp_path: Path, line: str, wrong: str, said: str):
    path = tmp_path / "mine.yaml"
    path.write_text(SOUND.replace(line, wrong), encoding="utf-8")
    environment = {"ERP_DATABASE_URL": "sqlite://", "ERP_MAPPING": str(path)}

    with pytest.raises(Misconfigured, match=r"mine\.yaml: ") as raised:
        connect("erp", environment=environment, transport=None, clock=lambda: 0, random=Random(1))

    assert said in raised.value.description
