"""Log lines of the standard library, `key=value` facts behind the message, at the levels of host.json.

The host's loggers bear the names of the cloud's categories (`Host`, `Function.<name>`), so
`logging.logLevel` in host.json sets them, and any other logger by its own name, as it stands.
"""

import logging
from collections.abc import Mapping

from local.host.errors import BadApp

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
_QUIETER = ("azure", "uvicorn", "httpx", "httpcore")  # what they tell at INFO drowns what the functions tell


class FactsFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s%(facts_text)s")

    def format(self, record: logging.LogRecord) -> str:
        facts: Mapping[str, object] = getattr(record, "facts", {})
        record.facts_text = "".join(f" {name}={_quoted(value)}" for name, value in facts.items())
        return super().format(record)


def configure(handler: logging.Handler) -> None:
    handler.setFormatter(FactsFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _QUIETER:
        logging.getLogger(name).setLevel(logging.WARNING)


def set_levels(levels: Mapping[str, str]) -> None:
    for name, level in _checked(levels).items():
        logging.getLogger(None if name == "default" else name).setLevel(level)


def _checked(levels: Mapping[str, str]) -> dict[str, int]:
    unknown = [name for name, level in levels.items() if level.lower() not in _LEVELS]
    if unknown:
        known = ", ".join(level.capitalize() for level in _LEVELS)
        raise BadApp(*(f"host.json: logging.logLevel.{name}: write one of {known}" for name in unknown))
    return {name: _LEVELS[level.lower()] for name, level in levels.items()}


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text) if " " in text or "\n" in text else text
