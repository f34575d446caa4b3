from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.systems.salesforce.ids import canonical, record_id, to_18

SHORT = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@pytest.mark.parametrize(
    "long", ["0015c00002aBcDeAAK", "003D000000QV9n2IAD", "00530000009M943AAC", "001000000000000AAA"]
)
def test_the_suffix_says_which_letters_are_capitals(long):
    assert to_18(long[:15]) == long


@settings(deadline=None)
@given(SHORT)
def test_both_lengths_name_the_same_record(short):
    assert canonical(short) == canonical(to_18(short)) == to_18(short)


@settings(deadline=None)
@given(SHORT)
def test_a_long_id_that_lost_its_case_is_understood(short):
    assert canonical(to_18(short).lower()) == canonical(to_18(short).upper()) == to_18(short)


@pytest.mark.parametrize(
    "text", ["", "001", "0015c00002aBcDeAA", "0015c00002aBcD-", "0015c00002aBcDeAA!", "ü" * 15]
)
def test_what_is_no_id_has_no_canonical_form(text):
    assert canonical(text) is None


def test_a_suffix_that_contradicts_its_letters_is_no_id():
    assert canonical("0015c00002aBcDe" + "ABB") is None


@settings(deadline=None)
@given(st.integers(0, 62**9), st.integers(0, 62**9))
def test_later_numbers_make_later_ids(one, two):
    assert (record_id("003", one) < record_id("003", two)) == (one < two)
