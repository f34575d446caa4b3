"""Personal values stay in the store and in the systems: no message, and no dead letter, carries one."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from local.systems.lms import Lms
from local.systems.sample import Sample, make_sample
from tests.flows.office import Office

pytestmark = pytest.mark.anyio

PERSONAL = ("FirstName", "LastName", "Email", "Phone")
TROUBLE = ("throttle", "lock", "error", "drop", "drop_after_write", "reject_records")
SHORT = 4
"""A name of so few letters may stand in any word."""


def fill(office: Office, sample: Sample) -> None:
    for name, rows in sample.salesforce.items():
        office.sales.load(name, rows)
    lms = office.world.systems["lms"].system
    assert isinstance(lms, Lms)
    for name, rows in sample.lms.items():
        lms.load(name, rows)


def personal(sample: Sample) -> set[str]:
    people = [row for name in ("Contact", "Lead") for row in sample.salesforce[name]]
    values = {str(row[field]).strip() for row in people for field in PERSONAL if row.get(field)}
    return {value for value in values if len(value) > SHORT}


def twins(sample: Sample) -> set[str]:
    """The ids of rows that share their address with another of their kind."""
    kinds = [sample.salesforce["Contact"], sample.salesforce["Lead"]]
    found: set[str] = set()
    for rows in kinds:
        count = Counter(row.get("Email") for row in rows)
        found |= {row["Id"] for row in rows if row.get("Email") and count[row["Email"]] > 1}
    return found


async def run(office: Office, sample: Sample) -> None:
    """A sample with all its defects, through an LMS in every sort of trouble; then some edits."""
    fill(office, sample)
    for number, kind in enumerate(TROUBLE):
        office.world.fault("lms", kind, share=0.05, count=5, seed=number)
    await office.settle()
    for row in Random(5).sample(sample.salesforce["Contact"], 40):
        office.sales.force(row["Id"], Title="Chief of something else", Phone="+49 731 31415926")
    await office.settle()


async def test_no_message_and_no_dead_letter_carries_a_personal_value(office: Office):
    sample = make_sample(600, 5, office.world.time.at)
    await run(office, sample)
    texts = [message.body.decode() + repr(message.properties) for message in office.world.sent]
    assert len(texts) > 20
    letters = office.letters()
    assert len({letter.reason for letter in letters}) >= 5
    texts += [repr(letter) for letter in letters]

    assert [value for value in personal(sample) if any(value in text for text in texts)] == []


async def test_every_sound_record_of_the_sample_arrives_and_every_defect_is_a_dead_letter(office: Office):
    sample = make_sample(600, 5, office.world.time.at)
    fill(office, sample)

    await office.settle()

    struck = {key for keys in sample.defects.values() for key in keys}
    sound = {row["Id"] for rows in sample.salesforce.values() for row in rows} - struck
    assert len(office.letters()) == len(struck)
    tallies = [office.tally(entity, "dead_lettered") for entity in ("account", "contact", "lead")]
    assert sum(tallies) == len(struck)
    arrived = {key for key in sound | struck if office.arrived(key)}
    assert len(arrived) == len(sound)
    assert arrived - twins(sample) == sound - twins(sample), "of two with one address the older one arrives"
