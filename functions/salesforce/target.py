"""Writes into Salesforce: 200 records a call, or one bulk job where there are thousands of one kind.

create      upsert by the hub's id, so that a repeated create finds what it made; a learner as a lead that
            sales finds complete (`registration.py`), and never by a bulk job, which could not say so
update      by native id, never upsert: what is not found was deleted there
delete      into the recycle bin; already gone is done
deactivate  refused: accounts, contacts and leads have no such state
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from functions.salesforce.bulk import Bulk, fits
from functions.salesforce.client import Client
from functions.salesforce.lookup import Lookup
from functions.salesforce.refusals import GONE, of_record
from functions.salesforce.registration import UNASSIGNED, Record, Registration, judged
from functions.salesforce.schema import Schema
from functions.salesforce.sobject import EXTERNAL_ID, SObject, long_id
from functions.salesforce.translate import ONCE
from shared.adapters.batches import Batches, failed
from shared.adapters.http import Answer, Cost
from shared.model.change import Applied, Outcome, Page, Verb, Write
from shared.model.errors import IntegrationError, Misconfigured, Rejected, Unavailable
from shared.model.golden import Value
from shared.model.translation import Translation

COLLECTION = 200
"""The most records that one call takes."""


class SalesforceTarget:
    def __init__(
        self,
        client: Client,
        translations: Mapping[str, SObject],
        *,
        lookup: Lookup,
        schema: Schema,
        registration: Registration,
        bulk: Bulk,
        bulk_threshold: int,
        at_once: int,
    ) -> None:
        self._client, self._translations = client, translations
        self._lookup, self._schema, self._registration = lookup, schema, registration
        self._bulk, self._bulk_threshold, self._at_once = bulk, bulk_threshold, at_once
        self._calls = {Verb.CREATE: self._create, Verb.UPDATE: self._update, Verb.DELETE: self._delete}

    async def read(self, entity: str, native_ids: Sequence[str]) -> Page:
        return await self._lookup.read(entity, native_ids)

    async def find(self, entity: str, keys: Sequence[Mapping[str, Value]]) -> Page:
        return await self._lookup.find(entity, keys)

    async def apply(self, entity: str, writes: Sequence[Write]) -> Applied:
        translation, cost = self._translations[entity], Cost()
        outcomes: list[Outcome] = []
        if writes and (error := await self._unready(translation)):
            return Applied(failed(writes, error))
        for verb in Verb:
            if some := [write for write in writes if write.verb is verb]:
                outcomes += await self._apply(translation, verb, some, cost)
        return Applied(outcomes, cost.calls, cost.bytes_sent)

    async def _unready(self, sobject: SObject) -> IntegrationError | None:
        """Why the org cannot be written just now; raises Misconfigured where it lacks something."""
        try:
            await self._schema.check(sobject)
        except Misconfigured:
            raise
        except IntegrationError as error:
            return error
        return None

    async def _apply(
        self, translation: SObject, verb: Verb, writes: list[Write], cost: Cost
    ) -> list[Outcome]:
        if verb is Verb.DEACTIVATE:
            return failed(writes, _no_deactivation(translation))
        outcomes: list[Outcome] = []
        writes = _siblings_together(translation, writes)
        if len(writes) > self._bulk_threshold and translation.entity not in ONCE:
            bulky = [write for write in writes if fits(write)]
            writes = [write for write in writes if not fits(write)]
            outcomes = await self._bulk.outcomes(translation, verb, bulky, cost)
        send = partial(self._calls[verb], translation, cost)
        return outcomes + await Batches(send, size=COLLECTION, at_once=self._at_once).outcomes(writes)

    async def _create(self, translation: SObject, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        records: Sequence[Record]
        records = [{EXTERNAL_ID: write.id, **translation.from_canonical(write.values)} for write in writes]
        path = f"/composite/sobjects/{translation.native}/{EXTERNAL_ID}"
        if translation.entity not in ONCE:
            return _outcomes(await self._patch(path, translation, records, cost), writes, translation)
        records = await self._registration.completed(translation.native, records)
        answer = await self._patch(path, translation, records, cost, UNASSIGNED)
        return [judged(outcome) for outcome in _outcomes(answer, writes, translation)]

    async def _update(self, translation: SObject, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        records = [{"Id": write.native_id, **translation.from_canonical(write.values)} for write in writes]
        return _outcomes(
            await self._patch("/composite/sobjects", translation, records, cost), writes, translation
        )

    async def _delete(self, translation: SObject, cost: Cost, writes: Sequence[Write]) -> list[Outcome]:
        ids = ",".join(write.native_id or "" for write in writes)
        params = {"ids": ids, "allOrNone": "false"}
        answer = await self._client.call("DELETE", "/composite/sobjects", params=params, cost=cost)
        return [_gone_is_done(outcome) for outcome in _outcomes(answer, writes, translation)]

    async def _patch(
        self,
        path: str,
        translation: SObject,
        records: Sequence[Record],
        cost: Cost,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        attributes = {"type": translation.native}
        typed = [{"attributes": attributes, **record} for record in records]
        content = orjson.dumps({"allOrNone": False, "records": typed})
        return await self._client.call("PATCH", path, content=content, headers=headers, cost=cost)


def _siblings_together(translation: Translation, writes: list[Write]) -> list[Write]:
    """Two calls that write children of one parent at once lock it from each other; one call does not."""
    parents = sorted(translation.references)
    return sorted(writes, key=lambda write: [str(write.values.get(parent)) for parent in parents])


def _outcomes(answer: Answer, writes: Sequence[Write], translation: Translation) -> list[Outcome]:
    """One result for each record, in their order, whatever the status of the whole says."""
    results = answer.json(list)
    if len(results) != len(writes):
        return failed(
            writes, Unavailable(f"{answer.request}: not one result for each record", reason="MalformedAnswer")
        )
    return [_outcome(write, result, translation) for write, result in zip(writes, results, strict=True)]


def _outcome(write: Write, result: Mapping[str, Any], translation: Translation) -> Outcome:
    if not result.get("success"):
        return Outcome(write, write.native_id, error=of_record(result.get("errors") or [], translation))
    return Outcome(write, long_id(result["id"]) if result.get("id") else write.native_id)


def _gone_is_done(outcome: Outcome) -> Outcome:
    if outcome.error is not None and outcome.error.reason in GONE:
        return Outcome(outcome.write, outcome.native_id)
    return outcome


def _no_deactivation(translation: Translation) -> Rejected:
    return Rejected(
        f"Salesforce has no inactive state for {translation.native}: let the flow's policy for deletes be"
        " propagate or ignore",
        reason="NoDeactivation",
    )
