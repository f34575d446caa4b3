"""How far a poll has come in a table, and from where the next one starts: the server's own links.

    a first run, or a whole one    whole, no link: all rows, page by page
    a page of a run                next: where the server goes on
    the end                        since: the delta link, from which the next run starts

Between pages the watermark keeps `since` as well: where the server no longer knows `next`, the run starts
again. A link fixes the columns that it shows. When the table in `translate.py` has gained one, the link would
show it as empty, so `columns` is compared, and all is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from shared.model import watermark


@dataclass(frozen=True, slots=True)
class Watermark:
    """Links are kept as they are behind the version: they outlive an address that is changed."""

    columns: str
    since: str | None = None
    next: str | None = None
    whole: bool = True
    at: int = 0
    """The server's clock at the end of the run before: what was deleted since was deleted after it."""

    @classmethod
    def read(cls, text: str | None, columns: str) -> Self:
        if text is None:
            return cls(columns)
        kept = watermark.read(cls, text, "Dataverse")
        return kept if kept.columns == columns else cls(columns)

    def text(self) -> str:
        return watermark.written(self)

    @property
    def link(self) -> str | None:
        """What to ask; None for a table from its beginning."""
        return self.next or self.since

    def behind(self, following: str | None, delta: str | None, read_at: int) -> Self:
        """After a page: within the run, or at its end."""
        if following is not None:
            return replace(self, next=following)
        return replace(self, since=delta, next=None, whole=False, at=read_at)

    def again(self) -> Self:
        """The run from its start: the server does not know its place in it any more."""
        return replace(self, next=None)

    def anew(self) -> Self:
        """The server does not know the token any more: everything."""
        return replace(self, since=None, next=None, whole=True)
