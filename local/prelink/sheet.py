"""Report exports as candidates for linking.

    accounts   Account ID, and one of: LMS ID, Account Number, Account Name
    contacts   Contact ID, and one of: LMS ID, Email

Columns go by label or API name, in any case and order; others are not used, and told. An id may have 15 or 18
characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.systems.salesforce.ids import canonical
from local.systems.sheet import BadSheet, read_sheet
from shared.pipeline.prelink import Candidate

ID, TARGET = "id", "target"


@dataclass(frozen=True)
class Contract:
    """A report of one entity: titles of columns → what they mean, and the first characters of its ids."""

    entity: str
    prefix: str
    titles: Mapping[str, str]
    finders: tuple[str, ...]

    def title(self, meaning: str) -> str:
        return next(title for title, means in self.titles.items() if means == meaning)


LMS_ID = {"LMS ID": TARGET, "LmsId": TARGET, "LMS_ID__c": TARGET}
ACCOUNTS = Contract(
    "account",
    "001",
    {
        "Account ID": ID,
        "Id": ID,
        "AccountId": ID,
        "Account Number": "number",
        "AccountNumber": "number",
        "Account Name": "name",
        "Name": "name",
        **LMS_ID,
    },
    (TARGET, "number", "name"),
)
CONTACTS = Contract(
    "contact",
    "003",
    {"Contact ID": ID, "Id": ID, "ContactId": ID, "Email": "email", "Email Address": "email", **LMS_ID},
    (TARGET, "email"),
)


@dataclass
class Report:
    """One file, read: candidates, columns that were not used, and (line, what is wrong with it)."""

    path: Path
    contract: Contract
    candidates: list[Candidate] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)


class _BadLine(ValueError):
    """What is wrong with a line."""


def read_report(path: Path, contract: Contract) -> Report:
    """Raises BadSheet where the file is no such report at all."""
    sheet = read_sheet(path)
    columns = _columns(path, contract, sheet.header)
    report = Report(path, contract)
    report.unused = [title for place, title in enumerate(sheet.header) if place not in columns]
    for line, cells in sheet.lines:
        try:
            report.candidates.append(_candidate(contract, columns, len(sheet.header), line, cells))
        except _BadLine as bad:
            report.bad.append((line, str(bad)))
    return report


def _columns(path: Path, contract: Contract, header: Sequence[str]) -> dict[int, str]:
    """Place → what it means."""
    known = {title.lower(): meaning for title, meaning in contract.titles.items()}
    titles = [" ".join(title.lower().split()) for title in header]
    columns = {place: known[title] for place, title in enumerate(titles) if title in known}
    for meaning in (ID, *contract.finders):
        if list(columns.values()).count(meaning) > 1:
            raise BadSheet(f"{path}:1: more than one column means {contract.title(meaning)}; keep one")
    if ID not in columns.values():
        raise BadSheet(f"{path}:1: there is no column {contract.title(ID)}")
    if not set(contract.finders) & set(columns.values()):
        wanted = ", ".join(contract.title(meaning) for meaning in contract.finders)
        raise BadSheet(f"{path}:1: there is no column to find the row by; one of {wanted} is needed")
    return columns


def _candidate(
    contract: Contract, columns: Mapping[int, str], width: int, line: int, cells: Sequence[str]
) -> Candidate:
    if len(cells) != width:
        raise _BadLine(f"has {len(cells)} cells where the header has {width}")
    found = {meaning: cells[place] for place, meaning in columns.items() if cells[place]}
    source_id = canonical(found.pop(ID, ""))
    if source_id is None or not source_id.startswith(contract.prefix):
        shape = f"15 or 18 characters, the first {contract.prefix}"
        raise _BadLine(f"{contract.title(ID)} is missing or is none: {shape}")
    if not found:
        wanted = ", ".join(contract.title(meaning) for meaning in contract.finders)
        raise _BadLine(f"has nothing to find the row by: {wanted}")
    return Candidate(line, source_id, found.pop(TARGET, None), dict(found))
