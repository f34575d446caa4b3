"""A thousand edits on both sides, many of one field between the same two polls, in whatever order they come.

Both sides and golden end equal, as the policy says; each conflict is in the table once; what had to travel is
written once, and nothing else. `python -m benchmarks.meetings` plays as many orders as you like.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.flows.crowd import POLICIES, crowd
from tests.flows.office import Office

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize("policy", POLICIES)
async def test_all_end_equal_as_the_policy_says(office_with: Callable[..., Office], policy: str, seed: int):
    await crowd(office_with, policy, seed).play()
