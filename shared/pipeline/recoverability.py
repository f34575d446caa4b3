"""What follows an error: one pure function decides, and delivery obeys.

Transient       RetryAt      exponential back-off with jitter, until the attempts are used up
Exhausted       Hold         the system's calls are used up: all wait, and no attempt is counted
NotYet          RetryAt      the same, until the flow's patience with parents ends (ten times that patience
                             where the hub knows the parent and is still bringing it)
Permanent       DeadLetter   at once
Misconfigured   Pause        no record is at fault: the flow stops and someone is told
Defect          RetryAt      a bug: few retries, then a dead letter
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from shared.model.errors import (
    Defect,
    Exhausted,
    IntegrationError,
    Misconfigured,
    NotYet,
    Throttled,
    Transient,
)

SECOND = 1_000_000
ON_ITS_WAY = 10
"""How much longer a parent is waited for that is on its way: a crash, a throttled or a paused target delays
it, and that is no fault of its children. Not for ever, for nobody would be told."""

DOUBLINGS = 64
"""The longest wait is reached long before; a power of more doublings may be none that a float holds."""


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Look at the record again after so many seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """It needs a person."""

    error: IntegrationError


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing of this system can succeed: stop asking it for so many seconds, and tell."""

    error: IntegrationError
    delay: float


@dataclass(frozen=True, slots=True)
class Hold:
    """No call of this system can succeed for so many seconds; the record has not been tried."""

    delay: float


Decision = RetryAt | DeadLetter | Pause | Hold


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient to be. Seconds; no `parent_wait` leaves it to the flow."""

    first: float = 2.0
    longest: float = 900.0
    attempts: int = 12
    bug_attempts: int = 3
    parent_wait: float | None = None
    pause: float = 300.0

    def delay(self, attempt: int, luck: float) -> float:
        """Back-off before the next try; `luck` in [0, 1) spreads retries that began together."""
        return float(min(self.longest, self.first * 2.0 ** min(attempt, DOUBLINGS)) * (0.5 + luck))


def decide(error: IntegrationError, attempt: int, age: float, policy: Policy, luck: float) -> Decision:
    """What follows `error` at a record that was tried `attempt` times before, first `age` seconds ago."""
    if isinstance(error, Misconfigured):
        return Pause(error, policy.pause)
    if isinstance(error, Exhausted):
        return Hold(error.retry_after or policy.longest)
    if isinstance(error, NotYet):
        return _wait(error, attempt, age, policy, luck)
    if isinstance(error, Transient):
        return _retry(error, attempt, policy, luck)
    if isinstance(error, Defect) and attempt < policy.bug_attempts:
        return RetryAt(policy.delay(attempt, luck))
    return DeadLetter(error)


def named(error: Exception) -> IntegrationError:
    """Any exception as one of our errors: what nobody expected is a defect, and says where it was raised.

    Its text stays out, for it may quote a value.
    """
    if isinstance(error, IntegrationError):
        return error
    kind = type(error).__name__
    if not (frames := traceback.extract_tb(error.__traceback__)):
        return Defect(f"a defect of ours: {kind}")
    last = frames[-1]
    return Defect(f"a defect of ours: {kind} in {last.name}, {Path(last.filename).name}:{last.lineno}")


def _wait(error: NotYet, attempt: int, age: float, policy: Policy, luck: float) -> Decision:
    patience = (policy.parent_wait or 0.0) * (ON_ITS_WAY if error.on_its_way else 1)
    left = patience - age
    if left <= 0:
        return DeadLetter(error)
    return RetryAt(min(policy.delay(attempt, luck), max(left, policy.first)))


def _retry(error: Transient, attempt: int, policy: Policy, luck: float) -> Decision:
    if attempt >= policy.attempts:
        return DeadLetter(error)
    asked = error.retry_after if isinstance(error, Throttled) else None
    return RetryAt(max(policy.delay(attempt, luck), asked * (1 + luck / 4) if asked else 0.0))
