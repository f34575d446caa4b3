"""What the company's records are, whatever system holds them: meaning, type, length, required or not.

A field's length is the longest that any connected system holds; a target with less room says so in its
own translation. `PERSONAL` fields are masked in logs and left out of descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.model.errors import InvalidChange
from shared.model.golden import Value

EMAIL = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"
AMOUNT = r"^(0|-?(0\.\d*[1-9]|[1-9]\d*(\.\d*[1-9])?))$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
FORMATS = {
    EMAIL: "is no e-mail address such as name@example.com",
    AMOUNT: "is no plain decimal number such as 1250.5",
    DAY: "is no day such as 2026-01-31",
}
"""What to say of a text that does not look so."""

Email = Annotated[
    str, StringConstraints(max_length=254, pattern=EMAIL), Field(json_schema_extra={"personal": True})
]


Amount = Annotated[str, StringConstraints(max_length=40, pattern=AMOUNT)]
"""A decimal number as text, exact and in its shortest form: 1250.5, never 1250.50 or 1.25e3."""

Day = Annotated[str, StringConstraints(pattern=DAY)]
"""A day: 2026-01-31."""


def text(length: int, *, personal: bool = False, reference: str | None = None) -> Any:
    """An optional text of at most `length` code points; a `reference` names the entity it points at."""
    return Field(
        default=None, max_length=length, json_schema_extra={"personal": personal, "reference": reference}
    )


def required_reference(entity: str) -> Any:
    """A reference without which the record means nothing."""
    return Field(min_length=1, max_length=80, json_schema_extra={"reference": entity})


class Entity(BaseModel):
    """A row of canonical fields. Unknown fields are refused: a mapping that invents one is a bug."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Account(Entity):
    """A company that we sell to."""

    number: str | None = text(40)
    name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    phone: str | None = text(50)
    website: str | None = text(255)
    industry: str | None = text(80)
    street: str | None = text(255)
    city: str | None = text(80)
    state: str | None = text(80)
    postal_code: str | None = text(20)
    country: str | None = text(80)
    credit_limit: Amount | None = None
    on_hold: bool | None = None


class Contact(Entity):
    """A person at a company."""

    account: str | None = text(80, reference="account")
    first_name: str | None = text(50, personal=True)
    last_name: Annotated[
        str, StringConstraints(min_length=1, max_length=80), Field(json_schema_extra={"personal": True})
    ]
    email: Email | None = None
    phone: str | None = text(50, personal=True)
    title: str | None = text(128)


class Lead(Entity):
    """A person who may become a customer."""

    first_name: str | None = text(40, personal=True)
    last_name: Annotated[
        str, StringConstraints(min_length=1, max_length=80), Field(json_schema_extra={"personal": True})
    ]
    company_name: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    email: Email | None = None
    phone: str | None = text(40, personal=True)
    source: str | None = text(80)
    rating: str | None = text(40)


class Unit(Entity):
    """What products are counted in."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Product(Entity):
    """What we sell. `price` is for one `unit`, on no list."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    description: str | None = text(2000)
    unit: str | None = text(80, reference="unit")
    price: Amount | None = None


class PriceList(Entity):
    """Prices that hold together: for everybody, or for one `account`."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    account: str | None = text(80, reference="account")


class PriceListItem(Entity):
    """What one product costs on one list."""

    price_list: str = required_reference("price_list")
    product: str = required_reference("product")
    unit: str | None = text(80, reference="unit")
    amount: Amount


class Order(Entity):
    """What an account has bought; its lines refer to it."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    account: str | None = text(80, reference="account")
    price_list: str | None = text(80, reference="price_list")
    name: str | None = text(300)
    status: str | None = text(40)
    ordered_on: Day | None = None
    total: Amount | None = None


class OrderLine(Entity):
    """So many of one product; `price` is for one unit."""

    order: str = required_reference("order")
    product: str | None = text(80, reference="product")
    unit: str | None = text(80, reference="unit")
    description: str | None = text(500)
    quantity: Amount
    price: Amount | None = None


class Invoice(Entity):
    """What an account owes for an order, and whether it has paid."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    order: str | None = text(80, reference="order")
    account: str | None = text(80, reference="account")
    status: str | None = text(40)
    invoiced_on: Day | None = None
    due_on: Day | None = None
    paid_on: Day | None = None
    total: Amount | None = None


class Learner(Entity):
    """A person who registered for training: of a customer, a vendor or a partner, or our own staff."""

    number: str | None = text(40)
    first_name: str | None = text(40, personal=True)
    last_name: Annotated[
        str, StringConstraints(min_length=1, max_length=80), Field(json_schema_extra={"personal": True})
    ]
    email: Email | None = None
    phone: str | None = text(40, personal=True)
    company_name: str | None = text(255)
    audience: str | None = text(40)


class TrainingPurchase(Entity):
    """A seat in a course, or several, that a learner has bought."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    learner: str = required_reference("learner")
    course: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    quantity: Amount | None = None
    amount: Amount | None = None
    currency: str | None = text(3)
    status: str | None = text(40)
    purchased_on: Day | None = None


class CourseResult(Entity):
    """How far a learner came in a course."""

    number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    learner: str = required_reference("learner")
    course: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    status: str | None = text(40)
    grade: Amount | None = None
    completed_on: Day | None = None


@dataclass(frozen=True)
class EntityType:
    """One entity of the hub: its model, and what can be read off it."""

    name: str
    model: type[Entity]

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.model.model_fields)

    @cached_property
    def references(self) -> Mapping[str, str]:
        """Field → the entity that it points at."""
        marked = {name: self._mark(name, "reference") for name in self.fields}
        return {name: entity for name, entity in marked.items() if entity}

    @cached_property
    def days(self) -> tuple[str, ...]:
        """The fields that hold a day."""
        fields = self.model.model_fields.items()
        return tuple(name for name, info in fields if Day in get_args(info.annotation))

    @cached_property
    def personal(self) -> frozenset[str]:
        return frozenset(name for name in self.fields if self._mark(name, "personal"))

    def _mark(self, field: str, mark: str) -> Any:
        extra = self.model.model_fields[field].json_schema_extra
        return extra.get(mark) if isinstance(extra, dict) else None

    def check(self, values: Mapping[str, Value]) -> None:
        """Refuse values that the entity does not take.

        Raises InvalidChange with the field and what would be accepted, never with the value.
        """
        try:
            self.model.__pydantic_validator__.validate_python(values)
        except ValidationError as error:
            raise _invalid(self.name, error, values) from None


REASONS = {
    "missing": ("Required", "is missing"),
    "string_too_short": ("Required", "is empty"),
    "extra_forbidden": ("UnknownField", "is not a field of this entity"),
}


def _invalid(entity: str, error: ValidationError, values: Mapping[str, Value]) -> InvalidChange:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if field in values and values[field] is None:
        reason, said = "Required", "is empty"
    elif first["type"] == "string_too_long":
        reason, said = "TooLong", f"is longer than {first['ctx']['max_length']} characters"
    elif first["type"] == "string_pattern_mismatch":
        reason, said = "BadFormat", FORMATS[first["ctx"]["pattern"]]
    else:
        reason, said = REASONS.get(first["type"], ("WrongType", f"has a wrong type: {first['msg']}"))
    return InvalidChange(f"{entity}.{field} {said}", reason=reason, field=field)


_MODELS: Mapping[str, type[Entity]] = {
    "account": Account,
    "contact": Contact,
    "lead": Lead,
    "unit": Unit,
    "product": Product,
    "price_list": PriceList,
    "price_list_item": PriceListItem,
    "order": Order,
    "order_line": OrderLine,
    "invoice": Invoice,
    "learner": Learner,
    "training_purchase": TrainingPurchase,
    "course_result": CourseResult,
}
ENTITIES: Mapping[str, EntityType] = {name: EntityType(name, model) for name, model in _MODELS.items()}
