"""A few thousand mutated requests; `python -m benchmarks.mutations` makes a hundred thousand."""

from __future__ import annotations

import pytest

from tests.push.mutations import STATUSES, Mutations

pytestmark = pytest.mark.anyio


async def test_no_mutated_request_breaks_a_door_and_nothing_bad_is_queued():
    tally = await Mutations(seed=5).run(3_000)

    assert tally.wrong == []
    assert set(tally.statuses) == STATUSES, "each way out was taken"
    assert tally.queued > 400, "the sound ones still come through"
