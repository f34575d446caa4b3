"""What all rooms say of their fields: a form is reached in one step, and read back as it was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from shared.model import amounts
from shared.model.entities import AMOUNT, DAY, ENTITIES
from shared.model.errors import Untranslatable
from shared.model.field import Kind
from shared.model.golden import Value
from shared.model.translation import Translation
from tests.rooms.translations import EVERY

FIELDS = [
    pytest.param(translation, field, id=f"{translation.system}.{translation.entity}.{field}")
    for translation in EVERY
    for field in sorted(translation.fields - translation.references.keys())
]
CHOICES = ("Web", " web ", "PHONE INQUIRY", "Trade Show", "Other", "Purchased List", "Paid", "hot", "COLD ")
ODD = ("İ", "ß@x.EXAMPLE", "a\r\nb", "\x1f", "ǅ")
texts = some.text(max_size=90) | some.sampled_from(CHOICES) | some.sampled_from(ODD)

few = settings(max_examples=25)  # for each of the fields, which are many


@pytest.mark.parametrize("translation, field", FIELDS)
@few
@given(value=some.none() | texts)
def test_a_normal_form_is_its_own_normal_form(translation: Translation, field: str, value: str | None):
    fits, form = formed(translation, field, value)
    assert not fits or formed(translation, field, form) == (True, form)


@pytest.mark.parametrize("translation, field", FIELDS)
@few
@given(drawn=some.data())
def test_what_was_written_reads_back_as_its_normal_form(
    translation: Translation, field: str, drawn: some.DataObject
):
    """Else every poll would take our own write for an edit."""
    fits, form = formed(translation, field, drawn.draw(likely(translation.entity, field)))
    if fits:
        values, refused = translation.to_canonical(translation.from_canonical({field: form}))
        assert values[field] == form, refused


@pytest.mark.parametrize("translation, field", FIELDS)
def test_nothing_stays_nothing_or_is_what_stands_for_it_there(translation: Translation, field: str):
    line = next(each for each in translation.table if each.canonical == field)
    nothing = translation.normal(field, None)
    assert (nothing, translation.normal(field, nothing)) == (line.absent, line.absent)
    if line.kind not in {Kind.DAY, Kind.FLAG}:  # what holds no text, the entity itself checks
        assert formed(translation, field, "   ")[1] in {None, nothing}


def formed(translation: Translation, field: str, value: Value) -> tuple[bool, Value]:
    try:
        return True, translation.normal(field, value)
    except Untranslatable:
        return False, None


def likely(entity: str, field: str) -> some.SearchStrategy[Any]:
    """Values that the entity may hold in this field, and for texts any."""
    said = ENTITIES[entity].model.model_json_schema()["properties"][field]
    kinds = [said, *said.get("anyOf", ())]
    if any(each.get("type") == "boolean" for each in kinds):
        return some.booleans()
    if any(each.get("pattern") == DAY for each in kinds):
        return some.dates().map(str)
    if any(each.get("pattern") == AMOUNT for each in kinds):
        return some.decimals(-(10**9), 10**9, places=6).map(amounts.plain)
    return texts
