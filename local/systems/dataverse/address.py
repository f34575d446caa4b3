"""Addresses below the version: `accounts(guid)/name`, `accounts(accountnumber='O''B')`, `contacts/$count`.

```
  accounts      (accountnumber='A-1')      /primarycontactid/$ref
  └ name        └ key                      └ tail
```
A key is a guid or named values; named values must be those of an alternate key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from local.systems.dataverse.errors import Refused, invalid, key_not_defined, missing_by_key
from local.systems.dataverse.schema import Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.switches import Switches

GUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PAIR: Final = re.compile(r"\s*(\w+)\s*=\s*('(?:[^']|'')*'|[^,']*)\s*(?:,|$)")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    key: str | None = None
    """What stands in parentheses, decoded."""
    tail: str = ""

    @property
    def guid(self) -> str | None:
        return self.key.lower() if self.key is not None and GUID.fullmatch(self.key) else None


def parse_address(path: str) -> Address:
    """Refuses what is no address; whether there is such a thing is asked later."""
    text = unquote(path)
    end = min((at for at in (text.find("("), text.find("/")) if at >= 0), default=len(text))
    name, rest = text[:end], text[end:]
    if not rest.startswith("("):
        return Address(name, None, rest[1:])
    closing = _closing(rest)
    tail = rest[closing + 1 :]
    if tail and not tail.startswith("/"):
        raise _bad_syntax()
    return Address(name, rest[1:closing].strip(), tail[1:])


def _closing(text: str) -> int:
    """Where the parenthesis that the text begins with is closed; those in quotes do not count."""
    quoted = False
    for at, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif char == ")" and not quoted:
            return at
    raise _bad_syntax()


def _bad_syntax() -> Refused:
    return Refused(400, "0x0", "Bad Request - Error in query syntax.")


def parse_key(text: str) -> dict[str, Any]:
    """Column to value of a key that names them."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if match is None or match.end() == at:
            raise _bad_syntax()
        found[match[1]] = literal(match[2])
        at = match.end()
    return found


def literal(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return {"true": True, "false": False, "null": None}.get(text, text.lower())


class Place:
    """A row that an address names, whether it is there or not."""

    __slots__ = ("_store", "guid", "table", "values")

    def __init__(self, store: Store, table: Table, guid: str | None, values: Mapping[str, Any]) -> None:
        self._store = store
        self.table = table
        self.guid = guid
        self.values = values
        """Of an alternate key, by the names under which the columns are shown."""

    def found(self) -> str | None:
        """The id of the row, if there is one."""
        rows = self._store.tables[self.table.name]
        if self.guid is not None:
            return self.guid if self.guid in rows.written else None
        columns = self.table.keys_by_shown[frozenset(self.values)]
        keys = rows.find(columns, *(self.values[name] for name in columns))
        return keys[0] if keys else None

    def missing(self) -> Refused:
        if self.guid is None:
            return missing_by_key(self.table.name)
        message = f"{self.table.name} With Id = {self.guid} Does Not Exist"
        return Refused(404, "0x80040217", message)


def place_of(store: Store, table: Table, key: str) -> Place:
    """What a key in an address names; refused where the table has no such key."""
    if GUID.fullmatch(key):
        return Place(store, table, key.lower(), {})
    named = parse_key(key)
    if named.keys() == {table.id} and GUID.fullmatch(str(named[table.id])):
        return Place(store, table, str(named[table.id]).lower(), {})
    columns = {name: table.column(name) for name in named}
    if not named or any(column is None for column in columns.values()):
        raise key_not_defined(table.name)
    shown = {column.shown: named[name] for name, column in columns.items() if column is not None}
    if frozenset(shown) not in table.keys_by_shown:
        raise key_not_defined(table.name)
    _check_characters(store.switches, shown)
    return Place(store, table, None, shown)


def _check_characters(switches: Switches, values: Mapping[str, Any]) -> None:
    awkward = frozenset(switches.awkward_key_characters)
    if any(isinstance(value, str) and not awkward.isdisjoint(value) for value in values.values()):
        raise invalid("Bad Request - Error in query syntax.", "0x0")
