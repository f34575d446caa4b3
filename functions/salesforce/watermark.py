"""How far a poll has come, by (SystemModstamp, Id), and from where the next one starts.

    a run       began (the server's clock at its first request)
    a page      since, after: the last row's stamp and id; the next page starts behind it
    the end     since = began - overlap, whatever stamps were seen

Between pages the watermark keeps `began`, so that a run which is broken off and taken up a day later ends
where it would have ended: rows that became visible late, behind the place where it stopped, are found by the
next.
A row dated in the future moves `since` within a run and nothing beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from shared.model import watermark


@dataclass(frozen=True, slots=True)
class Watermark:
    """Without `since` it is a first, full read. Stamps are microseconds."""

    since: int | None = None
    after: str | None = None
    began: int | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        return cls() if text is None else watermark.read(cls, text, "Salesforce")

    def text(self) -> str:
        return watermark.written(self)

    def begun(self, clock: int) -> Self:
        """The run keeps the clock of its first request."""
        return self if self.began is not None else replace(self, began=clock)

    def behind(self, stamp: int, native_id: str) -> Self:
        return replace(self, since=stamp, after=native_id)

    def ended(self, overlap: int) -> Self:
        """Where the next run starts; `overlap` in seconds."""
        return replace(self, since=(self.began or 0) - overlap * 1_000_000, after=None, began=None)


@dataclass(frozen=True, slots=True)
class Marks:
    """A watermark for each of several objects."""

    objects: Mapping[str, Watermark]

    @classmethod
    def read(cls, text: str | None) -> Self:
        return cls({}) if text is None else watermark.read(cls, text, "Salesforce")

    def of(self, sobject: str) -> Watermark:
        return self.objects.get(sobject) or Watermark.read(None)

    def at(self, sobject: str, text: str) -> Self:
        return replace(self, objects={**self.objects, sobject: Watermark.read(text)})

    def text(self) -> str:
        return watermark.written(self)
