"""The LMS is given a country where nobody has said one: it is kept there alone, and is nobody's edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from shared.model.golden import Value
from shared.pipeline.ports import Translation
from tests.flows.office import ACME, Office, to_lms, topology

pytestmark = pytest.mark.anyio

Open = Callable[..., Office]


class Giving:
    """A translation that has Germany for nothing."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self.fields, self.references = translation.fields, translation.references
        self.shifting = translation.shifting

    def normal(self, field: str, value: Value) -> Value:
        given = "DE" if field == "country" else None
        return self._translation.normal(field, value) or given

    def complete(self, values: Mapping[str, Value]) -> None:
        self._translation.complete(values)


@pytest.fixture
def office(office_with: Open) -> Office:
    office = office_with(topology(to_lms("account", "watch: true")))
    lms = office.world.hub.connections["lms"]
    translations = {**lms.translations, "account": Giving(lms.translations["account"])}
    connections = {**office.world.hub.connections, "lms": replace(lms, translations=translations)}
    office.world.hub = replace(office.world.hub, connections=connections)
    return office


async def test_it_is_given_to_a_new_record_and_goes_nowhere_else(office: Office):
    account = office.sales.create("Account", **ACME)

    await office.settle()

    assert office.school.company("A-1")["country"] == "DE"
    assert office.sales.row(account).get("BillingCountry") is None


async def test_it_is_written_once(office: Office):
    office.sales.create("Account", **ACME)

    for _ in range(3):
        await office.settle()

    assert len(office.writes()) == 1
    assert office.world.hub.store.transact_now(lambda tx: tx.conflicts("account")) == []


async def test_what_is_known_counts(office: Office):
    account = office.sales.create("Account", **ACME, BillingCountry="AT")
    await office.settle()
    assert office.school.company("A-1")["country"] == "AT"

    office.sales.change(account, BillingCountry="FR")
    await office.settle()
    assert office.school.company("A-1")["country"] == "FR"


async def test_a_field_that_is_emptied_gets_it_again(office: Office):
    account = office.sales.create("Account", **ACME, BillingCountry="AT")
    await office.settle()

    office.sales.change(account, BillingCountry=None)
    await office.settle()

    assert office.school.company("A-1")["country"] == "DE"
    assert office.letters() == []
