"""Writes into Dataverse by `$batch`: hundreds of records a call, each with an outcome of its own.

create      PATCH by the hub's id, an alternate key: it makes the row, or finds what an earlier try has made
update      PATCH by guid, If-Match the version that was seen, or any (then it makes no row that is gone)
deactivate  PATCH of the state
delete      DELETE by guid; already gone is done

Every write asks for the row's key back: with it come the guid of a new row, and the version that the next
conditional write needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from functions.dataverse.batch import Part
from functions.dataverse.client import Client
from functions.dataverse.lookup import Lookup
from functions.dataverse.records import ETAG
from functions.dataverse.refusals import of_part
from functions.dataverse.tables import HUB_ID, Table, encoded
from functions.dataverse.unit_group import UnitGroup
from shared.adapters.batches import Batches, failed
from shared.adapters.http import Answer, Cost
from shared.model.change import Applied, Outcome, Page, Verb, Write
from shared.model.errors import Gone, IntegrationError, Rejected
from shared.model.golden import Value

SHOW = (
    "Content-Type: application/json; type=entry\r\n"
    'Prefer: return=representation,odata.include-annotations="*"\r\n'
)
"""Of a write that shows the row afterwards; the annotations say which column of a key was violated."""

Make = Callable[[Table, Write], Part]


class DataverseTarget:
    def __init__(
        self,
        client: Client,
        tables: Mapping[str, Table],
        *,
        lookup: Lookup,
        unit_group: UnitGroup,
        batch_size: int,
        at_once: int,
    ) -> None:
        self._client, self._tables = client, tables
        self._lookup, self._unit_group = lookup, unit_group
        self._batch_size, self._at_once = batch_size, at_once

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        return await self._lookup.find(entity, keys)

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        table, cost = self._tables[entity], Cost()
        outcomes: list[Outcome] = []
        for verb in Verb:
            if some := [write for write in writes if write.verb is verb]:
                outcomes += await self._apply(table, verb, some, cost)
        return Applied(outcomes, cost.calls, cost.bytes_sent)

    async def _apply(self, table: Table, verb: Verb, writes: list[Write], cost: Cost) -> list[Outcome]:
        if verb is Verb.DEACTIVATE and not table.inactive:
            return failed(writes, _no_deactivation(table))
        send = partial(self._send, table, verb, cost)
        return await Batches(send, size=self._batch_size, at_once=self._at_once).outcomes(writes)

    async def _send(self, table: Table, verb: Verb, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        make = await self._maker(table, verb, cost)
        answers = await self._client.batch([make(table, write) for write in writes], cost=cost)
        return [_outcome(write, answer, table) for write, answer in zip(writes, answers, strict=True)]

    async def _maker(self, table: Table, verb: Verb, cost: Cost) -> Make:
        base = self._client.base
        if verb is Verb.CREATE:
            return partial(_create, base, await self._unit_group.bound(table, cost))
        return partial({Verb.UPDATE: _update, Verb.DEACTIVATE: _deactivate, Verb.DELETE: _delete}[verb], base)


def _create(base: str, also: Mapping[str, str], table: Table, write: Write) -> Part:
    key = quote(f"{HUB_ID}='{write.id}'", safe="='")
    body = encoded({**table.new(write.values), **also})
    return Part("PATCH", f"{base}{table.entity_set}({key})?$select={table.key}", SHOW, body)


def _update(base: str, table: Table, write: Write) -> Part:
    return _patch(base, table, write, encoded(table.wire(write.values)))


def _deactivate(base: str, table: Table, write: Write) -> Part:
    return _patch(base, table, write, encoded(table.inactive))


def _patch(base: str, table: Table, write: Write, body: bytes) -> Part:
    address = f"{_address(base, table, write)}?$select={table.key}"
    return Part("PATCH", address, f"{SHOW}If-Match: {write.version or '*'}\r\n", body)


def _delete(base: str, table: Table, write: Write) -> Part:
    condition = f"If-Match: {write.version}\r\n" if write.version else ""
    return Part("DELETE", _address(base, table, write), condition)


def _address(base: str, table: Table, write: Write) -> str:
    return f"{base}{table.entity_set}({quote(write.native_id or '', safe='')})"


def _outcome(write: Write, answer: Answer, table: Table) -> Outcome:
    if answer.status >= 400:
        error = of_part(answer, write, table)
        done = isinstance(error, Gone) and write.verb in (Verb.DELETE, Verb.DEACTIVATE)
        return Outcome(write, write.native_id, error=None if done else error)
    if write.verb is Verb.DELETE:
        return Outcome(write, write.native_id)
    try:
        shown = answer.json(dict)
    except IntegrationError as error:
        return Outcome(write, write.native_id, error=error)
    return Outcome(write, shown.get(table.key) or write.native_id, shown.get(ETAG))


def _no_deactivation(table: Table) -> Rejected:
    return Rejected(
        f"Dataverse has no inactive state for {table.name}: let the flow's policy for deletes be propagate or"
        " ignore",
        reason="NoDeactivation",
    )
