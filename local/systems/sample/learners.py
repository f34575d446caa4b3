"""Who learns: registrations, purchases and results in the LMS, some of people whom Salesforce knows.

| of ten registrations | who                                                                              |
|----------------------|----------------------------------------------------------------------------------|
| two                  | contacts of Salesforce, under their address                                       |
| one                  | an employee, of whom Salesforce hears nothing                                     |
| one                  | who has registered before, under the same address in capitals, if anybody has     |
| six                  | people whom nobody knows: of a customer, a vendor or a partner                    |

Each has up to two purchases and three results; some are older than the registration, as after an import.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from local.systems.lms.shape import ACTIVE, LEARNERS, PURCHASES, RESULTS, Shape
from local.systems.lms.stamp import stamp
from local.systems.sample.people import YEARS, People

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from random import Random

    from local.systems.system import Row

SHARE = 0.08
"""Registrations, of the number of records in Salesforce."""

_KINDS = ("contact", "new", "new", "staff", "new", "new", "contact", "again", "new", "new")
_COURSES = (
    "First Aid",
    "Forklift Licence",
    "Welding, Basics",
    "Working at Heights",
    "Export Control",
    "Sales II",
)
_OUTCOMES = ("enrolled", "in_progress", "passed", "passed", "failed")
_DONE = frozenset({"passed", "failed"})

Values = dict[str, str | int | None]


class Learners:
    def __init__(self, random: Random, now: datetime) -> None:
        self._random, self._now = random, now
        self._people = People(random, now)
        self._numbers = {shape.path: count(1) for shape in (LEARNERS, PURCHASES, RESULTS)}

    def of(self, number: int, contacts: list[Row]) -> dict[str, list[Row]]:
        """So many registrations, some of these contacts; rows by LMS resource, learners first."""
        learners = list(self._registered(number, iter(contacts)))
        return {
            LEARNERS.path: learners,
            PURCHASES.path: [self._purchase(each) for each in self._some(learners, 2)],
            RESULTS.path: [self._result(each) for each in self._some(learners, 3)],
        }

    def _registered(self, number: int, contacts: Iterator[Row]) -> Iterator[Row]:
        before: Row | None = None
        for turn in range(number):
            kind = _KINDS[turn % len(_KINDS)]
            contact = next(contacts, None) if kind == "contact" else None
            if kind == "again" and before is not None:
                yield self._row(LEARNERS, "L", _again(before))
                continue
            row = self._row(LEARNERS, "L", self._person(contact, staff=kind == "staff"))
            before = row if kind == "new" else before
            yield row

    def _person(self, contact: Row | None, *, staff: bool) -> Values:
        person = contact or self._people.lead()
        audience = "staff" if staff else self._random.choice(("customer", "customer", "vendor", "partner"))
        return {
            "first_name": person["FirstName"],
            "last_name": person["LastName"],
            "email": person["Email"].replace(".lead.example", ".learns.example"),
            "phone": person["Phone"],
            "company_name": person.get("Company"),
            "audience": audience,
        }

    def _purchase(self, learner: Row) -> Row:
        random = self._random
        values: Values = {
            "learner_id": learner["id"],
            "course": random.choice(_COURSES),
            "quantity": random.choice((1, 1, 1, 2, 5)),
            "amount": f"{random.randrange(4900, 129900) / 100:.2f}",
            "currency": random.choice(("EUR", "USD", "GBP")),
            "state": random.choice(("ordered", "paid", "paid", "refunded")),
            "purchased_on": self._day(),
        }
        return self._row(PURCHASES, "P", values)

    def _result(self, learner: Row) -> Row:
        outcome = self._random.choice(_OUTCOMES)
        done = outcome in _DONE
        values: Values = {
            "learner_id": learner["id"],
            "course": self._random.choice(_COURSES),
            "outcome": outcome,
            "grade": f"{self._random.randrange(10, 60) / 10:.1f}" if done else None,
            "completed_on": self._day() if done else None,
        }
        return self._row(RESULTS, "R", values)

    def _some(self, learners: list[Row], most: int) -> Iterator[Row]:
        return (each for each in learners for _ in range(self._random.randint(0, most)))

    def _row(self, shape: Shape, letter: str, values: Values) -> Row:
        number = next(self._numbers[shape.path])
        created = self._now - YEARS * self._random.random()
        changed = created + (self._now - created) * self._random.random()
        stamps = {"created_at": stamp(created), "updated_at": stamp(changed)}
        named = {**dict.fromkeys(shape.fields), "number": f"{letter}-{number:06}"}
        return {"id": number, **named, **values, "status": ACTIVE, **stamps}

    def _day(self) -> str:
        return (self._now - timedelta(days=self._random.randrange(730))).date().isoformat()


def _again(before: Row) -> Values:
    """The same person, who does not remember having an account."""
    kept = ("first_name", "last_name", "phone", "company_name", "audience")
    return {"email": before["email"].upper(), **{name: before[name] for name in kept}}
