"""The functions that our templates use: how many arguments, what kind of result, and how it is worked out.

What a template may not know before it is deployed (an address, an id of Entra) is a `Later`: a text that says
what it will be, and whose parts are `Later` again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, NamedTuple

from infra.check.faults import nearest


class Later(str):
    """What only Azure knows: `<store.properties.fullyQualifiedDomainName>`."""

    __slots__ = ()

    def part(self, name: str) -> Later:
        return Later(f"<{self.strip('<>')}.{name}>")


class Function(NamedTuple):
    """`most` is None where there is no limit."""

    least: int
    most: int | None
    kind: str
    run: Callable[..., Any]

    def wrong(self, name: str, given: int) -> str | None:
        """What is wrong with so many arguments."""
        if given < self.least or (self.most is not None and given > self.most):
            wanted = str(self.least) if self.least == self.most else f"{self.least} to {self.most or 'more'}"
            return f"{name}() takes {wanted} arguments, {given} are given"
        return None


def unknown(name: str) -> str:
    return f"unknown function {name!r}{nearest(name, FUNCTIONS)}"


def text(value: Any) -> str:
    """As Azure writes a value into a text: JSON, where it is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    return json.dumps(value, separators=(",", ":"))


def _hashed(parts: Iterable[Any]) -> str:
    return hashlib.sha256("\0".join(text(part) for part in parts).encode()).hexdigest()


def _unique(*parts: Any) -> str:
    """Thirteen small letters and digits; not those of Azure, but as steady."""
    return "".join(chr(ord("a") + int(pair, 16) % 26) for pair in _pairs(_hashed(parts)))[:13]


def _pairs(digits: str) -> list[str]:
    return [digits[start : start + 2] for start in range(0, len(digits), 2)]


def _guid(*parts: Any) -> str:
    digits = _hashed(parts)
    return "-".join(digits[start:end] for start, end in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))


def _union(*values: Any) -> Any:
    return reduce(_united, values)


def _united(left: Any, right: Any) -> Any:
    if isinstance(left, Mapping):
        both = {
            key: _united(left[key], right[key])
            for key in left.keys() & right.keys()
            if isinstance(right[key], dict)
        }
        return {**left, **right, **both}
    if isinstance(left, list):
        return [each for place, each in enumerate([*left, *right]) if each not in [*left, *right][:place]]
    return right


def _items(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In the alphabet's order, as Azure gives them."""
    return [{"key": key, "value": value[key]} for key in sorted(value)]


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, str):
        return text(what) in where
    return what in where


def _to_object(
    items: list[Any], key: Callable[..., str], value: Callable[..., Any] = lambda each: each
) -> Any:
    return {key(each): value(each) for each in items}


def _flatten(lists: list[list[Any]]) -> list[Any]:
    return [each for inner in lists for each in inner]


def _format(pattern: str, *values: Any) -> str:
    return pattern.format(*[text(value) for value in values])


def _known(name: str, *parts: str) -> Callable[[], Any]:
    """Something that Azure says of where a template is deployed."""
    return lambda: {part: Later(f"<{name}.{part}>") for part in parts}


def _environment() -> Any:
    return {"authentication": {"loginEndpoint": "https://login.microsoftonline.com/"}}


def _identifier(*parts: Any) -> str:
    return "/" + "/".join(text(part) for part in parts)


FUNCTIONS: Mapping[str, Function] = {
    "concat": Function(
        1,
        None,
        "any",
        lambda *values: _flatten([*values]) if isinstance(values[0], list) else "".join(values),
    ),
    "contains": Function(2, 2, "bool", _contains),
    "deployment": Function(0, 0, "object", _known("deployment", "location", "name")),
    "empty": Function(1, 1, "bool", lambda value: not value),
    "environment": Function(0, 0, "object", _environment),
    "filter": Function(2, 2, "array", lambda items, keep: [each for each in items if keep(each)]),
    "first": Function(1, 1, "any", lambda value: value[0] if value else None),
    "flatten": Function(1, 1, "array", _flatten),
    "format": Function(1, None, "string", _format),
    "guid": Function(1, None, "string", _guid),
    "int": Function(1, 1, "int", int),
    "items": Function(1, 1, "array", _items),
    "join": Function(2, 2, "string", lambda items, between: between.join(text(each) for each in items)),
    "last": Function(1, 1, "any", lambda value: value[-1] if value else None),
    "length": Function(1, 1, "int", len),
    "listKeys": Function(0, 2, "object", _known("keys", "primary")),
    "loadJsonContent": Function(1, 3, "any", lambda value: value),
    "loadTextContent": Function(1, 2, "string", lambda value: value),
    "loadYamlContent": Function(1, 3, "any", lambda value: value),
    "map": Function(2, 2, "array", lambda items, change: [change(each) for each in items]),
    "max": Function(1, None, "int", max),
    "min": Function(1, None, "int", min),
    "newGuid": Function(0, 0, "string", lambda: Later("<newGuid>")),
    "objectKeys": Function(1, 1, "array", sorted),
    "range": Function(2, 2, "array", lambda start, count: [*range(start, start + count)]),
    "reduce": Function(3, 3, "any", lambda items, start, step: reduce(step, items, start)),
    "replace": Function(3, 3, "string", lambda value, old, new: value.replace(old, new)),
    "resourceGroup": Function(
        0,
        2,
        "object",
        lambda *_: {"location": Later("<location>"), "name": Later("<group>"), "id": Later("<groupId>")},
    ),
    "resourceId": Function(2, None, "string", _identifier),
    "sort": Function(2, 2, "array", lambda items, _: sorted(items)),
    "split": Function(2, 2, "array", lambda value, by: value.split(by)),
    "startsWith": Function(2, 2, "bool", lambda value, start: value.lower().startswith(start.lower())),
    "string": Function(1, 1, "string", text),
    "subscription": Function(
        0, 1, "object", _known("subscription", "id", "subscriptionId", "tenantId", "displayName")
    ),
    "subscriptionResourceId": Function(2, None, "string", _identifier),
    "substring": Function(2, 3, "string", lambda value, start, size=None: value[start:][:size]),
    "take": Function(2, 2, "any", lambda value, count: value[:count]),
    "tenant": Function(0, 0, "object", _known("tenant", "tenantId", "displayName", "countryCode")),
    "toLower": Function(1, 1, "string", str.lower),
    "toObject": Function(2, 3, "object", _to_object),
    "toUpper": Function(1, 1, "string", str.upper),
    "trim": Function(1, 1, "string", str.strip),
    "union": Function(2, None, "any", _union),
    "uniqueString": Function(1, None, "string", _unique),
    "utcNow": Function(0, 1, "string", lambda *_: Later("<utcNow>")),
}
"""A function that is missing here is one that no template of ours has used yet."""

LOADS = frozenset({"loadJsonContent", "loadTextContent", "loadYamlContent"})
"""Their argument is a path, relative to the template."""

SECRETS = frozenset({"listKeys", "listAccountSas", "listServiceSas", "getSecret"})
"""What they give is a key to something."""
