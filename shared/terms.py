"""The terms of a flow: how its news travel, and which records it brings that its target does not have yet.

    only:   {status: [Submitted, Invoiced]}         one of these values, in each of these fields
    except: {source: [Training]}                    none of these values, in any of these fields
    recent: 180d                                    edited anywhere within so long
    recent: {field: ordered_on, within: 180d}       or with a day in this field that is no longer ago

A record once brought stays: its changes travel whatever it says by then. Unless the flow says `once`: then it
is the target's from the day it came, and nothing travels any more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

DURATION = re.compile(r"(\d+)\s*(s|m|h|d)?")
SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Mode(StrEnum):
    """How news of the source travel: read at once when the source pushes them; found by polls; or found by
    polls, and what another flow made known before waits until this one's time has come.
    """

    PUSH = "push"
    POLL = "poll"
    BATCH = "batch"


def seconds(value: Any) -> Any:
    """'90', '30s', '5m', '2h', '1d' in seconds."""
    match = DURATION.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise ValueError("write a duration such as 30s, 5m, 2h or 1d")
    return int(match[1]) * SECONDS[match[2]]


Seconds = Annotated[int, BeforeValidator(seconds), Field(ge=1, le=10 * 365 * 86400)]


def allowed(value: Any) -> Any:
    """A list of texts or of yes and no."""
    if isinstance(value, list) and value and all(isinstance(each, str | bool) for each in value):
        return tuple(value)
    raise ValueError("write a list of what may pass, such as [Submitted, Invoiced]")


Allowed = Annotated[tuple[Any, ...], BeforeValidator(allowed)]
Only = Mapping[str, Allowed]


class Recent(BaseModel):
    """Not longer ago than this: the newest edit of the record, or the day in one of its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str | None = None
    within: Seconds


def recently(value: Any) -> Any:
    """A duration alone is about the newest edit."""
    return value if isinstance(value, dict) else {"within": value}
