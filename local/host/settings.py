"""The app's settings: the environment, over the `Values` of a `local.settings.json` beside the app."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from local.host.errors import BadApp, Refusal

_REFERENCE = re.compile(r"%([^%\s]+)%")


class Settings:
    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    @classmethod
    def gather(cls, folder: Path, environment: Mapping[str, str]) -> "Settings":
        return cls({**_values_of(folder / "local.settings.json"), **environment})

    def as_environment(self) -> Mapping[str, str]:
        return self._values

    def get(self, name: str, default: str) -> str:
        return self._values.get(name, default)

    def require(self, name: str, what: str) -> str:
        value = self._values.get(name)
        if not value:
            raise Refusal(f"the setting {name!r} ({what}) is missing; set the environment variable {name}")
        return value

    def resolve(self, text: str, what: str) -> str:
        """The text with each `%NAME%` replaced by the setting of that name."""
        return _REFERENCE.sub(lambda found: self.require(found[1], f"named in its {what}"), text)


def _values_of(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    try:
        values = json.loads(file.read_text(encoding="utf-8")).get("Values", {})
    except (ValueError, AttributeError) as error:
        raise BadApp(f"{file.name}: no JSON object ({error})") from error
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise BadApp(*(f"{file.name}: Values.{name}: write it as a string" for name in wrong))
    return dict(values)
