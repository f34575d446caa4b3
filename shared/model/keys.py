"""Natural keys, and the ids that are made from them.

A natural key is the values of the topology's key fields, folded so that spelling does not split a record
(Unicode NFKC, case, blanks). A record without all of them has none, and is known by its identities alone.

A golden id is UUIDv5 of entity, key and generation: two functions that meet a new record agree without
talking, and a key that is used again after a delete names a new record.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from uuid import UUID, uuid5

from shared.model.golden import Value

NAMESPACE = UUID("6f1a3c0e-57e4-5a3b-9d0a-1c7b2f6e4d10")
SEPARATOR = "\x1f"


def natural_key(fields: Sequence[str], values: Mapping[str, Value]) -> str | None:
    """The folded key, or None where one of its parts is empty."""
    parts = [fold(values.get(name)) for name in fields]
    return SEPARATOR.join(parts) if parts and all(parts) else None


def fold(value: Value) -> str:
    """One part of a key: '' where there is nothing."""
    if value is None:
        return ""
    text = str(value).replace("\0", "")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def golden_id(entity: str, key: str, generation: int = 0) -> str:
    """The id of the record that has this natural key."""
    return str(uuid5(NAMESPACE, f"{entity}{SEPARATOR}{key}{SEPARATOR}{generation}"))


def keyless_id(entity: str, system: str, native_id: str, generation: int = 0) -> str:
    """The id of a record that has no natural key: known by where it was first seen."""
    return golden_id(entity, f"{SEPARATOR}{system}{SEPARATOR}{native_id}", generation)
