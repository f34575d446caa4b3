"""The tables of settings are what the classes say, and no variable that is read is left out."""

from __future__ import annotations

import re

import pytest

from shared.settings import BUS
from tests.docs.pages import DOCS
from tests.docs.reasons import modules
from tests.docs.tables import MADE, PAGE, TABLES, made

TEXT = PAGE.read_text("utf-8")


def test_the_tables_are_what_the_code_says():
    assert made(TEXT) == TEXT, "write them anew: python -m tests.docs.tables"


def test_every_class_of_settings_has_its_table():
    classes = {str(each.relative_to(DOCS.parent)) for each in modules() if each.name == "settings.py"}

    assert {found[2] for found in MADE.finditer(TEXT)} == set(TABLES) == classes


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_setting_says_what_it_means(name: str):
    lines = TABLES[name]().splitlines()[2:]

    assert all(line.split("|")[3].strip() for line in lines)


def test_every_variable_of_a_trigger_is_explained():
    named = {
        name
        for module in modules()
        if module.name == "triggers.py"
        for name in re.findall(r"%(\w+)%", module.read_text("utf-8"))
    }

    assert named
    assert [name for name in (*named, BUS) if f"`{name}`" not in TEXT] == []
