"""What the broker writes into its journal, as plain tuples that begin with their kind.

    put      a message came, or changed          (kind, store, number, content...)
    touch    its state or delivery count changed
    drop     it left
    numbers  sequence numbers up to here may be in use: written once for a thousand of them
    state    of a session; None removes it
    seen     a message id, for duplicate detection; `unseen` when its window has passed
    entity   made or changed; `gone` when deleted, with all that was in it

A store is a place that holds messages; an entity owns four of them (see `store_of`).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from local.servicebus.engine.entities import Described
    from local.servicebus.engine.held import Held

Record = tuple[Any, ...]
NUMBERS_AHEAD = 1000
STORES = 4
NUMBERS_OF_STORE = 2**40


class Kind(enum.IntEnum):
    PUT = 0
    TOUCH = 1
    DROP = 2
    NUMBERS = 3
    STATE = 4
    SEEN = 5
    UNSEEN = 6
    ENTITY = 7
    GONE = 8


class Part(enum.IntEnum):
    """The places of one entity."""

    MAIN = 0
    DEAD_LETTERS = 1
    TRANSFER = 2


def store_of(entity: int, part: Part = Part.MAIN) -> int:
    return entity * STORES + part


class Page:
    """Collects what belongs together."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def put(self, store: int, held: Held) -> None:
        """All of a message; the tuple is a snapshot, for it is encoded later and elsewhere."""
        self._records.append(
            (
                Kind.PUT,
                store,
                held.number,
                held.state,
                held.delivery_count,
                (held.origin, held.enqueued_at, held.expires_at, held.source, held.hops),
                held.message,
            )
        )

    def touch(self, store: int, held: Held) -> None:
        self._records.append((Kind.TOUCH, store, held.number, held.state, held.delivery_count))

    def drop(self, store: int, number: int) -> None:
        self._records.append((Kind.DROP, store, number))

    def numbers(self, store: int, reserved: int) -> None:
        self._records.append((Kind.NUMBERS, store, reserved))

    def state(self, store: int, session_id: str, state: bytes | None, at: datetime) -> None:
        self._records.append((Kind.STATE, store, session_id, state, at))

    def seen(self, store: int, message_id: str, at: datetime) -> None:
        self._records.append((Kind.SEEN, store, message_id, at))

    def unseen(self, store: int, message_id: str) -> None:
        self._records.append((Kind.UNSEEN, store, message_id))

    def entity(self, entity: int, described: Described) -> None:
        self._records.append((Kind.ENTITY, entity, described))

    def gone(self, entity: int) -> None:
        self._records.append((Kind.GONE, entity))

    def turn(self) -> list[Record]:
        """What was collected; the page is empty again."""
        records, self._records = self._records, []
        return records


class BlankPage(Page):
    """For a broker whose journal keeps nothing: nothing is collected."""

    def put(self, store: int, held: Held) -> None: ...

    def touch(self, store: int, held: Held) -> None: ...

    def drop(self, store: int, number: int) -> None: ...

    def numbers(self, store: int, reserved: int) -> None: ...

    def state(self, store: int, session_id: str, state: bytes | None, at: datetime) -> None: ...

    def seen(self, store: int, message_id: str, at: datetime) -> None: ...

    def unseen(self, store: int, message_id: str) -> None: ...

    def entity(self, entity: int, described: Described) -> None: ...

    def gone(self, entity: int) -> None: ...


class Numbers:
    """The sequence numbers of one store; never one twice, also after a crash."""

    def __init__(self, page: Page, store: int) -> None:
        self._page = page
        self._store = store
        self._last = 0
        self._reserved = 0

    def following(self) -> int:
        self._last += 1
        if self._last > self._reserved:
            self._reserved = self._last + NUMBERS_AHEAD
            self._page.numbers(self._store, self._reserved)
        return self._last

    def restore(self, reserved: int) -> None:
        self._last = self._reserved = reserved
