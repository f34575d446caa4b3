"""Makes of the mapping what the other rooms write as tables: how each entity is translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.erp.mapping import FORMS, EntityMapping, ErpMapping, FieldColumn
from shared.model import field as fields
from shared.model.entities import ENTITIES
from shared.model.field import Field, Kind, Reader, Writer
from shared.model.golden import Value
from shared.model.translation import Translation, by_entity


def translations(system: str, mapping: ErpMapping) -> dict[str, Translation]:
    return by_entity(_translation(system, name, entity) for name, entity in mapping.entities.items())


def _translation(system: str, name: str, entity: EntityMapping) -> Translation:
    references = ENTITIES[name].references
    table = [
        _field(field, column, references.get(field)).otherwise(column.absent)
        for field, column in entity.fields.items()
    ]
    return Translation(system, name, entity.table or f"the query of {name}", table)


def _field(name: str, column: FieldColumn, refers: str | None) -> Field:
    native, mandatory = column.column, column.mandatory
    match column.kind_for(refers=refers is not None):
        case Kind.TEXT:
            forms = [FORMS[form] for form in column.forms]
            return fields.text(name, native, column.longest or 0, *forms, mandatory=mandatory)
        case Kind.CHOICE:
            return fields.choice(name, native, column.choices, mandatory=mandatory)
        case Kind.AMOUNT:
            return fields.amount(name, native, column.scale or 0, write=str, mandatory=mandatory)
        case Kind.FLAG:
            return fields.flag(name, native, read=_yes_or_no(column), write=_written(column))
        case Kind.DAY:
            return fields.day(name, native, mandatory=mandatory)
        case Kind.REFERENCE:
            return fields.reference(name, native, refers or "", read_id=read_id, mandatory=mandatory)


def read_id(native: Any) -> str:
    """A key as text, for everyone but the database; what pads a fixed width is no part of it."""
    return str(native).strip()


def _yes_or_no(column: FieldColumn) -> Reader:
    said: Mapping[Any, bool] = {column.yes: True, column.no: False}

    def read(native: Any) -> Value:
        kept = native.strip() if type(native) is str else native
        if kept not in said:
            raise ValueError
        return said[kept]

    return read


def _written(column: FieldColumn) -> Writer:
    return lambda value: column.yes if value else column.no
