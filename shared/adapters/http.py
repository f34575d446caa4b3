"""The one place that speaks HTTP: bounded in time, size and connections, and honest about what went wrong.

    request ── attempt ── send ── judge ──> Answer
       │          │         │       └ a status (or a vendor's own code) becomes one of our errors
       │          │         └ a network error becomes Unavailable
       │          └ counted in the caller's `Cost`: tries again count, too
       └ tried again only where `repeatable` and Unavailable: few times, shortly

Rules
- A request that writes is not repeated here: whether it was done is for its caller to find out.
- Throttled is not waited out here: whoever owns the work knows what else there is to do.
- Errors and logs name method, host and path, never a query, a header or a body: these hold names, addresses
  and secrets.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random
from typing import Any, TypeVar

import httpx
import orjson
import stamina

from shared.model.errors import IntegrationError, Misconfigured, Rejected, Throttled, Unavailable

# httpx logs each request with its query at INFO, and a query holds customers' e-mail addresses.
logging.getLogger("httpx").setLevel(logging.WARNING)


Shape = TypeVar("Shape")
Transport = httpx.AsyncBaseTransport
"""What carries requests; None stands for real sockets."""


@dataclass(slots=True)
class Cost:
    """What some work has asked of a system: calls, and bytes of request bodies."""

    calls: int = 0
    bytes_sent: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers, body."""

    status: int
    headers: httpx.Headers
    body: bytes
    request: str
    """The method and the path, for errors."""

    def json(self, kind: type[Shape]) -> Shape:
        """The body, which has to be of this kind: an object, an array."""
        found = self._parsed()
        if not isinstance(found, kind):
            raise Unavailable(f"{self.request}: an answer of another shape", reason="MalformedAnswer")
        return found

    def _parsed(self) -> Any:
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self._mended()

    def _mended(self) -> Any:
        """A body that holds half of a character, as systems send that cut texts in the middle of an emoji.

        One such row must not keep its whole page away: the half becomes a question mark.
        """
        try:
            loose = json.dumps(json.loads(self.body), ensure_ascii=False)
            return orjson.loads(loose.encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise Unavailable(
                f"{self.request}: an answer that is no JSON", reason="MalformedAnswer"
            ) from None


Judge = Callable[[Answer], IntegrationError | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how much, how many at once."""

    connect: float = 10.0
    read: float = 120.0
    total: float = 300.0
    answer_bytes: int = 64 * 1024 * 1024
    connections: int = 16


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a repeatable request is tried; seconds."""

    attempts: int = 3
    first_wait: float = 0.2
    longest_wait: float = 2.0


AT_ONCE = Retries(first_wait=0.0, longest_wait=0.0)
"""As often, with no waiting: for virtual time and tests."""


class Http:
    """A system's HTTP interface. `transport` and `random` come in, so that nothing here is of the air."""

    def __init__(
        self,
        base_url: str,
        *,
        random: Random,
        transport: Transport | None = None,
        limits: Limits | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._retries = retries or Retries()
        self._random = random
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=httpx.Timeout(self._limits.read, connect=self._limits.connect),
            limits=httpx.Limits(
                max_connections=self._limits.connections, max_keepalive_connections=self._limits.connections
            ),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        repeatable: bool | None = None,
        judge: Judge | None = None,
        cost: Cost | None = None,
    ) -> Answer:
        """The answer, where `judge` finds nothing wrong with it; else its error.

        A GET is repeatable unless the caller says otherwise, and nothing else is.
        """
        request = self._client.build_request(method, path, params=params, headers=headers, content=content)
        again = method == "GET" if repeatable is None else repeatable
        async for attempt in self._attempts(again=again):
            with attempt:
                answer = await self._attempt(request, cost or Cost())
                if error := (judge or judged)(answer):
                    raise error
        return answer

    def _attempts(self, *, again: bool) -> Any:
        waits = iter(self._waits())

        def wait(error: Exception) -> bool | float:
            return next(waits, False) if isinstance(error, Unavailable) else False

        attempts = self._retries.attempts if again else 1
        return stamina.retry_context(on=wait, attempts=attempts, timeout=None)

    def _waits(self) -> list[float]:
        """Exponential, each spread over its upper half so that instances do not knock together."""
        kept = self._retries
        steps = [min(kept.first_wait * 2**number, kept.longest_wait) for number in range(kept.attempts)]
        return [step * self._random.uniform(0.5, 1.0) for step in steps]

    async def _attempt(self, request: httpx.Request, cost: Cost) -> Answer:
        cost.calls += 1
        cost.bytes_sent += len(request.content)
        try:
            async with asyncio.timeout(self._limits.total):
                return await self._send(request)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unavailable(f"{_named(request)}: no answer in time", reason="Timeout") from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Misconfigured(f"{_named(request)}: the address is wrong", reason="WrongAddress") from error
        except httpx.ConnectError as error:
            raise Unavailable(f"{_named(request)}: no connection ({error})", reason="Unreachable") from error
        except httpx.TransportError as error:
            raise Unavailable(f"{_named(request)}: connection dropped", reason="Dropped") from error

    async def _send(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = await self._bounded(response)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, body, _named(request))

    async def _bounded(self, response: httpx.Response) -> bytes:
        """The body, decompressed: it is that size which fills the memory."""
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self._limits.answer_bytes:
                raise Unavailable(
                    f"{_named(response.request)}: an answer of more than {self._limits.answer_bytes} bytes",
                    reason="AnswerTooLarge",
                )
            parts.append(part)
        return b"".join(parts)


def judged(answer: Answer) -> IntegrationError | None:
    """What a status says where the vendor says no more."""
    status, said = answer.status, f"{answer.request}: HTTP {answer.status}"
    if status < 400:
        return None
    if status in {401, 403}:
        return Misconfigured(f"{said}: check the credentials and their rights", reason=f"Http{status}")
    if status == 429:
        return Throttled(said, retry_after=retry_after(answer))
    if status >= 500 or status == 408:
        return Unavailable(said, reason=f"Http{status}")
    return Rejected(said, reason=f"Http{status}")


def retry_after(answer: Answer) -> float | None:
    """Seconds to wait, from either form of Retry-After; a date counts from the server's own clock."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until, now = (parsedate_to_datetime(each) for each in (said, answer.headers.get("Date", "")))
    except ValueError:
        return None
    return max(0.0, (until - now).total_seconds())


def _named(request: httpx.Request) -> str:
    return f"{request.method} {request.url.host}{request.url.path}"
