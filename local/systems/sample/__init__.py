"""Sample records from a seed: what a company has in Salesforce, and what its LMS already has of it.

```
  people.py     accounts, contacts and leads as they should be     ┐
  defects.py    what is wrong with some, and what is merely odd    ├─> Sample
  existing.py   the LMS's own rows: identical, different, others   │
  learners.py   who learns what, some of them contacts             ┘
```

The same `(records, seed)` give the same rows; their stamps are counted back from `now`, over two years, never
in the future, and some share one stamp as rows of one import do. A fifth are accounts, three fifths contacts,
a fifth leads.

The words are lists of our own rather than a library's: a library's output changes with its version, and takes
minutes for 200,000 rows where this takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from local.systems.garbage import uncollected
from local.systems.sample.defects import Defects
from local.systems.sample.existing import Existing
from local.systems.sample.learners import SHARE, Learners
from local.systems.sample.people import People

if TYPE_CHECKING:
    from datetime import datetime

    from local.systems.system import Row

SHARES = {"Account": 0.2, "Contact": 0.6, "Lead": 0.2}


@dataclass(frozen=True)
class Sample:
    salesforce: dict[str, list[Row]]
    """Rows by object, in the order in which they can be loaded."""
    lms: dict[str, list[Row]]
    defects: dict[str, list[str]]
    """Salesforce ids of rows that cannot be delivered as they are, by defect; no id stands under two."""
    oddities: dict[str, list[str]]
    """Salesforce ids of rows that look strange and must arrive all the same."""
    existing: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """By LMS resource: the Salesforce ids it holds identical or different, the LMS ids that only it has."""

    def summary(self) -> dict[str, Any]:
        """How many there are of each kind."""
        return {
            "records": {name: len(rows) for name, rows in self.salesforce.items()},
            "lms": {name: len(rows) for name, rows in self.lms.items()},
            "defects": {name: len(ids) for name, ids in sorted(self.defects.items())},
            "oddities": {name: len(ids) for name, ids in sorted(self.oddities.items())},
            "existing": {
                path: {kind: len(ids) for kind, ids in kinds.items()} for path, kinds in self.existing.items()
            },
        }


def make_sample(records: int, seed: int, now: datetime) -> Sample:
    with uncollected():
        return _made(records, seed, now)


def _made(records: int, seed: int, now: datetime) -> Sample:
    accounts, leads = round(records * SHARES["Account"]), round(records * SHARES["Lead"])
    random = Random(f"sample {seed}")
    people = People(random, now)
    rows = {
        "Account": [people.account() for _ in range(accounts)],
        "Contact": [],
        "Lead": [people.lead() for _ in range(leads)],
    }
    defects = Defects(random)
    defects.into_accounts(rows["Account"])
    sound = [row for row in rows["Account"] if row["Id"] not in defects.struck]
    rows["Contact"] = [people.contact(sound) for _ in range(records - accounts - leads)]
    defects.into_contacts(rows["Contact"], rows["Account"])
    defects.into_leads(rows["Lead"])
    existing = Existing(random, now, defects.left_alone)
    lms = existing.of(rows)
    known = [row for row in rows["Contact"] if row["Id"] not in defects.left_alone]
    lms |= Learners(Random(f"learners {seed}"), now).of(round(records * SHARE), known)
    return Sample(rows, lms, defects.found, defects.oddities, existing.kinds)
