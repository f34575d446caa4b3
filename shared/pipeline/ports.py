"""What the pipeline asks of the outside. Rooms and adapters stand behind these; tests swap them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.model.budget import Sizes, Usage
from shared.model.change import Applied, Message, Page, Row, Write
from shared.model.golden import Value
from shared.push.exchange import Request, Response
from shared.push.formats import Formats

Clock = Callable[[], int]
"""Now, in microseconds since 1970 (UTC)."""


class Translation(Protocol):
    """One entity in one system: which canonical fields it carries, and the form it keeps them in."""

    @property
    def fields(self) -> frozenset[str]:
        """The canonical fields that this system carries of this entity."""
        ...

    @property
    def references(self) -> Mapping[str, str]:
        """Of these, the ones that point at another record: field → entity."""
        ...

    @property
    def shifting(self) -> frozenset[str]:
        """Of these, the ones whose parent may go on there under another native id: a lead that is converted.

        Its children are then written anew, for nobody else points them at it.
        """
        ...

    def normal(self, field: str, value: Value) -> Value:
        """The canonical value as it reads after the system has stored it: idempotent and pure.

        Nothing reads as what the system is given for it. Raises Untranslatable where the system has no form
        for a value (too long, not a choice). Never called for references, which are compared by golden id.
        """
        ...

    def complete(self, values: Mapping[str, Value]) -> None:
        """Raises Untranslatable where a new record with these values would lack a mandatory field."""
        ...


class Source(Protocol):
    """Reads a system's changes."""

    def changes(self, entity: str, watermark: str | None) -> AsyncIterator[Page]:
        """The rows changed since the watermark (None: all that live), page by page.

        Late commits and ties are neither lost nor doubled beyond the overlap window. Each page carries the
        watermark from which reading goes on once it is merged; the last one never passes the source's clock
        at the start of the run less the overlap. A poll with nothing to say yields one empty page. The page
        after which there is no other says `last`.

        A source that cannot say what changed (a token expired, a table without stamps) answers with all that
        lives, each page marked `whole` and the one that begins it `first`; what was deleted meanwhile is
        then found by its absence.
        Raises Transient or Misconfigured.
        """
        ...

    async def acknowledge(self, entity: str, page: Page) -> None:
        """The rows of this page are kept: the source need not show them again.

        Called after the page's transaction has committed, with the rows that are settled (merged, refused
        or held), not those left out for later. For sources that mark their rows (a status flag): each row
        only if it still has the version that it was read with, for one edited since is not kept. Others
        have nothing to do. What is not acknowledged comes again and does no harm.
        Raises Transient or Misconfigured.
        """
        ...

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        """These rows as they are now, few calls for many ids; a row that is gone is just absent.

        The page's watermark is meaningless. Raises Transient or Misconfigured.
        """
        ...


class Target(Protocol):
    """Looks records up in a system, and writes them."""

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        """As `Source.read`."""
        ...

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        """The living rows that have one of these natural keys (canonical field → value)."""
        ...

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        """Write all, in the fewest calls the system offers; one outcome for each write, in any order.

        The outcome of every record is read, also inside an HTTP 200. A call that fails as a whole gives its
        records that error as outcome; it raises only Misconfigured. After an answer that never came, the
        outcome is Unavailable: the caller reads the row back before it writes again.
        """
        ...


class Launch(Protocol):
    """Lets a person who is known elsewhere into a system."""

    def answer(self, request: Request) -> Response:
        """The way in, or what is wrong with the request."""
        ...


class Meter(Protocol):
    """Knows how many calls a system has counted, whoever made them."""

    @property
    def usage(self) -> Usage | None:
        """What its last answer said; None before the first."""
        ...

    async def ask(self) -> None:
        """Ask the system itself, which costs a call; `usage` knows then. Raises Transient, Misconfigured."""
        ...


@dataclass(frozen=True)
class Connection:
    """A system of the topology, connected: how to read it, write it, and translate its entities.

    `conditional` says that it takes a row's version with a write and refuses a stale one, `deactivates` that
    its records have an inactive state; `readable` that its rows can be read, by polls and by id: else what it
    pushes carries their values, and it is nobody's target. `tables` (entity → table) is where the hub itself
    writes into a database; None where an API stands between, which decides what may be written. `bulk` is
    from how many writes on it takes them in one job, if it does: then they are planned together. `push` says
    how what it pushes is read. `launch` makes links by which people come in, where it is told how. `meter`
    knows its calls, where it says anything of them, and `sizes` how much one call carries. `once` are the
    entities that it takes from others, and that are its own from then on.
    """

    system: str
    source: Source
    target: Target
    translations: Mapping[str, Translation]
    close: Callable[[], object] | None = None
    conditional: bool = True
    deactivates: bool = True
    readable: bool = True
    tables: Mapping[str, str] | None = None
    bulk: int | None = None
    push: Formats | None = None
    launch: Launch | None = None
    meter: Meter | None = None
    sizes: Sizes = field(default_factory=Sizes)
    once: frozenset[str] = frozenset()


class Bus(Protocol):
    """Sends messages. Receiving is the Functions host's."""

    async def send(self, messages: Sequence[Message]) -> None:
        """All are on the bus when it returns. Raises Unavailable: some may be there, and a repeat is safe."""
        ...


__all__ = [
    "Applied",
    "Bus",
    "Clock",
    "Connection",
    "Launch",
    "Message",
    "Meter",
    "Page",
    "Row",
    "Sizes",
    "Source",
    "Target",
    "Translation",
    "Usage",
]
