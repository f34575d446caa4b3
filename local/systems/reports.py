"""Real input: report exports of a Salesforce org, as rows for the simulated one.

```
  file ─> sheet.py ─> columns (by label or API name, in any case) ─> values ─> the org's own checks ─> rows
                        unknown ones are told                          bad lines are told, the others loaded
```
A contact finds its account by `Account ID`, `Account Number` or `Account Name`, in this order; one that is
not found, or not the only one, is told, and the contact is loaded without it. A row without an id gets one
made from its content, so that the same file gives the same ids. Dates of a report are not read: their form is
that of whoever exported it.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.systems.salesforce.ids import canonical, record_id
from local.systems.salesforce.objects import STANDARD
from local.systems.sheet import BadSheet, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local.systems.salesforce.schema import Field, SObject
    from local.systems.system import Row

    Check = Callable[[str, Row], str | None]
    """(object, row) to why the org would refuse it."""

_ID_SPACE = 62**9  # leaves room behind for the ids of new records
_LINKS = {"account id": "Id", "accountid": "Id", "account number": "AccountNumber", "account name": "Name"}
"""Columns of a contact report that name its account, best first."""
_TRUE, _FALSE = frozenset({"true", "1", "yes", "x"}), frozenset({"false", "0", "no", ""})


@dataclass(frozen=True)
class Line:
    """One line of a report that became a row."""

    number: int
    row: Row
    links: dict[str, str]
    """Field of the account to the value that names it."""


@dataclass
class Report:
    path: Path
    name: str
    lines: list[Line] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Columns that the object does not have, as written."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    """(line, what is wrong with it)."""

    @property
    def rows(self) -> list[Row]:
        return [line.row for line in self.lines]

    def told(self) -> list[str]:
        """For people: the columns that were not loaded, then each problem with its line."""
        columns = [f"{self.path}:1: column not loaded: {column}" for column in self.unknown]
        return columns + [f"{self.path}:{line}: {reason}" for line, reason in sorted(self.problems)]


@dataclass(frozen=True)
class Columns:
    fields: dict[int, Field]
    links: dict[int, str]
    unknown: list[str]


def read_reports(accounts: Path | None, contacts: Path | None, check: Check) -> list[Report]:
    """The reports that are given, contacts linked to accounts; BadSheet where a file is no report at all."""
    reports = []
    if accounts is not None:
        reports.append(read_report(accounts, "Account", check))
    if contacts is not None:
        found = read_report(contacts, "Contact", check)
        link(found, reports[0].rows if reports else [])
        reports.append(found)
    return reports


def read_report(path: Path, name: str, check: Check) -> Report:
    sobject, sheet = STANDARD.objects[name], read_sheet(path)
    columns = _columns(path, sobject, sheet.header)
    report = Report(path, name, unknown=columns.unknown)
    ids: dict[str, int] = {}
    copies: Counter[tuple[str, ...]] = Counter()
    for number, cells in sheet.lines:
        copies[tuple(cells)] += 1
        try:
            line = _line(sobject, columns, number, _padded(cells, len(sheet.header)), copies[tuple(cells)])
            _accept(report, line, ids, check)
        except _BadLine as bad:
            report.problems.append((number, str(bad)))
    return report


def link(contacts: Report, accounts: list[Row]) -> None:
    """Puts the account's id into each contact that names one."""
    found: dict[str, dict[str, list[str]]] = {name: defaultdict(list) for name in _LINKS.values()}
    for account in accounts:
        for name, ids in found.items():
            if account.get(name):
                ids[account[name].casefold()].append(account["Id"])
    for line in contacts.lines:
        if line.links:
            name, value = next(iter(line.links.items()))
            _link(contacts, line, name, value, found[name].get(value.casefold(), []))


def _link(contacts: Report, line: Line, name: str, value: str, ids: list[str]) -> None:
    if len(ids) == 1:
        line.row["AccountId"] = ids[0]
        return
    how_many = f"{len(ids)} accounts have" if ids else "no account has"
    contacts.problems.append((line.number, f"{how_many} the {name} {value!r}; loaded without an account"))


# Columns


def _columns(path: Path, sobject: SObject, header: list[str]) -> Columns:
    known = _known(sobject)
    columns = Columns({}, {}, [])
    for position, title in enumerate(header):
        key = " ".join(title.lower().split())
        if sobject.name == "Contact" and key in _LINKS:
            columns.links[position] = _LINKS[key]
        elif key in known:
            columns.fields[position] = known[key]
        else:
            columns.unknown.append(title)
    _refuse_unusable(path, sobject, columns)
    return columns


def _known(sobject: SObject) -> dict[str, Field]:
    """Every way to write a column's name: API name, label, and what Salesforce calls it in reports."""
    known: dict[str, Field] = {}
    for each in sobject.fields.values():
        if not (each.createable or each.type == "id") or each.type == "reference":
            continue
        label = each.label.lower()
        report = label.replace("state", "state/province").replace("postal code", "zip/postal code")
        known |= dict.fromkeys((each.name.lower(), label, report, f"{sobject.name.lower()} {label}"), each)
    special = {"employees": "NumberOfEmployees", "mobile": "MobilePhone"}
    return known | {title: sobject.fields[name] for title, name in special.items() if name in sobject.fields}


def _refuse_unusable(path: Path, sobject: SObject, columns: Columns) -> None:
    names = [each.name for each in columns.fields.values()]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise BadSheet(f"{path}:1: more than one column means {', '.join(twice)}; keep one")
    missing = [each for each in sobject.required if each.name not in names]
    if missing:
        wanted = ", ".join(f"{each.label} (or {each.name})" for each in missing)
        raise BadSheet(f"{path}:1: a report of {sobject.plural.lower()} needs a column {wanted}")


# Lines


class _BadLine(ValueError):
    """What is wrong with a line."""


def _padded(cells: list[str], width: int) -> list[str]:
    if len(cells) != width:
        raise _BadLine(
            f"has {len(cells)} cells where the header has {width}; is a quote or delimiter missing?"
        )
    return cells


def _line(sobject: SObject, columns: Columns, number: int, cells: list[str], copy: int) -> Line:
    row = {each.name: _value(each, cells[place]) for place, each in columns.fields.items() if cells[place]}
    row["Id"] = _given_id(sobject, str(row["Id"])) if "Id" in row else _made_id(sobject, cells, copy)
    named = {name: cells[place] for place, name in columns.links.items() if cells[place]}
    if "Id" in named:
        named["Id"] = canonical(named["Id"]) or named["Id"]
    links = {name: named[name] for name in _LINKS.values() if name in named}
    return Line(number, row, links)


def _accept(report: Report, line: Line, ids: dict[str, int], check: Check) -> None:
    if first := ids.get(line.row["Id"]):
        raise _BadLine(f"has the id of line {first}")
    if reason := check(report.name, line.row):
        raise _BadLine(reason)
    ids[line.row["Id"]] = line.number
    report.lines.append(line)


def _value(each: Field, text: str) -> object:
    match each.type:
        case "boolean":
            return _boolean(each, text)
        case "int" | "double" | "currency":
            return _number(each, text)
        case _:
            return text


def _boolean(each: Field, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise _BadLine(f"{each.label} is neither true nor false: {text!r}")
    return text.lower() in _TRUE


def _number(each: Field, text: str) -> float | int:
    plain = text.replace(",", "").lstrip("$€£ ")
    try:
        return int(plain) if each.type == "int" else float(plain)
    except ValueError:
        raise _BadLine(f"{each.label} is no number: {text!r}") from None


def _given_id(sobject: SObject, text: str) -> str:
    given = canonical(text)
    if given is None or not given.startswith(sobject.prefix):
        raise _BadLine(
            f"{text!r} is no id of {sobject.name}: 15 or 18 characters, the first {sobject.prefix}"
        )
    return given


def _made_id(sobject: SObject, cells: list[str], copy: int) -> str:
    """An id that follows from what the line says and how often it was said before."""
    said = "\x1f".join((sobject.name, str(copy), *cells))
    number = int.from_bytes(hashlib.sha256(said.encode()).digest()[:16])
    return record_id(sobject.prefix, number % _ID_SPACE)
