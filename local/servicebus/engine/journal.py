"""Where the broker writes what must outlive it: a port, and the journal that keeps nothing.

    broker operation ──> records on the open page      (no I/O)
    broker.flush_point() ──> page goes to the journal ──> ticket, a growing number
    journal.when_durable(ticket, callback)             the callback comes when the page is on disk

A page is written whole or not at all, so what belongs together (out of the queue, into its dead-letter
queue) stays together. A shell calls `flush_point` after one operation, or once after several, and
acknowledges them when the ticket is durable. Callbacks come *from the journal's own thread*: hand them to a
loop with `call_soon_threadsafe`. A ticket that is durable already is answered at once, in the caller's
thread; `journal.durable >= ticket` asks without a callback.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

Record = tuple[Any, ...]


class Journal(Protocol):
    @property
    def durable(self) -> int:
        """The highest ticket that is on disk."""

    def write(self, page: Sequence[Record]) -> int:
        """Take a page, and give the ticket under which it will be durable."""

    def when_durable(self, ticket: int, callback: Callable[[], None]) -> None:
        """Call back once the ticket is on disk."""

    def load(self) -> Iterable[Record]:
        """What was written before, compacted, in an order that can be replayed."""

    def close(self) -> None:
        """Write what is waiting, and end."""


class MemoryJournal:
    """Keeps nothing: what is asked for is durable at once."""

    durable = 0

    def write(self, page: Sequence[Record]) -> int:  # noqa: ARG002 - the port's
        return 0

    def when_durable(self, ticket: int, callback: Callable[[], None]) -> None:  # noqa: ARG002 - the port's
        callback()

    def load(self) -> Iterable[Record]:
        return ()

    def close(self) -> None:
        return
