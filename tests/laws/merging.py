"""What the laws are tried on: few values, few stamps, so that ties are common."""

from __future__ import annotations

from hypothesis import strategies as st

from shared.model.golden import Cell, FieldRule, Value

SYSTEMS = ("crm", "school", "operator", "web")

systems = st.sampled_from(SYSTEMS)
stamps = st.integers(0, 4)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from((0.0, 1.0, 0.5)),
    st.sampled_from(("", "a", "B", "b")),
)
cells = st.builds(Cell, values, stamps, systems)
rules = st.builds(
    FieldRule,
    owner=st.none() | systems,
    rank=st.dictionaries(systems, st.integers(0, 2)),
    sources=st.none() | st.frozensets(systems),
)


def identical(one: Cell, other: Cell) -> bool:
    """Equal, type and all: to Python 1, 1.0 and True are one."""
    return one == other and type(one.value) is type(other.value)
