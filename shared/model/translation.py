"""A table that says how one system keeps one entity, and the pure functions made of it.

    canonical field ── native field · longest · forms · choices · mandatory · absent · reference

        to_canonical    a wire row      → canonical values, and why the row cannot be taken (if so)
        from_canonical  normal values   → wire fields
        normal          a value         → the value as it reads after the system has stored it
        complete        a new record    → Untranslatable where a mandatory field is missing

Rules
- Text is trimmed, empty text is nothing, then a field's own forms apply: all idempotent, on the way in and
  on the way out alike, so that what we wrote and what we read back are equal.
- An amount is rounded to the system's scale (half up), and is exact text for everyone but the system.
- A choice that several canonical values share reads back as the first of them in its table.
- Where nothing is known, a field reads as its `absent`: the system is given that, and showing it is no edit.
- No description names a value: a length, a type or the allowed choices say enough.
- A table with a mistake in it is refused where it is built, with the field and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from shared.model import amounts
from shared.model.entities import ENTITIES
from shared.model.errors import IntegrationError, InvalidChange, Untranslatable
from shared.model.field import Field, Form, Kind, Reader, Writer
from shared.model.golden import Value

Rule = Callable[[Value], Value]


class Translation:
    """One entity in one system, made of its table."""

    shifting: frozenset[str] = frozenset()
    """Of the references, the ones whose parent may go on there under another native id."""

    def __init__(self, system: str, entity: str, native: str, table: Sequence[Field]) -> None:
        _check_table(f"{system}.{entity}", entity, table)
        self.system, self.entity, self.native = system, entity, native
        self.fields = frozenset(field.canonical for field in table)
        self.references = {field.canonical: field.references for field in table if field.references}
        self.table = tuple(table)
        self.natives = tuple(field.native for field in table)
        self._type = ENTITIES[entity]
        self._mandatory = tuple(field.canonical for field in table if field.mandatory)
        self._to_native = {field.canonical: field.native for field in table}
        self._to_canonical = {field.native: field.canonical for field in table}
        self._rules = {field.canonical: self._rule(field) for field in table}
        self._absent = {field.canonical: self._given(field) for field in table if field.absent is not None}
        self._readers = tuple((field.canonical, field.native, self._reader(field)) for field in table)
        self._writers = {field.canonical: (field.native, _writer(field)) for field in table}

    def normal(self, field: str, value: Value) -> Value:
        """The canonical value as it reads after the system has stored it; Untranslatable where it cannot."""
        kept = None if value is None else self._rules[field](value)
        return self._absent.get(field) if kept is None else kept

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

    def _given(self, field: Field) -> Value:
        """What the system is given for nothing, if it is of a form that reads back as it is."""
        try:
            kept = None if field.references else self._rules[field.canonical](field.absent)
        except Untranslatable as error:
            raise ValueError(f"absent: {error.description}") from None
        if kept != field.absent:
            raise ValueError(f"absent: {self.system}.{self.entity}.{field.canonical} would read {kept!r}")
        return kept

    # Functions made of a line of the table, once, so that a record costs one call for each field.

    def _rule(self, field: Field) -> Rule:
        match field.kind:
            case Kind.TEXT:
                return self._text_rule(field)
            case Kind.CHOICE:
                return self._choice_rule(field)
            case Kind.AMOUNT:
                return self._amount_rule(field)
            case Kind.FLAG | Kind.DAY | Kind.REFERENCE:
                return _as_it_is

    def _amount_rule(self, field: Field) -> Rule:
        step = Decimal(1).scaleb(-(field.scale or 0))

        def rule(value: Value) -> Value:
            try:
                return amounts.plain(Decimal(str(value)).quantize(step, ROUND_HALF_UP))
            except (InvalidOperation, ValueError):
                raise self._untranslatable(field, "OutOfRange", f"{step} at the least of a number") from None

        return rule

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
        match field.kind:
            case Kind.TEXT:
                return _text_reader(field.forms)
            case Kind.CHOICE:
                return self._choice_reader(field)
            case Kind.REFERENCE:
                return _optional(field.read_id)
            case Kind.AMOUNT:
                return self._plain_reader(field, amounts.read, "a number")
            case Kind.FLAG:
                return self._plain_reader(field, field.read or _flag, "yes or no")
            case Kind.DAY:
                return self._plain_reader(field, _day, "a day")

    def _plain_reader(self, field: Field, read: Reader, what: str) -> Reader:
        def read_or_refuse(native: Any) -> Value:
            if native is None or native == "":
                return None
            try:
                return read(native)
            except (ValueError, ArithmeticError):
                raise InvalidChange(
                    f"{self.entity}.{field.canonical} is not {what} in {self.system}",
                    reason="WrongType",
                    field=field.canonical,
                ) from None

        return read_or_refuse

    def _choice_reader(self, field: Field) -> Reader:
        shown = _first_labels(field.choices or {})

        def read(native: Any) -> Value:
            if type(native) is str:
                native = native.strip()  # a database pads what has a fixed width
            if native is None or native == "":
                return None
            if type(native) not in (str, int) or native not in shown:
                raise InvalidChange(
                    f"{self.entity}.{field.canonical}: {self.system} shows a choice that its table does not"
                    f" name; it names {', '.join(map(str, shown))}",
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
    if field.write:
        return field.write
    if field.choices:
        natives = {label.casefold(): native for label, native in field.choices.items()}
        return lambda value: natives[value.casefold()]
    return None


def _as_it_is(value: Value) -> Value:
    return value


def _flag(native: Any) -> Value:
    if native not in (0, 1):
        raise ValueError
    return bool(native)


def _day(native: Any) -> Value:
    """Of a date, a time, or a text that begins with one."""
    return date.fromisoformat(str(native)[:10]).isoformat()


def _first_labels(choices: Mapping[str, str | int]) -> dict[str | int, str]:
    """Native value → the first label in the table that stands for it."""
    shown: dict[str | int, str] = {}
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
