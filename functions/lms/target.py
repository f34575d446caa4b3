"""Writes into the LMS, 100 records a call.

create      with the hub's id as external id; where that is taken, the row that has it is patched, so
            that a repeated create ends as the first would have
update      by id; conditional where the write carries the version that it saw
deactivate  status inactive
delete      already gone is done
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from functions.lms.client import Client
from functions.lms.lookup import Lookup
from functions.lms.refusals import of_record
from shared.adapters.batches import Batches
from shared.adapters.http import Cost
from shared.model.change import Applied, Outcome, Page, Verb, Write
from shared.model.golden import Value
from shared.model.translation import Translation

BATCH = 100
"""The most records that one call takes."""

GONE = 404
Result = Mapping[str, Any]


class LmsTarget:
    def __init__(
        self, client: Client, translations: Mapping[str, Translation], *, lookup: Lookup, at_once: int
    ) -> None:
        self._client, self._translations = client, translations
        self._lookup, self._at_once = lookup, at_once
        self._calls = {
            Verb.CREATE: self._create,
            Verb.UPDATE: self._update,
            Verb.DEACTIVATE: self._deactivate,
            Verb.DELETE: self._delete,
        }

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        return await self._lookup.find(entity, keys)

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        translation, cost = self._translations[entity], Cost()
        outcomes: list[Outcome] = []
        for verb in Verb:
            some = [write for write in writes if write.verb is verb]
            send = partial(self._calls[verb], translation, cost)
            outcomes += await Batches(send, size=BATCH, at_once=self._at_once).outcomes(some)
        return Applied(outcomes, cost.calls, cost.bytes_sent)

    async def _create(self, translation: Translation, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        records = [{"external_id": write.id, **translation.from_canonical(write.values)} for write in writes]
        results = await self._client.batch("POST", f"{translation.native}/batch", {"records": records}, cost)
        made = [_made_before(write, result) for write, result in zip(writes, results, strict=True)]
        again = [write for write in made if write is not None]
        patched = await self._update(translation, cost, again) if again else []
        by_id = {outcome.write.id: outcome for outcome in patched}
        return [
            _as_create(write, by_id[write.id]) if before else _outcome(write, result, translation)
            for write, result, before in zip(writes, results, made, strict=True)
        ]

    async def _update(self, translation: Translation, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        records = [_changes(write, translation.from_canonical(write.values)) for write in writes]
        return await self._patch(translation, cost, writes, records)

    async def _deactivate(
        self, translation: Translation, cost: Cost, writes: Sequence[Write]
    ) -> list[Outcome]:
        records = [_changes(write, {"status": "inactive"}) for write in writes]
        outcomes = await self._patch(translation, cost, writes, records)
        return [_gone_is_done(outcome) for outcome in outcomes]

    async def _patch(
        self,
        translation: Translation,
        cost: Cost,
        writes: Sequence[Write],
        records: Sequence[Mapping[str, Any]],
    ) -> list[Outcome]:
        results = await self._client.batch("PATCH", f"{translation.native}/batch", {"records": records}, cost)
        return [_outcome(write, result, translation) for write, result in zip(writes, results, strict=True)]

    async def _delete(self, translation: Translation, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        ids = [_number(write) for write in writes]
        results = await self._client.batch("POST", f"{translation.native}/batch-delete", {"ids": ids}, cost)
        outcomes = [
            _outcome(write, result, translation) for write, result in zip(writes, results, strict=True)
        ]
        return [_gone_is_done(outcome) for outcome in outcomes]


def _changes(write: Write, fields: Mapping[str, Any]) -> dict[str, Any]:
    condition = {} if write.version is None else {"if_updated_at": write.version}
    return {"id": _number(write), **condition, **fields}


def _number(write: Write) -> int | str | None:
    """What is no number goes as it is, and the LMS refuses it."""
    native_id = write.native_id
    return int(native_id) if native_id is not None and native_id.isdecimal() else native_id


def _outcome(write: Write, result: Result, translation: Translation) -> Outcome:
    if 200 <= result.get("status", 0) < 300:
        native_id = str(result["id"]) if "id" in result else write.native_id
        return Outcome(write, native_id, result.get("updated_at"))
    return Outcome(write, write.native_id, error=of_record(result, translation))


def _made_before(write: Write, result: Result) -> Write | None:
    """An update of the row that an earlier try of this create has made."""
    if result.get("status") != 409 or result.get("code") != "duplicate_external_id":
        return None
    return Write(Verb.UPDATE, write.id, write.values, str(result["id"]))


def _as_create(write: Write, patched: Outcome) -> Outcome:
    return Outcome(write, patched.native_id, patched.version, patched.error)


def _gone_is_done(outcome: Outcome) -> Outcome:
    if outcome.error is not None and outcome.error.reason in {"not_found", f"Http{GONE}"}:
        return Outcome(outcome.write, outcome.native_id)
    return outcome
