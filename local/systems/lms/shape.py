"""What the LMS's three kinds of row look like: their fields, what is unique, and who is whose parent."""

from __future__ import annotations

from dataclasses import dataclass

ACTIVE = "active"


@dataclass(frozen=True)
class Field:
    name: str
    longest: int = 0
    type: type = str
    required: bool = False
    allowed: tuple[str, ...] = ()
    is_email: bool = False


@dataclass(frozen=True)
class Shape:
    """One resource. `unique` maps a field to the query parameter that looks rows up by it."""

    path: str
    fields: dict[str, Field]
    unique: dict[str, str]
    parent: str | None = None
    """The path of the resource that `company_id` points into."""


def _shape(path: str, fields: list[Field], unique: dict[str, str], parent: str | None = None) -> Shape:
    status = Field("status", required=True, allowed=(ACTIVE, "inactive"))
    named = {field.name: field for field in [Field("external_id", 64), *fields, status]}
    return Shape(path, named, {"external_id": "external_ids"} | unique, parent)


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
    parent=COMPANIES.path,
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
SHAPES = {shape.path: shape for shape in (COMPANIES, COMPANY_USERS, LEADS)}
