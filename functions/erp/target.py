"""Writes into the ERP's tables, many rows a statement, each batch in a transaction.

create      with the hub's id (or the fields that no two rows share); where a row has them already, that row
            is updated, so that a repeated create ends as the first would have
update      by key; the rows are locked first, so of each it is known whether it is there, and unchanged
            where the write carries the version that it saw
deactivate  the column that says so; refused where the mapping names none
delete      where the mapping allows it, or the mark that says so; already gone is done
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Select, bindparam, delete, insert, select, update

from functions.erp.client import Client, Statements
from functions.erp.lookup import Lookup, living
from functions.erp.refusals import PARENT
from functions.erp.tables import NATIVE, Held, Wire, among
from shared.adapters.batches import Batches, failed
from shared.adapters.http import Cost
from shared.model.change import Applied, Outcome, Page, Verb, Write
from shared.model.errors import (
    Conflict,
    Gone,
    IntegrationError,
    Misconfigured,
    NotYet,
    Rejected,
    Unavailable,
)
from shared.model.golden import Value

Work = Callable[[Held, Sequence[Write], Statements], list[Outcome]]


class ErpTarget:
    def __init__(
        self, client: Client, entities: Mapping[str, Held], *, lookup: Lookup, batch: int, at_once: int
    ) -> None:
        self._client, self._entities, self._lookup = client, entities, lookup
        self._batch, self._at_once = batch, at_once
        self._work: Mapping[Verb, Work] = {
            Verb.CREATE: _create,
            Verb.UPDATE: _update,
            Verb.DEACTIVATE: _deactivate,
            Verb.DELETE: _delete,
        }

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        return await self._lookup.find(entity, keys)

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        held, cost = self._entities[entity], Cost()
        outcomes: list[Outcome] = []
        for verb in Verb:
            work, some = self._work[verb], [write for write in writes if write.verb is verb]
            if some and (refused := _not_mapped(held, verb)):
                outcomes += failed(some, refused)
                continue
            send = partial(self._send, work, held, cost)
            outcomes += await Batches(send, size=self._batch, at_once=self._at_once).outcomes(some)
        return Applied(outcomes, cost.calls, cost.bytes_sent)

    async def _send(self, work: Work, held: Held, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        try:
            return await self._client.write(partial(work, held, writes), cost)
        except Rejected as refusal:
            error = _named(refusal, held)
        if len(writes) == 1 and (waits := _waits(error, held, writes[0])):
            return failed(writes, waits)
        raise error


def _not_mapped(held: Held, verb: Verb) -> Rejected | None:
    """What the mapping does not provide for. Raises Misconfigured where it provides for no writes at all."""
    mapping, entity = held.mapping, held.translation.entity
    if verb is Verb.CREATE and not mapping.creates:
        raise Misconfigured(
            f"The mapping of {entity} has neither external_id nor unique: a create that came twice would make"
            " two rows",
            reason="NotWritable",
        )
    if verb is Verb.DEACTIVATE and mapping.active is None:
        return Rejected(f"The mapping of {entity} has no active column", reason="NoDeactivation")
    if verb is Verb.DELETE and not mapping.delete:
        return Rejected(f"The mapping of {entity} does not say `delete: true`", reason="DeleteNotAllowed")
    return None


def _named(refusal: Rejected, held: Held) -> Rejected:
    """With our field in place of the column."""
    column = refusal.field
    field = (held.translation.canonical_of(column) or column) if column else None
    return Rejected(refusal.description, reason=refusal.reason, field=field)


def _waits(error: Rejected, held: Held, write: Write) -> IntegrationError | None:
    """A refusal that passes by itself: others go first, or another has just made the row."""
    if write.verb is Verb.DELETE and error.reason == PARENT:
        return NotYet("The ERP deletes no row that others refer to", reason="HasChildren")
    if write.verb is Verb.CREATE and error.field is not None and error.field == held.mapping.external_id:
        return Conflict("Another handler has just made this row", reason="MadeMeanwhile")
    return None


# The work of one transaction


def _create(held: Held, writes: Sequence[Write], statements: Statements) -> list[Outcome]:
    marks = {write.id: _mark(held, write) for write in writes}
    before = _marked(held, list(marks.values()), statements)
    again = {id_: held.native_id(before[mark]) for id_, mark in marks.items() if mark in before}
    new = [write for write in writes if write.id not in again]
    _insert(held, new, statements)
    seen = _marked(held, [marks[write.id] for write in new], statements) if new else {}
    outcomes = [_outcome(held, write, seen.get(marks[write.id])) for write in new]
    patches = {
        write.id: replace(write, verb=Verb.UPDATE, native_id=again[write.id], version=None)
        for write in writes
        if write.id in again
    }
    patched = {each.write.id: each for each in _update(held, list(patches.values()), statements)}
    return outcomes + [replace(patched[write.id], write=write) for write in writes if write.id in again]


def _update(held: Held, writes: Sequence[Write], statements: Statements) -> list[Outcome]:
    ready, outcomes = _locked(held, writes, statements)
    _change(held, [(write, held.translation.from_canonical(write.values)) for write in ready], statements)
    seen = _seen(held, ready, statements)
    return outcomes + [_outcome(held, write, seen.get(_native(write))) for write in ready]


def _deactivate(held: Held, writes: Sequence[Write], statements: Statements) -> list[Outcome]:
    active = held.mapping.active
    if active is None:
        raise AssertionError("refused before")
    ready, outcomes = _locked(held, writes, statements)
    _change(held, [(write, {active.column: active.no}) for write in ready], statements)
    seen = _seen(held, ready, statements)
    done = [Outcome(write, write.native_id, _version(held, seen[_native(write)])) for write in ready]
    return done + [_gone_is_done(outcome) for outcome in outcomes]


def _delete(held: Held, writes: Sequence[Write], statements: Statements) -> list[Outcome]:
    ready, outcomes = _locked(held, writes, statements)
    deletes = held.mapping.deletes
    if deletes.column:
        _change(held, [(write, {deletes.column: deletes.value}) for write in ready], statements)
    elif ready:
        bound = [held.bound(_native(write)) for write in ready]
        statements.run(delete(held.table).where(held.is_row()), bound)
    done = [Outcome(write, write.native_id) for write in ready]
    return done + [_gone_is_done(outcome) for outcome in outcomes]


# Its steps


def _mark(held: Held, write: Write) -> tuple[str, ...]:
    """What a repeated create is known by."""
    if held.mapping.external_id is not None:
        return (write.id,)
    wire = held.translation.from_canonical(write.values)
    return tuple(str(wire.get(name, "")) for name in _mark_columns(held))


def _mark_columns(held: Held) -> list[str]:
    mapping = held.mapping
    if mapping.external_id is not None:
        return [mapping.external_id]
    return [held.translation.native_of(field) for field in mapping.unique]


def _marked(
    held: Held, marks: Sequence[tuple[str, ...]], statements: Statements
) -> dict[tuple[str, ...], Wire]:
    names = _mark_columns(held)
    query = select(*held.columns).where(among([held.source.c[name] for name in names], marks))
    return {tuple(str(wire[name]).strip() for name in names): wire for wire in statements.rows(query)}


def _insert(held: Held, writes: Sequence[Write], statements: Statements) -> None:
    """All in one statement: what a record leaves empty is the mapping's `on_create`, or nothing."""
    if not writes:
        return
    mapping = held.mapping
    wires = [held.translation.from_canonical(write.values) for write in writes]
    if mapping.external_id is not None:
        wires = [{**wire, mapping.external_id: write.id} for wire, write in zip(wires, writes, strict=True)]
    names = list(dict.fromkeys(name for wire in [*wires, mapping.on_create] for name in wire))
    rows = [{name: _given(wire, name, mapping.on_create) for name in names} for wire in wires]
    statements.run(insert(held.table), rows)


def _given(wire: Mapping[str, Any], name: str, otherwise: Mapping[str, Any]) -> Any:
    value = wire.get(name)
    return otherwise.get(name) if value is None else value


def _locked(held: Held, writes: Sequence[Write], statements: Statements) -> tuple[list[Write], list[Outcome]]:
    """The writes whose rows are there, as they were seen, and ours now; outcomes for the others.

    A row that somebody else has locked is left out rather than waited for, so that it delays no other.
    """
    query = _versions(held, writes).with_for_update(key_share=True, skip_locked=True)
    present = _present(held, query, statements) if writes else {}
    missing = [write for write in writes if _native(write) not in present]
    busy = _present(held, _versions(held, missing), statements) if missing else {}
    ready: list[Write] = []
    outcomes: list[Outcome] = []
    for write in writes:
        error = _in_the_way(write, present, busy)
        if error is None:
            ready.append(write)
        else:
            outcomes.append(Outcome(write, write.native_id, error=error))
    return ready, outcomes


def _versions(held: Held, writes: Sequence[Write]) -> Select[Any]:
    """Keys and versions of the rows that these writes are about."""
    version = held.mapping.version
    names = dict.fromkeys([*held.mapping.key, *([version] if version else [])])
    key = [held.table.c[name] for name in held.mapping.key]
    keys = [held.parts(_native(write)) for write in writes]
    query = select(*(held.table.c[name] for name in names)).where(among(key, keys), *living(held))
    return query.order_by(*key)


def _present(held: Held, query: Select[Any], statements: Statements) -> dict[str, str | None]:
    return {held.native_id(wire): _version(held, wire) for wire in statements.rows(query)}


def _in_the_way(
    write: Write, present: Mapping[str, str | None], busy: Mapping[str, str | None]
) -> IntegrationError | None:
    native_id = _native(write)
    if native_id in busy:
        return Unavailable("Somebody is at work on this row of the ERP", reason="RowLocked")
    if native_id not in present:
        return Gone("The row is not in the ERP any more", reason="RowGone")
    if write.version is not None and present[native_id] != write.version:
        return Conflict("The row has been changed in the ERP since it was read", reason="RowChanged")
    return None


def _change(held: Held, changes: Sequence[tuple[Write, Wire]], statements: Statements) -> None:
    """One statement for each set of columns that some of the writes change."""
    groups: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for write, wire in changes:
        bound = {f"new_{place}": wire[name] for place, name in enumerate(sorted(wire))}
        groups[tuple(sorted(wire))].append({**held.bound(_native(write)), **bound})
    for names, bound_rows in groups.items():
        values = {name: bindparam(f"new_{place}", type_=NATIVE) for place, name in enumerate(names)}
        statements.run(update(held.table).where(held.is_row()).values(values), bound_rows)


def _seen(held: Held, writes: Sequence[Write], statements: Statements) -> dict[str, Wire]:
    """The rows as they are after a write, which the database may have made into something else."""
    if not writes:
        return {}
    keys = [held.parts(_native(write)) for write in writes]
    query = select(*held.columns).where(among(held.key, keys))
    return {held.native_id(wire): wire for wire in statements.rows(query)}


def _outcome(held: Held, write: Write, wire: Wire | None) -> Outcome:
    if wire is None:
        raise Rejected(
            "The ERP's database keeps this row under another key than was written: declare what it makes of"
            " that column as one of the field's forms",
            reason="KeyChanged",
        )
    return Outcome(write, held.native_id(wire), _version(held, wire), taught=_taught(held, write, wire))


def _taught(held: Held, write: Write, wire: Wire) -> dict[str, Value] | None:
    """The fields that read back otherwise than they were written. Mostly none: then nothing is translated."""
    sent = held.translation.from_canonical(write.values)
    if all(wire[name] == value for name, value in sent.items()):
        return None
    shown, _ = held.translation.to_canonical(held.shown(wire))
    taught = {
        field: shown[field]
        for field, value in write.values.items()
        if field in shown and field not in held.translation.references and shown[field] != value
    }
    return taught or None


def _version(held: Held, wire: Wire) -> str | None:
    return str(wire[held.mapping.version]) if held.mapping.version else None


def _native(write: Write) -> str:
    return write.native_id or ""


def _gone_is_done(outcome: Outcome) -> Outcome:
    return Outcome(outcome.write, outcome.native_id) if isinstance(outcome.error, Gone) else outcome
