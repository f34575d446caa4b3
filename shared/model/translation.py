"""A table that says how one system keeps one entity, and the pure functions made of it.

    canonical field ── native field · longest · forms · choices · mandatory · reference

        to_canonical    a wire row      → canonical values, and why the row cannot be taken (if so)
        from_canonical  normal values   → wire fields
        normal          a value         → the value as it reads after the system has stored it
        complete        a new record    → Untranslatable where a mandatory field is missing

Rules
- Text is trimmed, empty text is nothing, then a field's own forms apply: all idempotent, on the way in and
  on the way out alike, so that what we wrote and what we read back are equal.
- A choice that several canonical values share reads back as the first of them in its table.
- No description names a value: a length, a type or the allowed choices say enough.
- A table with a mistake in it is refused where it is built, with the field and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.model.entities import ENTITIES
from shared.model.errors import IntegrationError, InvalidChange, Untranslatable
from shared.model.golden import Value

Form = Callable[[str], str]
Rule = Callable[[Value], Value]
Reader = Callable[[Any], Value]
Writer = Callable[[Any], Any]


class Unit(NamedTuple):
    """What a system counts when it says how long a text may be."""

    name: str
    count: Callable[[str], int]


CODE_POINTS = Unit("characters", len)
UTF16 = Unit("UTF-16 units", lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2)
UTF8 = Unit("UTF-8 bytes", lambda text: len(text.encode("utf-8", "surrogatepass")))


def lower(text: str) -> str:
    return text.lower()


def lines(text: str) -> str:
    """One sort of line end, whatever the system's own is."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table. `text`, `choice` and `reference` make them."""

    canonical: str
    native: str
    longest: int | None = None
    unit: Unit = CODE_POINTS
    forms: tuple[Form, ...] = ()
    choices: Mapping[str, str] | None = None
    mandatory: bool = False
    references: str | None = None
    read_id: Reader = str
    write_id: Writer = str


def text(
    canonical: str, native: str, longest: int, *forms: Form, unit: Unit = CODE_POINTS, mandatory: bool = False
) -> Field:
    return Field(canonical, native, longest, unit, forms, mandatory=mandatory)


def choice(canonical: str, native: str, choices: Mapping[str, str], *, mandatory: bool = False) -> Field:
    """A closed list: canonical label → native value. Labels are found in any case."""
    return Field(canonical, native, choices=choices, mandatory=mandatory)


def reference(
    canonical: str,
    native: str,
    entity: str,
    *,
    read_id: Reader,
    write_id: Writer = str,
    mandatory: bool = False,
) -> Field:
    """A field that names another record by its native id, which is text for everyone but its system."""
    return Field(
        canonical, native, mandatory=mandatory, references=entity, read_id=read_id, write_id=write_id
    )


class Translation:
    """One entity in one system, made of its table."""

    def __init__(self, system: str, entity: str, native: str, table: Sequence[Field]) -> None:
        _check_table(f"{system}.{entity}", entity, table)
        self.system, self.entity, self.native = system, entity, native
        self.fields = frozenset(field.canonical for field in table)
        self.references = {field.canonical: field.references for field in table if field.references}
        self.natives = tuple(field.native for field in table)
        self._type = ENTITIES[entity]
        self._mandatory = tuple(field.canonical for field in table if field.mandatory)
        self._to_native = {field.canonical: field.native for field in table}
        self._to_canonical = {field.native: field.canonical for field in table}
        self._rules = {field.canonical: self._rule(field) for field in table}
        self._readers = tuple((field.canonical, field.native, self._reader(field)) for field in table)
        self._writers = {field.canonical: (field.native, _writer(field)) for field in table}

    def normal(self, field: str, value: Value) -> Value:
        """The canonical value as it reads after the system has stored it; Untranslatable where it cannot."""
        return None if value is None else self._rules[field](value)

    def complete(self, values: Mapping[str, Value]) -> None:
        """Raises Untranslatable where a new record with these values would lack a mandatory field."""
        for field in self._mandatory:
            if values.get(field) is None:
                raise Untranslatable(
                    f"{self.entity}.{field}: {self.system} takes no new record without it",
                    reason="Required",
                    field=field,
                )

    def to_canonical(self, wire: Mapping[str, Any]) -> tuple[dict[str, Value], IntegrationError | None]:
        """The values of a wire row, and the entity's refusal where it does not take them."""
        values: dict[str, Value] = {}
        try:
            for field, native, read in self._readers:
                values[field] = read(wire.get(native))
            self._type.check(values)
        except InvalidChange as refusal:
            return self._readable(wire), refusal
        return values, None

    def from_canonical(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Wire fields of values in normal form; references hold native ids."""
        wire: dict[str, Any] = {}
        for field, value in values.items():
            native, write = self._writers[field]
            wire[native] = value if value is None or write is None else write(value)
        return wire

    def native_of(self, field: str) -> str:
        return self._to_native[field]

    def canonical_of(self, native: str) -> str | None:
        """The canonical field behind a native one that an error names."""
        return self._to_canonical.get(native)

    def _readable(self, wire: Mapping[str, Any]) -> dict[str, Value]:
        """A refused row's values as far as they can be read."""
        values: dict[str, Value] = {}
        for field, native, read in self._readers:
            try:
                values[field] = read(wire.get(native))
            except InvalidChange:
                continue
        return values

    # Functions made of a line of the table, once, so that a record costs one call for each field.

    def _rule(self, field: Field) -> Rule:
        if field.references:
            return _as_it_is
        return self._choice_rule(field) if field.choices else self._text_rule(field)

    def _text_rule(self, field: Field) -> Rule:
        longest, count, tidy = field.longest, field.unit.count, _tidy(field.forms)

        def rule(value: Value) -> Value:
            if type(value) is str:
                kept = tidy(value)
                if longest is None or count(kept) <= longest:
                    return kept or None
            raise self._unfit(field, value)

        return rule

    def _unfit(self, field: Field, value: Value) -> Untranslatable:
        """Why a text field does not take a value."""
        if not isinstance(value, str):
            return self._untranslatable(field, "WrongType", f"text, not {type(value).__name__}")
        length = field.unit.count(_tidy(field.forms)(value))
        return self._untranslatable(field, "TooLong", f"{field.longest} {field.unit.name}, this has {length}")

    def _choice_rule(self, field: Field) -> Rule:
        choices = field.choices or {}
        shown = _first_labels(choices)
        labels = {label.casefold(): shown[native] for label, native in choices.items()}

        def rule(value: Value) -> Value:
            kept = value.strip() if type(value) is str else value
            if kept == "":
                return None
            label = labels.get(kept.casefold()) if type(kept) is str else None
            if label is None:
                raise self._untranslatable(field, "NotAChoice", f"one of {', '.join(choices)}")
            return label

        return rule

    def _untranslatable(self, field: Field, reason: str, taken: str) -> Untranslatable:
        return Untranslatable(
            f"{self.entity}.{field.canonical}: {self.system} takes {taken}",
            reason=reason,
            field=field.canonical,
        )

    def _reader(self, field: Field) -> Reader:
        if field.references:
            return _optional(field.read_id)
        return self._choice_reader(field) if field.choices else _text_reader(field.forms)

    def _choice_reader(self, field: Field) -> Reader:
        shown = _first_labels(field.choices or {})

        def read(native: Any) -> Value:
            if native is None or native == "":
                return None
            if type(native) is not str or native not in shown:
                raise InvalidChange(
                    f"{self.entity}.{field.canonical}: {self.system} shows a choice that its table does not"
                    f" name; it names {', '.join(shown)}",
                    reason="NotAChoice",
                    field=field.canonical,
                )
            return shown[native]

        return read


def by_entity(translations: Iterable[Translation]) -> dict[str, Translation]:
    return {translation.entity: translation for translation in translations}


def _tidy(forms: tuple[Form, ...]) -> Form:
    """Trims, then applies a field's own forms; with none of them, at the price of trimming."""
    if not forms:
        return str.strip

    def tidy(value: str) -> str:
        kept = value.strip()
        for form in forms:
            kept = form(kept)
        return kept

    return tidy


def _text_reader(forms: tuple[Form, ...]) -> Reader:
    """A value of another type is left for the entity to refuse."""
    tidy = _tidy(forms)

    def read(native: Any) -> Value:
        return (tidy(native) or None) if type(native) is str else native

    return read


def _optional(read: Reader) -> Reader:
    return lambda native: None if native is None or native == "" else read(native)


def _writer(field: Field) -> Writer | None:
    """None where the value travels as it is."""
    if field.references:
        return field.write_id
    if field.choices:
        natives = {label.casefold(): native for label, native in field.choices.items()}
        return lambda value: natives[value.casefold()]
    return None


def _as_it_is(value: Value) -> Value:
    return value


def _first_labels(choices: Mapping[str, str]) -> dict[str, str]:
    """Native value → the first label in the table that stands for it."""
    shown: dict[str, str] = {}
    for label, native in choices.items():
        shown.setdefault(native, label)
    return shown


def _check_table(name: str, entity: str, table: Sequence[Field]) -> None:
    if entity not in ENTITIES:
        raise ValueError(f"{name}: no such entity; there are {', '.join(ENTITIES)}")
    known = ENTITIES[entity]
    for field in table:
        if field.canonical not in known.fields:
            raise ValueError(f"{name}: no field {field.canonical!r}; it has {', '.join(known.fields)}")
        wanted = known.references.get(field.canonical)
        if wanted != field.references:
            raise ValueError(
                f"{name}.{field.canonical}: the entity says that it refers to {wanted}, the table"
                f" {field.references}"
            )
    for side in ("canonical", "native"):
        names = [getattr(field, side) for field in table]
        if twice := {each for each in names if names.count(each) > 1}:
            raise ValueError(f"{name}: {side} fields twice in the table: {', '.join(sorted(twice))}")
