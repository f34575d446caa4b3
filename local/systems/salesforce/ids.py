"""Record ids: 15 characters that tell case apart, or the same with 3 more that make case not matter.

```
  001 5c 00002aBcDe AAK
  │   │  │          └── which of the 15 are capitals: one character for each five of them
  │   │  └───────────── the record's number, base 62
  │   └──────────────── the instance
  └──────────────────── the object (001 Account, 003 Contact, 00Q Lead, 005 User ...)
```

The server takes both lengths everywhere and answers with 18.
"""

import string
from functools import lru_cache
from typing import Final

DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
SUFFIXES: Final = string.ascii_uppercase + "012345"
_LEGAL: Final = frozenset(DIGITS)


@lru_cache(maxsize=65536)
def _suffix(chunk: str) -> str:
    return SUFFIXES[sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")]


def to_18(short: str) -> str:
    """The long form of a 15 character id."""
    return short + _suffix(short[:5]) + _suffix(short[5:10]) + _suffix(short[10:15])


@lru_cache(maxsize=65536)
def canonical(text: str) -> str | None:
    """The 18 character form of what a caller wrote, or None where it is no id.

    A long id may come with its case lost: its suffix says which letters were capitals.
    """
    if len(text) not in {15, 18} or not _LEGAL.issuperset(text):
        return None
    whole = to_18(text[:15])
    return whole if text in {whole, whole[:15]} else _recased(text)


def _recased(text: str) -> str | None:
    """A long id whose letters have lost their case."""
    marks = [SUFFIXES.find(mark) for mark in text[15:].upper()]
    if min(marks) < 0:
        return None
    short = "".join(
        letter.upper() if marks[place // 5] >> (place % 5) & 1 else letter.lower()
        for place, letter in enumerate(text[:15])
    )
    whole = to_18(short)
    return whole if whole[15:] == text[15:].upper() else None


def base62(number: int, width: int) -> str:
    """A number in the order of ASCII, so that later ids sort after earlier ones."""
    letters = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        letters.append(DIGITS[rest])
    return "".join(reversed(letters))


def record_id(prefix: str, number: int, instance: str = "5c") -> str:
    """The 18 character id of the record with this number."""
    return to_18(f"{prefix}{instance}{base62(number, 10)}")
