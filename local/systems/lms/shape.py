"""What the LMS's rows look like: their fields, what is unique, what finds them, and who is whose parent."""

from __future__ import annotations

from dataclasses import dataclass

ACTIVE = "active"


@dataclass(frozen=True)
class Field:
    """`as_typed` is an e-mail address that keeps its capitals."""

    name: str
    longest: int = 0
    type: type = str
    required: bool = False
    allowed: tuple[str, ...] = ()
    is_email: bool = False
    as_typed: bool = False
    is_amount: bool = False
    is_day: bool = False


@dataclass(frozen=True)
class Parent:
    """The resource that a field points into."""

    path: str
    field: str
    what: str


@dataclass(frozen=True)
class Shape:
    """One resource. `lookups` maps a field to the query parameter that finds rows by it."""

    path: str
    fields: dict[str, Field]
    lookups: dict[str, str]
    unique: frozenset[str]
    parent: Parent | None = None


def _shape(
    path: str,
    fields: list[Field],
    unique: dict[str, str],
    parent: Parent | None = None,
    shared: dict[str, str] | None = None,
) -> Shape:
    """`shared` finds rows by what several of them may have."""
    status = Field("status", required=True, allowed=(ACTIVE, "inactive"))
    named = {field.name: field for field in [Field("external_id", 64), *fields, status]}
    alone = {"external_id": "external_ids"} | unique
    return Shape(path, named, alone | (shared or {}), frozenset(alone), parent)


COMPANIES = _shape(
    "companies",
    [
        Field("number", 20),
        Field("name", 100, required=True),
        Field("phone", 30),
        Field("website", 255),
        Field("street", 100),
        Field("city", 60),
        Field("state", 40),
        Field("postal_code", 20),
        Field("country", 60),
        Field("industry", 40),
    ],
    unique={"number": "numbers"},
)
COMPANY_USERS = _shape(
    "company-users",
    [
        Field("company_id", type=int, required=True),
        Field("first_name", 40),
        Field("last_name", 60, required=True),
        Field("email", 100, is_email=True),
        Field("phone", 30),
        Field("title", 80),
    ],
    unique={"email": "emails"},
    parent=Parent(COMPANIES.path, "company_id", "company"),
)
LEADS = _shape(
    "leads",
    [
        Field("first_name", 40),
        Field("last_name", 60, required=True),
        Field("company_name", 100, required=True),
        Field("email", 100, is_email=True),
        Field("phone", 30),
        Field("source", allowed=("web", "phone", "partner", "event", "other")),
        Field("rating", allowed=("hot", "warm", "cold")),
    ],
    unique={"email": "emails"},
)
LEARNERS = _shape(
    "learners",
    [
        Field("number", 20, required=True),
        Field("first_name", 40),
        Field("last_name", 60, required=True),
        Field("email", 100, is_email=True, as_typed=True, required=True),
        Field("phone", 30),
        Field("company_name", 100),
        Field("audience", required=True, allowed=("customer", "vendor", "partner", "staff")),
    ],
    unique={"number": "numbers"},
    shared={"email": "emails"},
)
_LEARNER = Parent(LEARNERS.path, "learner_id", "learner")
PURCHASES = _shape(
    "purchases",
    [
        Field("number", 20, required=True),
        Field("learner_id", type=int, required=True),
        Field("course", 200, required=True),
        Field("quantity", type=int, required=True),
        Field("amount", 20, is_amount=True, required=True),
        Field("currency", required=True, allowed=("EUR", "GBP", "JPY", "USD")),
        Field("state", required=True, allowed=("ordered", "paid", "cancelled", "refunded")),
        Field("purchased_on", is_day=True, required=True),
    ],
    unique={"number": "numbers"},
    parent=_LEARNER,
)
RESULTS = _shape(
    "results",
    [
        Field("number", 20, required=True),
        Field("learner_id", type=int, required=True),
        Field("course", 200, required=True),
        Field("outcome", required=True, allowed=("enrolled", "in_progress", "passed", "failed")),
        Field("grade", 10, is_amount=True),
        Field("completed_on", is_day=True),
    ],
    unique={"number": "numbers"},
    parent=_LEARNER,
)
SHAPES = {shape.path: shape for shape in (COMPANIES, COMPANY_USERS, LEADS, LEARNERS, PURCHASES, RESULTS)}
"""Parents before their children."""
