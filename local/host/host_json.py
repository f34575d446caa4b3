"""host.json: the settings of the whole app, as far as a desk needs them.

Unknown keys are let through, as the real host does: most of the file speaks to machinery that is not here.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.host.errors import BadApp

_SPAN = re.compile(r"(?:(\d+)\.)?(\d\d):(\d\d):(\d\d(?:\.\d+)?)")


def _span(text: Any) -> timedelta:
    """.NET's TimeSpan: `[days.]hh:mm:ss`."""
    found = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError("write a time span such as '00:00:30'")
    days, hours, minutes, seconds = found.groups()
    return timedelta(int(days or 0), hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def _span_or_unbounded(text: Any) -> timedelta | None:
    return None if text == "-1" else _span(text)


Span = Annotated[timedelta, BeforeValidator(_span)]
Timeout = Annotated[timedelta | None, BeforeValidator(_span_or_unbounded)]


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, populate_by_name=True)


class ServiceBus(_Section):
    max_message_batch_size: int = Field(default=1000, ge=1)
    min_message_batch_size: int = Field(default=1, ge=1)
    max_batch_wait_time: Span = timedelta(seconds=30)
    prefetch_count: int = Field(default=0, ge=0)
    auto_complete_messages: Literal[True] = True  # a Python function cannot settle a message itself


class Http(_Section):
    route_prefix: str = "api"


class Extensions(_Section):
    service_bus: ServiceBus = ServiceBus()
    http: Http = Http()


class Logging(_Section):
    log_level: dict[str, str] = {}


class HostJson(_Section):
    version: Literal["2.0"] = "2.0"
    function_timeout: Timeout = timedelta(minutes=30)
    extensions: Extensions = Extensions()
    logging: Logging = Logging()

    @classmethod
    def read(cls, folder: Path) -> "HostJson":
        file = folder / "host.json"
        try:
            return cls.model_validate_json(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadApp(f'host.json is missing in {folder}; write {{"version": "2.0"}} at least') from None
        except ValidationError as error:
            raise BadApp(*map(_problem, error.errors())) from error


def _problem(error: Any) -> str:
    path = ".".join(map(str, error["loc"])) or "the file"
    return f"host.json: {path}: {error['msg']}"
