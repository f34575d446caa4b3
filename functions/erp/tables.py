"""The tables and queries of the mapping as statements are made of them, and rows as they read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import (
    ColumnElement,
    FromClause,
    TableClause,
    and_,
    bindparam,
    column,
    literal,
    table,
    text,
    tuple_,
)
from sqlalchemy.types import UserDefinedType

from functions.erp.mapping import EntityMapping, ErpMapping
from functions.erp.translate import read_id, translations
from shared.model.change import Row
from shared.model.errors import Misconfigured
from shared.model.field import Kind
from shared.model.translation import Translation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)

Wire = dict[str, Any]
"""A row as the driver gives it: column → value."""


class Native(UserDefinedType[Any]):
    """A value as the driver has it, bound without a cast: the database decides by the column."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        raise NotImplementedError("no table is made here")


NATIVE = Native()


@dataclass(frozen=True)
class Held:
    """One entity where it is held."""

    mapping: EntityMapping
    translation: Translation

    @cached_property
    def source(self) -> FromClause:
        """What is read."""
        if self.mapping.table:
            return self.table
        columns = [column(name, NATIVE) for name in self.read]
        return text(self.mapping.query.replace(":", "\\:")).columns(*columns).subquery("held")

    @cached_property
    def table(self) -> TableClause:
        """What is written."""
        if not self.mapping.table:
            raise Misconfigured(
                f"The mapping of {self.translation.entity} has a query, which is read only: write a table",
                reason="NotWritable",
            )
        return named_table(self.mapping.table, [*self.read, *self.mapping.on_create])

    @cached_property
    def read(self) -> tuple[str, ...]:
        """The columns that a row is read from, each once."""
        mapping = self.mapping
        named = [mapping.version, mapping.stamp, mapping.external_id, mapping.detect.column]
        named += [mapping.active.column if mapping.active else None, mapping.deletes.column]
        found = [*mapping.key, *self.translation.natives, *(name for name in named if name)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def columns(self) -> list[ColumnElement[Any]]:
        return [self.source.c[name] for name in self.read]

    @cached_property
    def key(self) -> list[ColumnElement[Any]]:
        return [self.source.c[name] for name in self.mapping.key]

    # Keys

    def native_id(self, wire: Mapping[str, Any]) -> str:
        if len(self.mapping.key) == 1:
            return read_id(wire[self.mapping.key[0]])
        return joined([wire[name] for name in self.mapping.key])

    def parts(self, native_id: str) -> tuple[str, ...]:
        """The key's columns of a native id, as text; of another shape, a key that no row has."""
        width = len(self.mapping.key)
        if width == 1:
            return (native_id,)
        found = [unquote(part) for part in native_id.split("/")]
        return tuple((found + [""] * width)[:width])

    def is_row(self) -> ColumnElement[bool]:
        """The row whose key is bound as key_0, key_1, …"""
        bound = [bindparam(f"key_{place}", type_=NATIVE) for place in range(len(self.key))]
        return and_(*(each == value for each, value in zip(self.key, bound, strict=True)))

    def bound(self, native_id: str) -> dict[str, str]:
        return {f"key_{place}": part for place, part in enumerate(self.parts(native_id))}

    # Rows

    def shown(self, wire: Wire) -> Wire:
        """With numbers as text where a field is one: many an ERP counts its customers."""
        counted = {name: str(wire[name]) for name in self.texts if type(wire[name]) is int}
        return {**wire, **counted} if counted else wire

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The columns of fields that are text."""
        references = self.translation.references
        fields = self.mapping.fields.items()
        kinds = {column.column: column.kind_for(refers=name in references) for name, column in fields}
        return tuple(name for name, kind in kinds.items() if kind is Kind.TEXT)

    def row(self, wire: Wire, read_at: int) -> Row:
        """A row as the pipeline sees it; of a deleted one nothing is left but its key and when."""
        mapping = self.mapping
        stamp = micros(wire[mapping.stamp], read_at) if mapping.stamp else read_at
        version = str(wire[mapping.version]) if mapping.version else None
        if mapping.deletes.column and wire[mapping.deletes.column] == mapping.deletes.value:
            return Row(self.native_id(wire), {}, stamp, deleted=True, version=version)
        values, refused = self.translation.to_canonical(self.shown(wire))
        return Row(
            self.native_id(wire),
            values,
            stamp,
            active=mapping.active is None or wire[mapping.active.column] != mapping.active.no,
            version=version,
            external_id=wire[mapping.external_id] if mapping.external_id else None,
            refused=refused,
        )


def held(system: str, mapping: ErpMapping) -> dict[str, Held]:
    known = translations(system, mapping)
    return {name: Held(entity, known[name]) for name, entity in mapping.entities.items()}


def named_table(name: str, columns: Sequence[str]) -> TableClause:
    """A table by its name, which may say its schema."""
    schema, _, bare = name.rpartition(".")
    return table(bare, *(column(each, NATIVE) for each in dict.fromkeys(columns)), schema=schema or None)


def joined(parts: Sequence[Any]) -> str:
    """A native id: the key itself, or its columns, joined so that no two keys look the same."""
    if len(parts) == 1:
        return read_id(parts[0])
    return "/".join(quote(read_id(part), safe=" ") for part in parts)


def among(columns: Sequence[ColumnElement[Any]], keys: Sequence[Sequence[Any]]) -> ColumnElement[bool]:
    """One of these keys."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_([tuple(key) for key in keys])


def behind(columns: Sequence[ColumnElement[Any]], place: Sequence[Any]) -> ColumnElement[bool]:
    """After this place, in the order of the columns."""
    if len(columns) == 1:
        return columns[0] > literal(place[0], NATIVE)
    return tuple_(*columns) > tuple_(*(literal(value, NATIVE) for value in place))


def micros(native: Any, otherwise: int) -> int:
    """A time of the database, in UTC, as microseconds since 1970."""
    if native is None:
        return otherwise
    try:
        shown = native if isinstance(native, datetime) else datetime.fromisoformat(str(native))
    except ValueError:
        raise Misconfigured("A column that is to say when holds no time", reason="NotATime") from None
    return ((shown if shown.tzinfo else shown.replace(tzinfo=UTC)) - EPOCH) // TICK


def native_time(stamp: int) -> str:
    """As a database writes it: 2026-01-31 12:00:00.000000."""
    return (EPOCH + stamp * TICK).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
