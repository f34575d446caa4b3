"""What has changed since a token: `Prefer: odata.track-changes`, `$deltatoken`.

```
  version    1 … 40 | 41 … 90 | 91 …
                    └ token   └ now: the next token        changed rows by version, then deleted ids
```
- The first answer is everything that is there, and a token; deletions come only behind a token.
- A delta is read up to the version at which its first page was asked for. A row that changes meanwhile is
  not in it, but in the next.
- A token never passes what a long transaction has written and not committed: else its rows would be lost.
- A token ends after some days, and when the table's columns change (0x80044352): everything once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.cookies import Cookie, with_option
from local.systems.dataverse.errors import Refused, invalid
from local.systems.dataverse.schema import Table
from local.systems.dataverse.shown import Selection, select, shower
from local.systems.dataverse.stamps import parse_token_time, token_time
from local.systems.dataverse.store import Store
from local.systems.system import Row

_DELETED: Final = "deleted"
_METADATA: Final = "metadata"
_UNSUPPORTED: Final = ("$filter", "$orderby", "$expand", "$top")


@dataclass(frozen=True, slots=True)
class Reach:
    """The versions that an answer is about: behind `since`, up to `until`."""

    since: int
    until: int

    @property
    def is_first(self) -> bool:
        return self.since == 0


class Tracking:
    def __init__(self, store: Store) -> None:
        self._store = store

    def changes(self, call: Call, table: Table, size: int, cookie: Cookie | None) -> Answer:
        self._check(call, table)
        reach = self._reach(call, table, cookie)
        selection = select(table, call.params.get("$select"))
        entries = list(islice(self._entries(table, reach, cookie), size + 1))
        shown = self._shown(call, selection, entries[:size])
        body: dict[str, Any] = {"@odata.context": _context(call, selection, reach), "value": shown}
        if len(entries) > size:
            body["@odata.nextLink"] = self._next(call, reach, entries[size - 1], cookie)
        else:
            body["@odata.deltaLink"] = _delta_link(call, self._token(reach.until))
        applied = {"Preference-Applied": "odata.track-changes"} if call.prefer.tracks_changes else {}
        return Answer(200, body, {**call.prefer.applied, **applied}, records=len(shown))

    def count(self, call: Call, table: Table) -> int:
        self._check(call, table)
        return sum(1 for _ in self._entries(table, self._reach(call, table, None), None))

    def forget(self, table: Table) -> None:
        """The table's columns have changed: tokens from before are no good any more."""
        version = self._store.next_version()
        self._store.rows.put(_METADATA, table.name, {"version": version})

    # Tokens

    def _check(self, call: Call, table: Table) -> None:
        if not table.tracked:
            message = f"Entity {table.name} isn't enabled for change tracking."
            raise Refused(400, "0x80072491", message)
        for name in _UNSUPPORTED:
            if name in call.params:
                raise invalid(
                    f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
                )

    def _reach(self, call: Call, table: Table, cookie: Cookie | None) -> Reach:
        since = self._since(table, call.params["$deltatoken"]) if "$deltatoken" in call.params else 0
        if cookie is not None:
            first, _, _ = cookie.last.partition("|")
            return Reach(int(first), cookie.seen)
        return Reach(since, self._complete())

    def _since(self, table: Table, token: str) -> int:
        number, _, text = token.partition("!")
        at = parse_token_time(text)
        if at is None or not number.isdecimal():
            raise Refused(400, "0x80040203", "The delta token is not valid.")
        lasting = timedelta(days=self._store.switches.track_changes_days)
        changed = self._store.rows.table(_METADATA).get(table.name, {"version": 0})["version"]
        if at + lasting < self._store.now() or int(number) < changed:
            raise expired(self._store.switches.expired_token_status)
        return int(number)

    def _complete(self) -> int:
        """The version up to which nothing is still hidden in a transaction."""
        rows = self._store.rows
        held = [row["versionnumber"] for row in rows.held() if row and "versionnumber" in row]
        return min(held) - 1 if held else self._store.version

    def _token(self, version: int) -> str:
        return f"{version}!{token_time(self._store.now())}"

    # Rows and deletions

    def _entries(self, table: Table, reach: Reach, cookie: Cookie | None) -> Iterator[tuple[str, int, str]]:
        """(kind, version, id): rows, then deletions, each by version."""
        rows = self._store.tables[table.name]
        kind, version = _position(reach, cookie)
        if kind != _DELETED:
            for at, key in rows.by_version.since(version + 1):
                if at > reach.until:
                    break
                yield "row", at, key
            version = reach.since
        if not reach.is_first:
            for at, key in rows.gone_by_version.since(version + 1):
                if at > reach.until:
                    break
                yield _DELETED, at, key

    def _shown(self, call: Call, selection: Selection, entries: list[tuple[str, int, str]]) -> list[Row]:
        show, table = shower(self._store, selection, call.prefer), selection.table
        seen = self._store.tables[table.name].seen
        hides_writer = not self._store.switches.delta_shows_writer
        gone = f"{call.root}/$metadata#{table.set_name}/$deletedEntity"
        found = []
        for kind, _, key in entries:
            if kind == _DELETED:
                found.append({"@odata.context": gone, "id": key, "reason": "deleted"})
            else:
                found.append(_without_writer(show(seen[key])) if hides_writer else show(seen[key]))
        return found

    def _next(self, call: Call, reach: Reach, last: tuple[str, int, str], cookie: Cookie | None) -> str:
        kind, version, _ = last
        page = (cookie.page if cookie else 1) + 1
        at = Cookie(page, "versionnumber", f"{reach.since}|{kind}|{version}", reach.until, tracking=True)
        return with_option(call.root, call.path, call.query, "$skiptoken", str(at))


def _position(reach: Reach, cookie: Cookie | None) -> tuple[str, int]:
    """Where to read on: kind and version of the last that was shown."""
    if cookie is None:
        return "row", reach.since
    _, kind, version = cookie.last.split("|")
    return kind, int(version)


def _context(call: Call, selection: Selection, reach: Reach) -> str:
    delta = "" if reach.is_first else "/$delta"
    return f"{call.root}/$metadata#{selection.table.set_name}{selection.text}{delta}"


def _delta_link(call: Call, token: str) -> str:
    return with_option(call.root, call.path, call.query, "$deltatoken", token)


def _without_writer(row: Row) -> Row:
    return {**row, "_modifiedby_value": None} if "_modifiedby_value" in row else row


def expired(status: int) -> Refused:
    message = "Version stamp associated with the client has expired. Please perform a full sync."
    return Refused(status, "0x80044352", message)
