"""The mapping: which table and columns of an ERP are which entity and fields of ours.

    entities
      <entity>
        table | query     where the rows are; a query is read only
        key               the columns that name a row
        fields            <field>: {column, and how it is kept}
        detect            by flag, modified or shadow (all rows, compared with what the hub knows)
        deletes           by none, shadow, column or table
        external_id       the column that keeps the hub's id; or unique, fields that no two rows share
        version, stamp    the columns that count edits and say when the last one was
        active            the column that says whether a row is in use

A mistake is refused at the start, with file, line, and what would be accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from shared import configuration
from shared.configuration import Mistake
from shared.lines import Place
from shared.model import field as fields
from shared.model.entities import ENTITIES
from shared.model.errors import Misconfigured
from shared.model.field import Kind
from shared.terms import Seconds

Native = StrictBool | StrictInt | StrictStr
"""A value as a column holds it."""


class Form(StrEnum):
    """What the database does to a text."""

    LOWER = "lower"
    UPPER = "upper"
    LINES = "lines"


FORMS = {Form.LOWER: fields.lower, Form.UPPER: fields.upper, Form.LINES: fields.lines}


class Detect(StrEnum):
    """How changed rows are known."""

    FLAG = "flag"
    MODIFIED = "modified"
    SHADOW = "shadow"


class Delete(StrEnum):
    """How deleted rows are known."""

    NONE = "none"
    SHADOW = "shadow"
    COLUMN = "column"
    TABLE = "table"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldColumn(_Strict):
    """The column of one field, and how it keeps values. `kind` follows from the rest but for flag and day.

    `absent` is what the column is given where nothing is known.
    """

    column: str
    kind: Kind | None = None
    longest: int | None = Field(default=None, ge=1)
    forms: tuple[Form, ...] = ()
    scale: int | None = Field(default=None, ge=0, le=10)
    choices: Mapping[str, StrictInt | StrictStr] = Field(default_factory=dict)
    yes: Native = True
    no: Native = False
    mandatory: bool = False
    absent: StrictBool | StrictStr | None = None

    def kind_for(self, *, refers: bool) -> Kind:
        if self.kind is not None:
            return self.kind
        if refers:
            return Kind.REFERENCE
        if self.choices:
            return Kind.CHOICE
        return Kind.TEXT if self.scale is None else Kind.AMOUNT


class Detection(_Strict):
    """How changed rows are known: a flag and its three values, or a time and the seconds read again.

    `most` rows are read at the most where all are read; more need somebody's word.
    """

    by: Detect = Detect.SHADOW
    column: str = ""
    new: Native = "N"
    updated: Native = "U"
    processed: Native = "P"
    overlap: Seconds = 300
    most: int | None = Field(default=None, ge=1)


class Deletes(_Strict):
    """How deleted rows are known. By shadow, all rows are read `every` so often and compared; by column, a
    row says so with `value`; by table, the keys of deleted rows are there, `at` says since when.
    """

    by: Delete = Delete.NONE
    every: Seconds = 3600
    column: str = ""
    value: Native = True
    table: str = ""
    key: tuple[str, ...] = ()
    at: str = ""
    overlap: Seconds = 300


class Active(_Strict):
    """The column that says whether a row is in use."""

    column: str
    yes: Native = True
    no: Native = False


class EntityMapping(_Strict):
    """Where one entity is, and how it is kept."""

    table: str = ""
    query: str = ""
    key: tuple[str, ...] = Field(min_length=1)
    fields: Mapping[str, FieldColumn] = Field(min_length=1)
    detect: Detection = Detection()
    deletes: Deletes = Deletes()
    external_id: str | None = None
    unique: tuple[str, ...] = ()
    version: str | None = None
    stamp: str | None = None
    active: Active | None = None
    delete: bool = False
    on_create: Mapping[str, Native] = Field(default_factory=dict)

    @property
    def creates(self) -> bool:
        """Whether a repeated create would find what it made."""
        return bool(self.table) and (self.external_id is not None or bool(self.unique))


class ErpMapping(_Strict):
    """The whole file. `clock` is a query that says the database's time, in UTC."""

    clock: str | None = None
    entities: Mapping[str, EntityMapping] = Field(min_length=1)


class MappingError(Misconfigured):
    """The file is wrong; every mistake with its line."""


def load(path: Path) -> ErpMapping:
    """Read and check the file. Raises MappingError with a line for each mistake."""
    return FILE.load(path)


def parse(text: str, name: str = "mapping.yaml") -> ErpMapping:
    """As `load`, from text; `name` is what errors call the file."""
    return FILE.parse(text, name)


def _part(place: Place) -> type[BaseModel]:
    match place:
        case ("entities", _, "fields", _):
            return FieldColumn
        case ("entities", _, "detect"):
            return Detection
        case ("entities", _, "deletes"):
            return Deletes
        case ("entities", _, "active"):
            return Active
        case ("entities", _):
            return EntityMapping
    return ErpMapping


def _mistakes(mapping: ErpMapping) -> Iterator[Mistake]:
    for name, entity in mapping.entities.items():
        here: Place = ("entities", name)
        if name not in ENTITIES:
            yield here, f"no such entity; there are {', '.join(ENTITIES)}"
            continue
        yield from (((*here, *place), wrong) for place, wrong in _place_mistakes(entity))
        yield from (((*here, *place), wrong) for place, wrong in _detect_mistakes(entity))
        yield from (((*here, *place), wrong) for place, wrong in _deletes_mistakes(entity))
        yield from (((*here, *place), wrong) for place, wrong in _field_mistakes(name, entity))


def _place_mistakes(entity: EntityMapping) -> Iterator[Mistake]:
    if bool(entity.table) == bool(entity.query):
        yield (), "write table or query, one of them"
    for column in ("external_id", "unique", "active", "delete", "on_create"):
        if entity.query and getattr(entity, column):
            yield (column,), "a query is read only; write a table"
    for index, field in enumerate(entity.unique):
        if field not in entity.fields:
            yield ("unique", index), f"{field!r} is not under fields"


def _detect_mistakes(entity: EntityMapping) -> Iterator[Mistake]:
    here, detect = "detect", entity.detect
    if detect.by is not Detect.SHADOW and not detect.column:
        yield (here,), f"by {detect.by} needs a column"
    if detect.by is Detect.FLAG and entity.query:
        yield (here, "by"), "a flag is cleared, and a query is read only; write modified or shadow"
    if detect.by is Detect.FLAG and not entity.version:
        yield (here, "by"), "a flag is cleared only while the row is as it was read: name its version"
    if detect.most is not None and detect.by is not Detect.SHADOW:
        yield (here, "most"), "is for shadow, which reads all"


def _deletes_mistakes(entity: EntityMapping) -> Iterator[Mistake]:
    here, deletes = "deletes", entity.deletes
    if deletes.by is Delete.COLUMN and not deletes.column:
        yield (here,), "by column needs a column"
    if deletes.by is Delete.TABLE and not (deletes.table and deletes.at):
        yield (here,), "by table needs table, key and at"
    if deletes.by is Delete.TABLE and len(deletes.key) != len(entity.key):
        yield (here, "key"), f"write {len(entity.key)} columns, as the key has"


NEEDS = {
    Kind.TEXT: ("longest", "a text needs longest, the characters that its column takes"),
    Kind.AMOUNT: ("scale", "an amount needs scale, the decimal places that its column keeps"),
    Kind.CHOICE: ("choices", "a choice needs choices, such as {Open: O, Paid: P}"),
}


def _field_mistakes(name: str, entity: EntityMapping) -> Iterator[Mistake]:
    known = ENTITIES[name]
    for field, column in entity.fields.items():
        if field not in known.fields:
            yield ("fields", field), f"{name} has no field {field!r}; it has {', '.join(known.fields)}"
            continue
        kind = column.kind_for(refers=field in known.references)
        if (kind is Kind.REFERENCE) != (field in known.references):
            said = f"refers to {known.references[field]}" if field in known.references else "is no reference"
            yield ("fields", field), f"{field} {said}"
        needed, why = NEEDS.get(kind, ("column", ""))
        if getattr(column, needed) in (None, {}):
            yield ("fields", field), why
    required = [field for field, info in known.model.model_fields.items() if info.is_required()]
    for field in required:
        if field not in entity.fields:
            yield ("fields",), f"{name} means nothing without {field}"


FILE = configuration.Kind(ErpMapping, _part, _mistakes, MappingError, "it needs entities")
