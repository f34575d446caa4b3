"""What a filter can say, as a tree."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Compare:
    """`name eq 'Acme'`; the operators are eq, ne, gt, ge, lt, le."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Matches:
    """`contains(name,'cme')`; also startswith and endswith."""

    column: str
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Among:
    """`Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['a','b'])`."""

    column: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Both:
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Either:
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Condition"


Condition = Compare | Matches | Among | Both | Either | Not
