"""What goes to disk in one commit: the net effect of a run of records, in few statements.

A message is a row under one whole number, made of its store and its sequence number: messages of one store
lie together, in the order in which they come and mostly go.
"""

import sqlite3
from collections.abc import Sequence

from local.servicebus.engine import codec
from local.servicebus.engine.records import NUMBERS_OF_STORE, STORES, Kind, Record

Row = tuple[object, ...]

_STATEMENTS = {
    Kind.NUMBERS: "INSERT OR REPLACE INTO numbers VALUES (?, ?)",
    Kind.STATE: "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?)",
    Kind.SEEN: "INSERT OR REPLACE INTO seen VALUES (?, ?, ?)",
    Kind.UNSEEN: "DELETE FROM seen WHERE store = ? AND message_id = ?",
    Kind.ENTITY: "INSERT OR REPLACE INTO entity VALUES (?, ?)",
}
_OF_ENTITY = ("numbers", "session", "seen")


class Group:
    """Sorts records by what must happen to a row in the end; the order between rows does not matter."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._puts: dict[int, Record] = {}
        self._touches: dict[int, Record] = {}
        self._drops: dict[int, None] = {}

    def write(self, connection: sqlite3.Connection) -> None:
        for record in self._records:
            if record[0] <= Kind.DROP:
                self._sort(record)
            elif record[0] == Kind.GONE:
                self._write_messages(connection)
                _remove_entity(connection, record[1])
            else:
                connection.execute(_STATEMENTS[record[0]], [codec.dump_plain(value) for value in record[1:]])
        self._write_messages(connection)

    def _sort(self, record: Record) -> None:
        kind, key = record[0], record[1] * NUMBERS_OF_STORE + record[2]
        if kind == Kind.PUT:
            self._puts[key] = record
            self._touches.pop(key, None)
        elif kind == Kind.DROP:
            self._puts.pop(key, None)
            self._touches.pop(key, None)
            self._drops[key] = None
        elif key in self._puts:
            self._puts[key] = (*self._puts[key][:3], *record[3:5], *self._puts[key][5:])
        else:
            self._touches[key] = record

    def _write_messages(self, connection: sqlite3.Connection) -> None:
        execute = connection.executemany
        execute("DELETE FROM message WHERE place = ?", ((place,) for place in self._drops))
        execute("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)", map(_row, self._puts.items()))
        execute(
            "UPDATE message SET state = ?, delivery_count = ? WHERE place = ?",
            ((int(record[3]), record[4], place) for place, record in self._touches.items()),
        )
        self._puts, self._touches, self._drops = {}, {}, {}


def _row(item: tuple[int, Record]) -> Row:
    place, (_, _, _, state, delivery_count, rest, message) = item
    return place, int(state), delivery_count, codec.dump_message(message, rest), message.body


def _remove_entity(connection: sqlite3.Connection, entity: int) -> None:
    first, after = entity * STORES, entity * STORES + STORES
    for table in _OF_ENTITY:
        connection.execute(f"DELETE FROM {table} WHERE store >= ? AND store < ?", (first, after))  # noqa: S608 - our names
    places = first * NUMBERS_OF_STORE, after * NUMBERS_OF_STORE
    connection.execute("DELETE FROM message WHERE place >= ? AND place < ?", places)
    connection.execute("DELETE FROM entity WHERE number = ?", (entity,))
