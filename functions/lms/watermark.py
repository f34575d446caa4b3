"""How far a poll of the LMS has come, and from where the next one starts.

    a run       began (the server's clock at its first request), since
    a page      cursor: where the LMS goes on
    the end     since = began - overlap, whatever stamps were seen

Between pages the watermark keeps `began`, so that a run which is broken off and taken up a day later ends
where it would have ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from functions.lms.records import lms_time, micros
from shared.model import watermark


@dataclass(frozen=True, slots=True)
class Watermark:
    """Without `since` it is a first, full read, which shows no deleted rows: their absence does."""

    since: str | None = None
    cursor: str | None = None
    began: str | None = None

    @classmethod
    def read(cls, text: str | None) -> Self:
        if text is None:
            return cls()
        return watermark.read(cls, text, "the LMS")

    def text(self) -> str:
        return watermark.written(self)

    def at(self, cursor: str | None, as_of: str) -> Self:
        """Behind a page, in a run that began with the first of them."""
        return replace(self, cursor=cursor, began=self.began or as_of)

    def ended(self, overlap: int) -> Self:
        """Where the next run starts; `overlap` in seconds."""
        if self.began is None:
            raise AssertionError("a run ends after its first page")
        return replace(
            self, since=lms_time(micros(self.began) - overlap * 1_000_000), cursor=None, began=None
        )
