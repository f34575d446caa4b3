"""HTTP functions: a request in, `func.HttpRequest` to the function, `func.HttpResponse` out.

key ── body, bounded ── HttpRequest ── the function ── HttpResponse, str or None ── response
 └401        └413                            └500, without a word about why
"""

from collections.abc import Iterable

import azure.functions as func
from azure.functions.http import HttpRequest
from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from local.host.functions import HostedFunction, HttpTrigger
from local.host.invocation import Invoker
from local.host.keys import Keys


class TooLarge(Exception):
    pass


class HttpEndpoint:
    """One HTTP function as an ASGI application."""

    def __init__(
        self, function: HostedFunction[HttpTrigger], invoker: Invoker, keys: Keys, largest_body: int
    ) -> None:
        self._function = function
        self._invoker = invoker
        self._keys = keys
        self._largest_body = largest_body

    def routes(self) -> list[StarletteRoute]:
        trigger = self._function.trigger
        name = self._function.name
        return [
            StarletteRoute(path, self, methods=trigger.methods, name=name) for path in trigger.route.paths
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if not self._keys.admit(self._function.trigger.level, request.headers, request.query_params):
            return Response(status_code=401)
        try:
            body = await _body(request, self._largest_body)
        except TooLarge:
            return Response(status_code=413)
        return await self._invoke(request, body)

    async def _invoke(self, request: Request, body: bytes) -> Response:
        headers = _joined([*request.headers.items(), *_heard_from(request)])
        outcome = await self._invoker.invoke(
            self._function, _to_function(request, headers, body), "http", headers
        )
        return _from_function(outcome.value) if outcome.succeeded else Response(status_code=500)


def in_order(functions: Iterable[HostedFunction[HttpTrigger]]) -> list[HostedFunction[HttpTrigger]]:
    """Literal segments are tried before parameters, as the cloud's router does."""
    return sorted(functions, key=lambda function: function.trigger.route.rank)


async def _body(request: Request, largest: int) -> bytes:
    """Read piece by piece: a length that the client states, or does not, is no bound."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > largest:
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def _to_function(request: Request, headers: dict[str, str], body: bytes) -> HttpRequest:
    parameters: ImmutableMultiDict[str, str] = request.query_params
    return HttpRequest(
        method=request.method,
        url=str(request.url),
        headers=headers,
        params=_joined(parameters.multi_items()),
        route_params={name: str(value) for name, value in request.path_params.items()},
        body_type="bytes",
        body=body,
    )


def _heard_from(request: Request) -> Iterable[tuple[str, str]]:
    """Whom it heard, as the cloud's front end adds it behind what a caller may have said itself."""
    if request.client:
        yield "x-forwarded-for", f"{request.client.host}:{request.client.port}"


def _joined(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name that comes twice keeps both values, with a comma between, as the cloud hands them over."""
    together: dict[str, str] = {}
    for name, value in items:
        together[name] = f"{together[name]},{value}" if name in together else value
    return together


def _from_function(value: object) -> Response:
    if value is None:
        return Response(status_code=204)
    if isinstance(value, str):
        return Response(value, media_type="text/plain")
    if isinstance(value, func.HttpResponse):
        return _with_headers(value)
    return Response(status_code=500)


def _with_headers(answer: func.HttpResponse) -> Response:
    response = Response(answer.get_body(), status_code=answer.status_code)
    for name, value in answer.headers.items():
        response.headers.append(name, value)
    if "content-type" not in answer.headers:
        text = answer.mimetype.startswith("text/")
        kind = f"{answer.mimetype}; charset={answer.charset}" if text else answer.mimetype
        response.headers["content-type"] = kind
    return response
