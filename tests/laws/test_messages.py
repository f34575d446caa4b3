"""Change sets on the wire: what was said is heard, and what is no change set is refused, never more."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.change import ChangeSet
from shared.model.errors import InvalidChange
from shared.pipeline.messages import CHANGES, LARGEST, decode, encode, parts

names = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=64)
ids = st.uuids().map(str)
junk = st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=9), st.lists, max_leaves=6)
change_sets = st.builds(
    ChangeSet,
    entity=names,
    source=names,
    ids=st.lists(ids, min_size=1, max_size=5).map(tuple),
    target=st.none() | names,
    cause=names,
    attempt=st.integers(0, 20),
    waits=st.integers(0, 20),
    since=st.integers(0, 2**53),
    fields=st.lists(names, max_size=3).map(tuple),
    trace=st.none() | st.text(max_size=64),
)


@given(change_sets, ids)
def test_what_was_said_is_heard(change, message_id):
    message = encode(change, message_id)
    assert decode(message.body) == change
    assert (message.destination, message.id) == (CHANGES, message_id)


@given(change_sets, ids)
def test_the_rules_of_subscriptions_see_whom_it_is_for(change, message_id):
    properties = dict(encode(change, message_id).properties)
    assert properties.pop("target", None) == change.target
    assert properties == {"entity": change.entity, "source": change.source}


@given(st.binary(max_size=80) | junk.map(orjson.dumps))
def test_any_other_bytes_are_refused_and_nothing_else_happens(body):
    with pytest.raises(InvalidChange) as refusal:
        decode(body)
    assert refusal.value.reason == "MalformedMessage"


@given(st.lists(st.integers(0, 2**64).map(lambda number: str(UUID(int=number))), max_size=30))
def test_ids_are_parted_without_loss(some):
    many = some * 300
    parted = parts(many)
    assert [each for part in parted for each in part] == many
    assert all(0 < len(part) <= LARGEST for part in parted)
