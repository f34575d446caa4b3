"""What the laws are tried on: few values, few stamps, so that ties are common."""

from __future__ import annotations

from hypothesis import strategies as st

from shared.model.golden import Arbiter, Cell, FieldRule, Value

SYSTEMS = ("crm", "school", "operator", "web")

systems = st.sampled_from(SYSTEMS)
stamps = st.integers(0, 4)
VALUES: tuple[Value, ...] = (None, False, True, -1, 0, 1, 2, 0.0, 1.0, 0.5, "", "a", "B", "b")
values: st.SearchStrategy[Value] = st.sampled_from(VALUES)
cells = st.builds(Cell, values, stamps, systems)
rules = st.builds(
    FieldRule,
    owner=st.none() | systems,
    rank=st.dictionaries(systems, st.integers(0, 2)),
    sources=st.none() | st.frozensets(systems),
    arbiter=st.sampled_from(Arbiter),
)


def identical(one: Cell, other: Cell) -> bool:
    """Equal, type and all: to Python 1, 1.0 and True are one."""
    return one == other and type(one.value) is type(other.value)
