"""The quotes of a sample: the same for the same seed, for customers that every system takes."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from local.systems.dataverse import Credentials, Dataverse, Options
from local.systems.dataverse.wishes import wishes_in
from local.systems.rows import Rows
from local.systems.sample.customers import make_customers
from local.systems.sample.quotes import make_quotes
from tests.systems.clock import StillClock

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
CUSTOMERS = make_customers("crm", 400, 7, NOW)
QUOTES = make_quotes("crm", CUSTOMERS, 7, NOW)


def test_the_same_seed_gives_the_same_quotes():
    assert make_quotes("crm", CUSTOMERS, 7, NOW) == QUOTES
    assert make_quotes("crm", CUSTOMERS, 8, NOW) != QUOTES
    assert make_quotes("crm", make_customers("crm", 0, 7, NOW), 7, NOW) == []


def test_quotes_are_for_customers_that_nothing_is_wrong_with_and_ask_for_something():
    strange = {key for keys in (*CUSTOMERS.defects.values(), *CUSTOMERS.oddities.values()) for key in keys}
    asked = [row["_customerid_value"] for row in QUOTES]

    assert not strange & set(asked)
    assert len(set(asked)) == len(asked) > 10
    assert all(wishes_in(row["description"]) for row in QUOTES)
    assert 0 < sum("expireson" in row for row in QUOTES) < len(QUOTES) / 2


def test_an_environment_takes_them():
    system = Dataverse(Rows(), StillClock(NOW), Random(1), Options(Credentials("client", "secret")), "crm")
    system.load("account", CUSTOMERS.tables["account"])

    assert system.load("quote", QUOTES) == len(QUOTES)
    assert {row["statecode"] for row in system.records("quote")} == {0}
