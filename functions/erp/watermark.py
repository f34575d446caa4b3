"""How far a poll of the ERP has come, and from where the next one starts.

    a run       began (the database's clock), and whether it reads the whole
    a page      part: changed rows, then keys of deleted ones; after: the place behind the last of them
    the end     since = began; a part that goes by time reads its overlap again

Between pages the watermark keeps `began`, so that a run which is broken off and taken up a day later ends
where it would have ended.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

from shared.model import watermark

ROWS: Literal["rows"] = "rows"
DELETED: Literal["deleted"] = "deleted"


@dataclass(frozen=True, slots=True)
class Watermark:
    """Without `since` nothing has been read to its end, and the run reads the whole."""

    since: int | None = None
    whole_at: int | None = None
    began: int | None = None
    whole: bool = False
    part: Literal["rows", "deleted"] = ROWS
    after: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str | None) -> Self:
        if text is None:
            return cls()
        return watermark.read(cls, text, "the ERP")

    def text(self) -> str:
        return watermark.written(self)

    def begun(self, now: int, *, whole: bool) -> Self:
        return replace(self, began=now, whole=whole, part=ROWS, after=())

    def at(self, place: tuple[str, ...]) -> Self:
        """Behind a row."""
        return replace(self, after=place)

    def following(self) -> Self:
        """In the part after this one."""
        return replace(self, part=DELETED, after=())

    def ended(self) -> Self:
        whole_at = self.began if self.whole else self.whole_at
        return type(self)(since=self.began, whole_at=whole_at)
