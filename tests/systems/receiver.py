"""Somebody who is pushed to: keeps what came, and answers as told, with 200 when nothing more was said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from local.systems.push.courier import Courier

Answer = httpx.Response | Exception


class Receiver:
    url = "https://hub.test/api/events/some"

    def __init__(self, usual: Callable[[], httpx.Response] = lambda: httpx.Response(202)) -> None:
        self.came: list[httpx.Request] = []
        self.answers: list[Answer] = []
        self.usual = usual

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.came.append(request)
        answer = self.answers.pop(0) if self.answers else self.usual()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def drain(self, courier: Courier | None) -> list[httpx.Request]:
        """Lets all be sent that is due now; what came by that."""
        assert courier is not None
        before = len(self.came)

        async def flush() -> None:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self.handle)) as client:
                await courier.flush(client)

        asyncio.run(flush())
        return self.came[before:]
