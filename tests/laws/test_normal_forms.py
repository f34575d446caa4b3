"""What both rooms say of their fields: a form is reached in one step, and read back as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.lms.translate import TRANSLATIONS as LMS
from functions.salesforce.translate import PRIVATE
from functions.salesforce.translate import TRANSLATIONS as SALESFORCE
from shared.model.entities import ENTITIES
from shared.model.errors import InvalidChange, Untranslatable
from shared.model.golden import Value
from shared.model.translation import Translation

FIELDS = [
    pytest.param(room[entity], field, id=f"{room[entity].system} {entity}.{field}")
    for room in (SALESFORCE, LMS)
    for entity in room
    for field in sorted(room[entity].fields - room[entity].references.keys() - {*ENTITIES[entity].days})
]
DAYS = [
    pytest.param(room[entity], field, id=f"{room[entity].system} {entity}.{field}")
    for room in (SALESFORCE, LMS)
    for entity in room
    for field in sorted(room[entity].fields & {*ENTITIES[entity].days})
]
"""Days have one form, which the entity itself checks."""
CHOICES = ("Web", " web ", "PHONE INQUIRY", "Trade Show", "Other", "Purchased List", "hot", "Warm", "COLD ")
texts = (
    st.text(max_size=90)
    | st.sampled_from(CHOICES)
    | st.sampled_from(("İ", "ß@x.EXAMPLE", "a\r\nb", "\x1f", "ǅ"))
)


def formed(room: Translation, field: str, value: Value) -> tuple[bool, Value]:
    try:
        return True, room.normal(field, value)
    except Untranslatable:
        return False, None


@pytest.mark.parametrize("room, field", FIELDS)
@given(texts)
def test_a_normal_form_is_its_own_normal_form(room, field, value):
    fits, form = formed(room, field, value)
    assert not fits or formed(room, field, form) == (True, form)


@pytest.mark.parametrize("room, field", FIELDS)
@given(texts)
def test_what_is_written_reads_back_as_its_normal_form(room, field, value):
    fits, form = formed(room, field, value)
    if not fits:
        return
    wire = room.from_canonical({field: form})
    try:
        values, refused = room.to_canonical(wire)
    except InvalidChange:
        return
    assert values.get(field, form) == form, refused


@pytest.mark.parametrize("room, field", DAYS)
@given(st.dates())
def test_a_day_is_written_and_read_as_it_is(room, field, date):
    day = date.isoformat()
    assert room.normal(field, day) == day
    assert room.to_canonical(room.from_canonical({field: day}))[0][field] == day


@pytest.mark.parametrize("room, field", FIELDS)
def test_nothing_stays_nothing_or_is_what_stands_for_it_there(room, field):
    nothing = room.normal(field, None)
    assert nothing is None or (nothing, room.normal(field, nothing)) == (PRIVATE, PRIVATE)
    assert formed(room, field, "   ")[1] in {None, nothing}
