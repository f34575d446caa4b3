"""`GET /x`: pages of changes by an opaque cursor, or the rows that have certain values."""

from __future__ import annotations

import base64
import binascii
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from local.systems.lms.answers import Refused, malformed
from local.systems.lms.stamp import parse_stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from local.systems.lms.resource import Position, Resource
    from local.systems.system import Row

LARGEST_PAGE = 1000
_USUAL_PAGE = 500
_MOST_VALUES = 100
_NUMBER = re.compile("[0-9]{1,18}")
_PAGING = frozenset({"updated_since", "limit", "cursor"})


def read_list(resource: Resource, params: httpx.QueryParams) -> Row:
    """`data` and `next_cursor` for these parameters."""
    lookups = {"ids": "id"} | {many: field for field, many in resource.shape.lookups.items()}
    for name in params:
        if name not in _PAGING | lookups.keys() or len(params.get_list(name)) > 1:
            raise malformed(f"{name} is unknown here or given twice", name)
    asked = [name for name in params if name in lookups]
    if asked and len(params) > 1:
        raise malformed("a look-up takes no further parameter", asked[0])
    return _looked_up(resource, asked[0], lookups[asked[0]], params) if asked else _page(resource, params)


def _looked_up(resource: Resource, name: str, field: str, params: httpx.QueryParams) -> Row:
    values = dict.fromkeys(params[name].split(","))
    if "" in values:
        raise malformed(f"{name} has an empty value", name)
    if len(values) > _MOST_VALUES:
        raise Refused(413, "too_many_records", f"{name} takes up to {_MOST_VALUES} values")
    return {"data": [row for value in values for row in _having(resource, field, value)], "next_cursor": None}


def _having(resource: Resource, field: str, value: str) -> Iterator[Row]:
    if field != "id":
        yield from resource.find(field, value)
    elif not _NUMBER.fullmatch(value):
        raise malformed(f"{value} is not an id", "ids")
    elif row := resource.get(int(value)):
        yield row


def _page(resource: Resource, params: httpx.QueryParams) -> Row:
    limit = _limit(params.get("limit", str(_USUAL_PAGE)))
    since = params.get("updated_since")
    after = _position(params["cursor"]) if "cursor" in params else None
    rows = resource.changes(_since(since) if since is not None else "", after, deleted=since is not None)
    data = list(islice(rows, limit))
    more = len(data) == limit and next(rows, None) is not None
    return {"data": data, "next_cursor": _cursor(data[-1]) if more else None}


def _limit(text: str) -> int:
    limit = int(text) if _NUMBER.fullmatch(text) else 0
    if not 1 <= limit <= LARGEST_PAGE:
        raise malformed(f"limit is a number from 1 to {LARGEST_PAGE}", "limit")
    return limit


def _since(text: str) -> str:
    since = parse_stamp(text)
    if since is None:
        raise malformed(
            "updated_since is a time with its offset, such as 2026-01-31T12:00:00Z", "updated_since"
        )
    return since


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row["updated_at"], row["id"]])).decode()


def _position(cursor: str) -> Position:
    try:
        position: Any = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        at, number = position
    except (binascii.Error, ValueError, TypeError) as cause:
        raise malformed("this cursor is not one of ours", "cursor") from cause
    if not isinstance(at, str) or not isinstance(number, int):
        raise malformed("this cursor is not one of ours", "cursor")
    return at, number
