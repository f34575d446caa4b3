"""Speaks Salesforce's REST API: a session, queries, and calls that write.

    call ── token ── Http.request ── judge ──> Answer
              └ refused as expired: one new login, one more try

The login is not counted in a cost: it is no call of the API.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from urllib.parse import urlencode

import orjson

from functions.salesforce.records import Found, Token, micros_of_date, read, usage_of
from functions.salesforce.refusals import EXPIRED, judge
from shared.adapters.credentials import Grant, Session
from shared.adapters.http import Answer, Cost, Http
from shared.model.budget import Usage
from shared.model.errors import IntegrationError, Misconfigured

ORIGIN = {"Sforce-Call-Options": "client=crosswalk"}
"""Marks what we write, so that change events can tell it from a user's edit."""

JSON = "application/json"


class Client:
    """One org. `usage` is what its last answer, a refusal too, said of the calls of the day."""

    def __init__(self, http: Http, grant: Grant, *, api_version: str, clock: Callable[[], int]) -> None:
        self.usage: Usage | None = None
        self._http, self._grant, self._clock = http, grant, clock
        self._base = f"/services/data/v{api_version}"
        self._session = Session(self._login)

    async def close(self) -> None:
        await self._http.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes = b"",
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        cost: Cost | None = None,
    ) -> Answer:
        """One call of the API; `path` starts behind the version. Logs in again once where it must."""

        async def once(token: str) -> Answer:
            return await self._http.request(
                method,
                self._base + path,
                params=params,
                headers={
                    **ORIGIN,
                    **(headers or {}),
                    "Authorization": f"Bearer {token}",
                    "Content-Type": content_type,
                },
                content=content,
                repeatable=repeatable,
                judge=self._judge,
                cost=cost,
            )

        token = await self._session.token()
        try:
            return await once(token)
        except Misconfigured as error:
            if error.reason != EXPIRED:
                raise
            return await once(await self._session.token(refused=token))

    async def ask(self) -> None:
        """Ask for the limits alone: the header of the answer says it, as that of every other."""
        await self.call("GET", "/limits")

    async def query(self, soql: str, *, deleted: bool = False) -> Found:
        """The first records that a query finds; with `deleted`, those in the recycle bin as well."""
        return await self._found("/queryAll" if deleted else "/query", {"q": soql})

    async def records(self, soql: str) -> AsyncIterator[Found]:
        """All that a query finds, answer by answer."""
        found = await self.query(soql)
        yield found
        while found.more:
            found = await self._found(found.more.removeprefix(self._base), None)
            yield found

    async def retrieve(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> Found:
        """These records; one that is not there is left out."""
        content = orjson.dumps({"ids": ids, "fields": fields})
        answer = await self.call("POST", f"/composite/sobjects/{sobject}", content=content, repeatable=True)
        records = [record for record in answer.json(list) if record is not None]
        return Found(records, None, self._server_clock(answer))

    def _judge(self, answer: Answer) -> IntegrationError | None:
        self.usage = usage_of(answer.headers.get("Sforce-Limit-Info", ""), self._clock()) or self.usage
        return judge(answer)

    async def _found(self, path: str, params: Mapping[str, str] | None) -> Found:
        answer = await self.call("GET", path, params=params)
        body = answer.json(dict)
        return Found(
            body.get("records", []),
            None if body.get("done", True) else body.get("nextRecordsUrl"),
            self._server_clock(answer),
        )

    def _server_clock(self, answer: Answer) -> int:
        """The server's own clock; ours, where a proxy has taken the header away."""
        try:
            return micros_of_date(answer.headers.get("Date", ""))
        except ValueError:
            return self._clock()

    async def _login(self) -> str:
        answer = await self._http.request(
            "POST",
            "/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(self._grant.form()).encode(),
            repeatable=True,
            judge=judge,
        )
        return read(Token, answer).access_token
