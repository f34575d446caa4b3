"""A thousand edits on both sides, many of one field between the same two polls, in whatever order they come.

Both sides and golden end equal, as the policy says; each conflict is in the table once; what had to travel is
written once, and nothing else. `python -m benchmarks.meetings` plays as many orders as you like.
"""

from __future__ import annotations

import pytest

from tests.flows.meetings import PAIRS, POLICIES, meet

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("pair", PAIRS)
async def test_all_end_equal_as_the_policy_says(pair: str, policy: str, seed: int):
    await meet(pair, policy, seed)
