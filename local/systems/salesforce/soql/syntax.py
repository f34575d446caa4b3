"""What a SOQL query says, once parsed. Fields are still names.

```
  Query ┬─ select: Path...  or count
        ├─ source: Path
        ├─ where:  Comparison | Membership | Negation | All | Some
        ├─ order:  Ordering...
        └─ limit, offset
```

Places are offsets in the text, kept for messages; they do not take part in comparing.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps of a parent: `Name`, `Account.Name`."""

    text: str
    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: its kind (string, number, boolean, date, datetime, null) and what Python makes of it."""

    kind: str
    value: Any
    place: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    path: Path
    literals: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Negation:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    conditions: tuple["Condition", ...]


Condition = Comparison | Membership | Negation | All | Some


@dataclass(frozen=True, slots=True)
class Ordering:
    path: Path
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    text: str = field(compare=False)
    select: tuple[Path, ...]
    count: bool
    source: Path
    where: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
