"""Indexes over the rows of one table: `Order` for keyset pages, `Finder` for lookups by value.

An index is told of each write (`note`) and reads rows through a function, so it knows no field by name. A
function that gives None leaves the row out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.systems.system import Row

_STALE_AT_LEAST = 1000


class Index(Protocol):
    def note(self, key: str, row: Row | None) -> None: ...


class Order:
    """Keys in the order of a value, sorted lazily.

    Stamps mostly grow, so a write appends and nothing has to be sorted. An entry whose row has moved on stays
    as a stale one, is skipped by readers, and is swept when half of all entries are stale or a reader has met
    many: a write costs the same whatever the table holds, and so does a page.
    """

    def __init__(self, of: Callable[[Row], Any]) -> None:
        self._of = of
        self._entries: list[tuple[Any, str]] = []
        self._current: dict[str, Any] = {}
        self._in_order = True
        self._sweep = False

    def note(self, key: str, row: Row | None) -> None:
        value = None if row is None else self._of(row)
        if value == self._current.get(key):
            return
        if value is None:
            del self._current[key]
            return
        self._current[key] = value
        if self._entries and (value, key) < self._entries[-1]:
            self._in_order = False
        self._entries.append((value, key))

    def since(self, value: Any) -> Iterator[tuple[Any, str]]:
        """(value, key) from this value on, itself included."""
        self._tidy()
        return self._living(bisect_left(self._entries, (value,)))

    def after(self, value: Any, key: str) -> Iterator[tuple[Any, str]]:
        """(value, key) behind this very entry, which need not exist any more."""
        self._tidy()
        return self._living(bisect_right(self._entries, (value, key)))

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        self._tidy()
        return self._living(0)

    def _living(self, start: int) -> Iterator[tuple[Any, str]]:
        entries, current, last = self._entries, self._current, None
        patience = len(entries) // 8 + _STALE_AT_LEAST
        for position in range(start, len(entries)):  # a slice would copy the rest of the table for each page
            entry = entries[position]
            if current.get(entry[1]) == entry[0] and entry != last:
                last = entry
                yield entry
            elif (patience := patience - 1) == 0:
                self._sweep = True

    def _tidy(self) -> None:
        if self._sweep or len(self._entries) > 2 * len(self._current) + _STALE_AT_LEAST:
            self._entries = [entry for entry in self._entries if self._current.get(entry[1]) == entry[0]]
            self._sweep = False
        if not self._in_order:
            self._entries.sort()
            self._in_order = True


class Finder:
    """Keys by an equal value."""

    def __init__(self, of: Callable[[Row], Any]) -> None:
        self._of = of
        self._current: dict[str, Any] = {}
        self._keys: dict[Any, str | set[str]] = {}

    def note(self, key: str, row: Row | None) -> None:
        value, before = None if row is None else self._of(row), self._current.get(key)
        if value == before:
            return
        if before is not None:
            self._forget(before, key)
        if value is not None:
            self._remember(value, key)

    def find(self, value: Any) -> list[str]:
        held = self._keys.get(value, ())
        return [held] if isinstance(held, str) else sorted(held)

    def _remember(self, value: Any, key: str) -> None:
        self._current[key] = value
        held = self._keys.setdefault(value, key)
        if isinstance(held, set):
            held.add(key)
        elif held != key:  # most values are unique: a set for each would be the larger part of the memory
            self._keys[value] = {held, key}

    def _forget(self, value: Any, key: str) -> None:
        del self._current[key]
        held = self._keys[value]
        if isinstance(held, set) and len(held) > 1:
            held.discard(key)
        else:
            del self._keys[value]
