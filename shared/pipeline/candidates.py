"""What a search by natural key found in a target, before a create.

none               the record is created
one                it is linked
several            ours where one carries the record's own id; else a question for a person, never a guess
linked already     another record's: it is no candidate
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from shared.model.change import Row
from shared.model.errors import Rejected
from shared.model.keys import natural_key
from shared.pipeline.projection import Search


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may be merged, and the records for which several would do."""

    rows: Sequence[Row]
    ambiguous: Mapping[str, Rejected]


def chosen(
    searches: Mapping[str, Search], rows: Sequence[Row], linked: Container[str], fields: Sequence[str]
) -> Candidates:
    """The candidates among the rows that these searches found; `fields` is the natural key."""
    alike: dict[str | None, list[Row]] = {}
    for row in rows:
        if row.native_id not in linked:
            alike.setdefault(natural_key(fields, row.values), []).append(row)
    passed: set[str] = set()
    ambiguous: dict[str, Rejected] = {}
    for record, search in searches.items():
        group = alike.get(natural_key(fields, search.key), [])
        if len(group) > 1:
            ours = [row for row in group if row.external_id == record][:1]
            passed |= {row.native_id for row in group if row not in ours}
            if not ours:
                ambiguous[record] = _question(len(group), fields)
    return Candidates([row for row in rows if row.native_id not in passed], ambiguous)


def _question(count: int, fields: Sequence[str]) -> Rejected:
    return Rejected(
        f"{count} rows have the same {' and '.join(fields)}, and none is linked: merge them, or link the one"
        " that is meant",
        reason="AmbiguousMatch",
        field=fields[0],
    )
