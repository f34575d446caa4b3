"""A room's translation that has nothing to translate."""

from __future__ import annotations

from collections.abc import Mapping

from shared.model.golden import Value


class Plain:
    """Keeps values as they are."""

    fields = frozenset({"number", "name", "phone"})
    references: Mapping[str, str] = {}
    shifting: frozenset[str] = frozenset()

    def normal(self, _field: str, value: Value) -> Value:
        return value

    def complete(self, _values: Mapping[str, Value]) -> None:
        return
