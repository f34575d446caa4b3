"""A system that mangles what is written to it is a question after three writes; people never are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.histories.people import People
from tests.histories.stage import Setting, Stage
from tests.histories.topologies import topology
from tests.world import World

COMPANY = {"name": "Aurora", "phone": "0", "number": "N1"}


class Days:
    """Rounds of work, with somebody or something at it between them."""

    def __init__(self, shape: str) -> None:
        self.stage = Stage(Setting(1, topology(shape, "deactivate", "read")))
        self.people = People(self.stage)
        self.people.create("salesforce", "account", "aurora", COMPANY, None)

    @property
    def world(self) -> World:
        return self.stage.world

    def pass_by(self, count: int, happen: Callable[[int], object]) -> None:
        asyncio.run(self._pass_by(count, happen))

    async def _pass_by(self, count: int, happen: Callable[[int], object]) -> None:
        await self.world.settle()
        for number in range(count):
            self.stage.time.pass_by(61.0)
            happen(number)
            await self.world.settle()

    def phone(self, value: str, system: str = "lms") -> None:
        self.people.edit(system, "account", "aurora", {"phone": value}, None)

    def written(self) -> int:
        return sum(call["method"] == "PATCH" for call in self.world.calls("lms"))

    def reasons(self) -> list[str]:
        return [letter.reason for letter in self.world.dead_letters()]


def test_a_system_that_mangles_a_field_is_written_to_three_times_and_no_more():
    days = Days("watched")
    days.pass_by(8, lambda _: days.phone("+49 (0)"))
    assert days.reasons() == ["Unstable"]
    assert days.written() == 3


def test_two_systems_that_mangle_each_in_its_own_way_do_not_go_on_for_ever():
    days = Days("two-way")

    def mangle(_: int) -> None:
        for system, form in (("salesforce", str.upper), ("lms", str.lower)):
            native = days.people.native(system, "aurora")
            seen = days.people.seen(system, "account", native) or {}
            days.phone(form(str(seen["phone"])), system)

    days.people.edit("salesforce", "account", "aurora", {"phone": "Ab"}, None)
    days.pass_by(12, mangle)
    assert "Unstable" in days.reasons()
    assert days.written() <= 5


@pytest.mark.parametrize("shape", ["watched", "two-way"])
def test_people_who_change_their_mind_again_and_again_are_no_mangling(shape: str):
    days = Days(shape)
    days.pass_by(8, lambda number: days.phone(f"{number}", ("lms", "salesforce")[number % 2]))
    assert days.reasons() == []


def test_somebody_who_keeps_changing_what_another_system_owns_is_overruled_each_time():
    days = Days("watched")
    days.pass_by(8, lambda number: days.phone(f"+{number}"))
    assert (days.reasons(), days.written()) == ([], 8)
    native = days.people.native("lms", "aurora")
    assert (days.people.seen("lms", "account", native) or {})["phone"] == "0"


def test_a_field_that_is_switched_to_and_fro_is_stable():
    days = Days("one-way")
    days.pass_by(8, lambda number: days.phone(str(number % 2), "salesforce"))
    assert days.reasons() == []
