"""Natural keys: spelling does not split a record, and a part that is missing is no key."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.model.keys import fold, golden_id, keyless_id, natural_key

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20)


@given(scalars)
def test_folding_a_key_twice_is_folding_it_once(value):
    assert fold(fold(value)) == fold(value)


@given(st.text(max_size=20))
def test_blanks_case_and_composition_do_not_split_a_record(value):
    spelled = f"  {unicodedata.normalize('NFD', value)}\t"
    assert fold(spelled) == fold(value)


@given(st.lists(scalars, min_size=1, max_size=3))
def test_a_key_has_all_its_parts_or_is_none(parts):
    names = [f"f{number}" for number in range(len(parts))]
    key = natural_key(names, dict(zip(names, parts, strict=True)))
    assert (key is None) == any(not fold(part) for part in parts)


@given(st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=2))
def test_parts_do_not_run_into_each_other(parts):
    one = natural_key(["a", "b"], {"a": parts[0], "b": parts[1]})
    other = natural_key(["a", "b"], {"a": parts[0] + parts[1], "b": parts[1]})
    assert one is None or one != other


@given(st.text(min_size=1), st.integers(0, 3), st.integers(0, 3))
def test_a_key_that_is_used_again_names_another_record(key, one, other):
    assert (golden_id("contact", key, one) == golden_id("contact", key, other)) == (one == other)
    assert str(UUID(golden_id("contact", key, one))) == golden_id("contact", key, one)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_record_without_a_key_is_known_by_where_it_was_first_seen(system, native):
    assert keyless_id("contact", system, native) == keyless_id("contact", system, native)
    assert keyless_id("contact", system, native) != keyless_id("contact", system, native + "1")
