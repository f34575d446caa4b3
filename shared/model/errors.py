"""Errors say whose fault it is; `shared.pipeline.recoverability` decides what follows.

    IntegrationError
    ├─ Transient        theirs, for a while   Unavailable · Throttled(retry_after) · Exhausted · Conflict
    ├─ NotYet           nobody's              a parent has not arrived
    ├─ Permanent        the record's          InvalidChange · Untranslatable · Rejected · Gone
    ├─ Defect           ours                  an exception that nobody expected
    └─ Misconfigured    ours                  401, 403, a missing setting: pause and tell

Each carries a `reason` (one word for machines: metrics, searches, tests), the canonical `field` where
one is to blame, and a description for the person who has to mend it. Values that may be personal stay
out of descriptions: a length, a type or a choice says enough.
"""

from __future__ import annotations


class IntegrationError(Exception):
    """What went wrong between two systems, with its owner."""

    def __init__(self, description: str, *, reason: str | None = None, field: str | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.reason = reason or type(self).__name__
        self.field = field


class Transient(IntegrationError):
    """The other side cannot now, and will later: retry with back-off."""


class Unavailable(Transient):
    """No answer, a dropped connection, a 5xx, a lock that another holds."""


class Throttled(Transient):
    """Too many calls; `retry_after` is in seconds where the system said so."""

    def __init__(
        self,
        description: str,
        *,
        retry_after: float | None = None,
        reason: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(description, reason=reason, field=field)
        self.retry_after = retry_after


class Exhausted(Throttled):
    """The calls that a system allows in its window are used up: nobody's fault, and no try is counted."""


class Conflict(Transient):
    """The row has moved since we looked (stale version): look again, merge, then write."""


class NotYet(IntegrationError):
    """A parent or an identity has not arrived: no failure, and no retry is used up.

    `on_its_way` says that the hub knows the parent and is still bringing it: that is worth more patience.
    """

    def __init__(
        self,
        description: str,
        *,
        reason: str | None = None,
        field: str | None = None,
        on_its_way: bool = False,
    ) -> None:
        super().__init__(description, reason=reason, field=field)
        self.on_its_way = on_its_way


class Permanent(IntegrationError):
    """This record cannot succeed as it is: a dead letter, at once."""


class InvalidChange(Permanent):
    """The source's row breaks the entity: a type, a key, a mandatory field."""


class Untranslatable(Permanent):
    """The golden record has no form that the target would take (length, choice, mandatory field)."""


class Rejected(Permanent):
    """The target refused the record, and said why; `reason` is the vendor's own code."""


class Gone(Permanent):
    """The row that was to be written is not there any more: a delete in that system, to be merged as one."""


class Defect(IntegrationError):
    """Ours: code that did not expect what it met. Few retries, then a dead letter that says where."""


class Misconfigured(IntegrationError):
    """Our credentials, rights or settings are wrong: no record is at fault, so the flow pauses."""
