"""Tables of the docs that are made from the code, and how they are put into their pages.

    python -m tests.docs.tables     writes them anew

A table stands between `<!-- made from NAME -->` and `<!-- end -->`. A test compares it with the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from functions.dataverse import settings as dataverse
from functions.erp import settings as erp
from functions.lms import settings as lms
from functions.salesforce import settings as salesforce
from shared import settings as hub
from shared.adapters.credentials import variable
from shared.push import settings as push
from tests.docs.pages import DOCS

PAGE = DOCS / "settings.md"
MADE = re.compile(r"(<!-- made from (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings_table(model: type[BaseModel], prefix: str) -> str:
    """A line for each setting: the variable, its default, what it means."""
    found: list[tuple[str, ...]] = [
        (f"`{variable(prefix, name)}`", _default(info), info.description or "")
        for name, info in model.model_fields.items()
    ]
    return table(("variable", "default", "meaning"), found)


def table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[place]) for line in (head, *lines)) for place in range(len(head))]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([_line(head, widths), rule, *(_line(line, widths) for line in lines)]) + "\n"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    return shown(info.default)


def shown(default: Any) -> str:
    """A default as a person would write it; an empty cell for none."""
    if default is None:
        return ""
    if isinstance(default, Path):
        return f"`{default.name}`"
    if isinstance(default, bool | StrEnum):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


TABLES: Mapping[str, Callable[[], str]] = {
    "shared/settings.py": lambda: settings_table(hub.Settings, hub.PREFIX),
    "shared/push/settings.py": lambda: settings_table(push.Settings, "lms"),
    "functions/salesforce/settings.py": lambda: settings_table(salesforce.Settings, "salesforce"),
    "functions/lms/settings.py": lambda: settings_table(lms.Settings, "lms"),
    "functions/dataverse/settings.py": lambda: settings_table(dataverse.Settings, "crm"),
    "functions/erp/settings.py": lambda: settings_table(erp.Settings, "erp"),
}


def made(text: str) -> str:
    """The page with its tables as the code has them now."""
    return MADE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text("utf-8")), encoding="utf-8")
