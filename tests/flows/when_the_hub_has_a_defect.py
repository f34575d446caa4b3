"""Code of ours that meets what it did not expect: it costs the record that it meets, and no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from shared.model.change import Applied, Write
from shared.model.golden import Value
from shared.pipeline.ports import Connection, Target, Translation
from tests.flows.office import Office

pytestmark = pytest.mark.anyio


class Fragile:
    """A translation with a bug that one value brings out."""

    def __init__(self, translation: Translation) -> None:
        self._translation = translation
        self.fields, self.references = translation.fields, translation.references
        self.shifting = translation.shifting

    def normal(self, field: str, value: Value) -> Value:
        if value == "Acme 3":
            raise KeyError(value)
        return self._translation.normal(field, value)

    def complete(self, values: Mapping[str, Value]) -> None:
        self._translation.complete(values)


class Stumbling:
    """A target with a bug: some of its answers are read wrongly."""

    def __init__(self, target: Target, times: int) -> None:
        self._target, self._left = target, times
        self.read, self.find = target.read, target.find

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        applied = await self._target.apply(entity, writes)
        self._left -= 1
        if self._left >= 0:
            raise IndexError("Acme 3")
        return applied


def swap(office: Office, connection: Connection) -> None:
    hub = office.world.hub
    office.world.hub = replace(hub, connections={**hub.connections, "lms": connection})


def fill(office: Office) -> None:
    for number in range(10):
        office.sales.create("Account", AccountNumber=f"A-{number}", Name=f"Acme {number}")


async def test_a_record_that_brings_out_a_bug_is_a_dead_letter_after_few_tries_and_costs_the_others_nothing(
    office: Office,
):
    connection = office.world.hub.connections["lms"]
    fragile = {**connection.translations, "account": Fragile(connection.translations["account"])}
    swap(office, replace(connection, translations=fragile))
    fill(office)

    await office.world.round()
    assert len(office.world.rows("lms", "companies")) == 9

    await office.world.settle()
    letter = office.letter()
    assert (letter.target, letter.reason) == ("lms", "Defect")
    assert letter.description.startswith(
        "a defect of ours: KeyError in normal, when_the_hub_has_a_defect.py:"
    )
    assert "Acme" not in letter.description


async def test_after_a_bug_in_a_call_its_records_are_read_back_and_none_is_made_twice(office: Office):
    connection = office.world.hub.connections["lms"]
    swap(office, replace(connection, target=Stumbling(connection.target, times=2)))
    fill(office)

    await office.settle()

    assert len(office.world.rows("lms", "companies")) == 10
    assert office.letters() == []
