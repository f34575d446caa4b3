"""Requests to operations, refusals to status codes.

200  shown, updated, deleted      201  made
200 with an empty feed            what is asked for is no queue and no topic: so does Service Bus
400  the document or an option is wrong      404, 409  not there, there already
401  the token, or no right to manage
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from xml.etree.ElementTree import Element

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.servicebus.admin import atom, resources
from local.servicebus.admin.views import Listing, Shown, View
from local.servicebus.admin.xml import DocumentError, bus, parse, write
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import Right
from local.servicebus.engine.errors import BrokerError, EntityNotFoundError
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import UnauthorizedError

MAX_DOCUMENT = 1024 * 1024
MAX_PAGE = 100
NAMESPACE = "sbemulatorns"


class Administration:
    """An ASGI application. It acts in the loop's thread, the only one that may call the broker."""

    def __init__(self, broker: Broker, keys: KeyRing, clock: Callable[[], datetime]) -> None:
        self._broker = broker
        self._keys = keys
        self._clock = clock
        self._started_at = clock()
        route = Route("/{path:path}", self._serve, methods=["GET", "PUT", "DELETE"])
        self._app = Starlette(routes=[route])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _serve(self, request: Request) -> Response:
        try:
            self._check(request)
            return await self._answer(request)
        except (UnauthorizedError, BrokerError) as refusal:
            return _refused(refusal.status, str(refusal))
        except DocumentError as refusal:
            return _refused(400, str(refusal))

    def _check(self, request: Request) -> None:
        """Errors: UnauthorizedError."""
        token, path = request.headers.get("authorization", ""), request.path_params["path"]
        if not self._keys.admit(token, self._clock(), path).gives(Right.MANAGE):
            raise UnauthorizedError("the key has no right to manage")

    async def _answer(self, request: Request) -> Response:
        path = request.path_params["path"].strip("/")
        view = View(self._broker.namespace, request.url.netloc)
        if request.method == "GET" and path.lower() == "$namespaceinfo":
            return _document(self._namespace(request))
        if request.method == "GET":
            return _document(self._get(request, resources.at(path, view)))
        resource = resources.at(path, view)
        if isinstance(resource, Listing):
            return _refused(405, "a list can only be read")
        if request.method == "DELETE":
            resource.delete()
            return await self._kept(Response())
        return await self._kept(await _put(request, resource))

    def _get(self, request: Request, found: resources.Resource | Listing) -> Element:
        if isinstance(found, Listing):
            return self._page(request, found)
        try:
            return _entry(request, found.show())
        except EntityNotFoundError:
            if not found.missing_is_empty:
                raise
            return self._page(request, Listing("Publicly Listed Services", []))

    def _page(self, request: Request, found: Listing) -> Element:
        address = str(request.url.replace(query=""))
        skip, top = _number(request, "$skip", 0), min(_number(request, "$top", MAX_PAGE), MAX_PAGE)
        entries = [_entry(request, draw(), address) for draw in found.draws[skip : skip + top]]
        following = atom.page_after(address, skip, top) if skip + top < len(found.draws) else ""
        return atom.feed(address, found.title, self._clock(), entries, following)

    def _namespace(self, request: Request) -> Element:
        parts = {
            "CreatedTime": atom.stamp(self._started_at),
            "MessagingSKU": "Standard",
            "ModifiedTime": atom.stamp(self._started_at),
            "Name": NAMESPACE,
            "NamespaceType": "Messaging",
        }
        content = bus("NamespaceInfo", [bus(name, text) for name, text in parts.items()])
        return _entry(request, Shown(NAMESPACE, self._started_at, self._started_at, content))

    async def _kept(self, response: Response) -> Response:
        """Answered when it is on disk."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        ticket = self._broker.flush_point()

        def kept() -> None:
            loop.call_soon_threadsafe(done.set)

        self._broker.journal.when_durable(ticket, kept)
        await done.wait()
        return response


async def _put(request: Request, resource: resources.Resource) -> Response:
    document = parse(await _body(request))
    update = "if-match" in request.headers
    shown = resource.put(document, update=update)
    return _document(_entry(request, shown), 200 if update else 201)


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_DOCUMENT:
            raise DocumentError(f"a document has at most {MAX_DOCUMENT} bytes")
    return body


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isdecimal():
        raise DocumentError(f"{name} is a whole number, not {text!r}")
    return int(text)


def _entry(request: Request, shown: Shown, listed_at: str = "") -> Element:
    address = f"{listed_at}/{shown.title}" if listed_at else str(request.url.replace(query=""))
    return atom.entry(address, *shown)


def _document(element: Element, status: int = 200) -> Response:
    return Response(write(element), status, media_type="application/atom+xml;type=entry;charset=utf-8")


def _refused(status: int, detail: str) -> Response:
    return Response(write(atom.error(status, detail)), status, media_type="application/xml; charset=utf-8")
