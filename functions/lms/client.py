"""Speaks the LMS's REST API: lists, look-ups, batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import SecretStr

from functions.lms.records import Listed
from functions.lms.refusals import judge
from shared.adapters.http import Cost, Http
from shared.model.errors import Unavailable

BASE = "/api/v1/"


class Client:
    def __init__(self, http: Http, token: SecretStr) -> None:
        self._http, self._token = http, token

    async def close(self) -> None:
        await self._http.close()

    async def listed(self, resource: str, params: Mapping[str, str]) -> Listed:
        answer = await self._http.request(
            "GET", BASE + resource, params=params, headers=self._headers(), judge=judge
        )
        body = answer.json(dict)
        try:
            return Listed(body["data"], body.get("next_cursor"), body["as_of"])
        except KeyError:
            raise Unavailable(f"{answer.request}: an answer without rows", reason="MalformedAnswer") from None

    async def batch(
        self, method: str, path: str, body: Mapping[str, Sequence[Any]], cost: Cost
    ) -> list[Mapping[str, Any]]:
        """One result for each record of the body, in their order."""
        answer = await self._http.request(
            method, BASE + path, headers=self._headers(), content=orjson.dumps(body), judge=judge, cost=cost
        )
        results = answer.json(dict).get("results")
        (wanted,) = body.values()
        if not isinstance(results, list) or len(results) != len(wanted):
            raise Unavailable(f"{answer.request}: not one result for each record", reason="MalformedAnswer")
        return results

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token.get_secret_value()}",
            "Content-Type": "application/json",
        }
