"""Speaks Dataverse's Web API: a session, pages of rows, and batches.

    call ── token ── Http.request ── judge ──> Answer
              └ refused: one new login, one more try

The login is not counted in a cost: it is no call of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import httpx

from functions.dataverse.batch import CONTENT_TYPE, Malformed, Part, Reply, is_batch, replies, written
from functions.dataverse.login import Login
from functions.dataverse.records import Found, micros_of_date
from functions.dataverse.refusals import UNAUTHORIZED, judge
from shared.adapters.credentials import Session
from shared.adapters.http import Answer, Cost, Http
from shared.model.errors import IntegrationError, Misconfigured, Unavailable

ALWAYS = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "If-None-Match": "null",  # the word itself: no answer from a cache
}


class Client:
    """One environment."""

    def __init__(self, http: Http, login: Login, *, api_version: str, clock: Callable[[], int]) -> None:
        self._http, self._login, self._clock = http, login, clock
        self._session = Session(login)
        self.base = f"/api/data/v{api_version}/"

    async def close(self) -> None:
        await self._http.close()
        await self._login.http.close()

    async def rows(self, path: str, prefer: str, cost: Cost | None = None) -> Found:
        """A page; `path` starts behind the version, and a link of the server's is sent as it came."""
        answer = await self._call("GET", path, {"Prefer": prefer}, cost=cost)
        return self.found(answer)

    def found(self, answer: Answer) -> Found:
        body = answer.json(dict)
        if not isinstance(rows := body.get("value"), list):
            raise Unavailable(f"{answer.request}: an answer without rows", reason="MalformedAnswer")
        following, delta = body.get("@odata.nextLink"), body.get("@odata.deltaLink")
        return Found(
            rows, self._behind_version(following), self._behind_version(delta), self._read_at(answer)
        )

    async def batch(
        self, parts: Sequence[Part], *, reads: bool = False, cost: Cost | None = None
    ) -> list[Answer]:
        """The answer to each part, in their order, refusals too. A batch that only reads is repeatable."""
        answer = await self._call(
            "POST",
            "$batch",
            {"Content-Type": CONTENT_TYPE, "Prefer": "odata.continue-on-error"},
            content=written(parts),
            repeatable=reads,
            cost=cost,
        )
        try:
            found = replies(answer.headers.get("Content-Type", ""), answer.body)
        except Malformed:
            found = []
        if len(found) != len(parts):
            raise Unavailable(f"{answer.request}: not one answer for each part", reason="MalformedAnswer")
        return [_answer(reply, part, answer) for reply, part in zip(found, parts, strict=True)]

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        content: bytes = b"",
        repeatable: bool | None = None,
        cost: Cost | None = None,
    ) -> Answer:
        async def once(token: str) -> Answer:
            return await self._http.request(
                method,
                self.base + path,
                headers={**ALWAYS, **headers, "Authorization": f"Bearer {token}"},
                content=content,
                repeatable=repeatable,
                judge=_judge,
                cost=cost,
            )

        token = await self._session.token()
        try:
            return await once(token)
        except Misconfigured as error:
            if error.reason != UNAUTHORIZED:
                raise
            return await once(await self._session.token(refused=token))

    def _behind_version(self, link: str | None) -> str | None:
        """Kept without its address: wherever a link would lead, our token goes to our environment only."""
        if link is None:
            return None
        _, found, path = link.partition(self.base)
        if not found:
            raise Unavailable("Dataverse gives a link to somewhere else", reason="MalformedAnswer")
        return path

    def _read_at(self, answer: Answer) -> int:
        """The server's own clock; ours, where a proxy has taken the header away."""
        try:
            return micros_of_date(answer.headers.get("Date", ""))
        except ValueError:
            return self._clock()


def _judge(answer: Answer) -> IntegrationError | None:
    """A batch that stops at its first bad record is a 400, with what came so far in its body."""
    if answer.status == 400 and is_batch(answer.headers.get("Content-Type", "")):
        return None
    return judge(answer)


def _answer(reply: Reply, part: Part, whole: Answer) -> Answer:
    headers = httpx.Headers([("Date", whole.headers.get("Date", "")), *_decoded(reply)])
    return Answer(reply.status, headers, reply.body, f"{part.method} in {whole.request}")


def _decoded(reply: Reply) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers]
