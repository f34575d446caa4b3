"""Bring back what a journal kept: entities first, then what was in them."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.servicebus.engine.directory import Directory
from local.servicebus.engine.held import Held
from local.servicebus.engine.lines import Agenda
from local.servicebus.engine.message import MessageState
from local.servicebus.engine.records import Kind, Record
from local.servicebus.engine.sessions import SessionQueue

if TYPE_CHECKING:
    from local.servicebus.engine.message import Message


def replay(records: Iterable[Record], directory: Directory, agenda: Agenda) -> None:
    """Locks are not kept: what was locked is ready again, its delivery count as it was."""
    with _no_garbage():
        for record in records:
            _REPLAYS[record[0]](record, directory)
    for place in directory.places():
        agenda.note(place, place.due())


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Nothing that is loaded is garbage: looking for it in vain would take as long as the loading."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _entity(record: Record, directory: Directory) -> None:
    _, number, described = record
    directory.restore(number, described)


def _numbers(record: Record, directory: Directory) -> None:
    _, store, reserved = record
    directory.store(store).numbers.restore(reserved)


def _seen(record: Record, directory: Directory) -> None:
    _, store, message_id, at = record
    duplicates = directory.inlet(directory.store(store).address).duplicates
    if duplicates is not None:
        duplicates.restore(message_id, at)


def _state(record: Record, directory: Directory) -> None:
    _, store, session_id, state, at = record
    queue = directory.store(store)
    if isinstance(queue, SessionQueue):
        queue.restore_state(session_id, state, at)


def _put(record: Record, directory: Directory) -> None:
    _, store, number, state, delivery_count, rest, content = record
    origin, enqueued_at, expires_at, source, hops = rest
    message: Message = content
    held = Held(
        message,
        number,
        origin,
        enqueued_at,
        expires_at,
        delivery_count,
        MessageState(state),
        source,
        hops,
    )
    directory.store(store).restore(held)


_REPLAYS = {
    Kind.ENTITY: _entity,
    Kind.NUMBERS: _numbers,
    Kind.SEEN: _seen,
    Kind.STATE: _state,
    Kind.PUT: _put,
}
