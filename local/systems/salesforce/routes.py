"""From a path to the function that answers it.

A pattern is a path whose parts in braces are handed over: `{object}` as an object of the schema (404 where
there is none), any other as text. A known path asked with another method is 405; an unknown path 404.
"""

from collections.abc import Callable, Iterable
from typing import Any

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.errors import ApiError, not_found
from local.systems.salesforce.schema import Schema

Handler = Callable[..., Answer]
Route = tuple[str, str, Handler]
"""Method, pattern, function."""


class Routes:
    """The first pattern that fits serves, so those with fewer braces come first."""

    def __init__(self, schema: Schema, routes: Iterable[Route]) -> None:
        self._schema = schema
        self._handlers: dict[tuple[str, ...], dict[str, Handler]] = {}
        for method, pattern, handler in routes:
            parts = tuple(part for part in pattern.split("/") if part)
            self._handlers.setdefault(parts, {})[method] = handler

    def answer(self, call: Call) -> Answer:
        for pattern, methods in self._handlers.items():
            if _fits(pattern, call.path):
                handler = methods.get(call.method)
                if handler is None:
                    raise _wrong_method(call.method, methods)
                return handler(call, *self._arguments(pattern, call.path))
        raise not_found()

    def _arguments(self, pattern: tuple[str, ...], path: tuple[str, ...]) -> list[Any]:
        pairs = zip(pattern, path, strict=True)
        return [self._argument(part, text) for part, text in pairs if part.startswith("{")]

    def _argument(self, part: str, text: str) -> Any:
        if part != "{object}":
            return text
        sobject = self._schema.object(text)
        if sobject is None:
            raise not_found()
        return sobject


def _fits(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return len(pattern) == len(path) and all(
        part.startswith("{") or part == text for part, text in zip(pattern, path, strict=True)
    )


def _wrong_method(method: str, methods: dict[str, Handler]) -> ApiError:
    allowed = ",".join(methods)
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return ApiError(405, "METHOD_NOT_ALLOWED", message, {"Allow": allowed})
