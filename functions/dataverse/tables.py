"""What a table is beside the fields that travel: its names, its states, what a new row must have.

    entity     set            key             read as                   written as
    contact    contacts       contactid       _parentcustomerid_value   parentcustomerid_account@odata.bind
    order      salesorders    salesorderid    _pricelevelid_value       pricelevelid@odata.bind

A lookup is read as a guid under one name and written as an address under another. A customer column holds an
account or a contact: it is written by a name for each, and read as nothing where it holds the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import orjson

from shared.model.field import Field
from shared.model.field import reference as reference_field
from shared.model.golden import Value
from shared.model.translation import Translation

HUB_ID = "cw_hubid"
"""The custom column, with an alternate key, that holds the hub's own id: text of 36."""

WHICH = "Microsoft.Dynamics.CRM.lookuplogicalname"
"""The annotation that names the table which a customer column points into."""

SETS: Mapping[str, str] = {
    "account": "accounts",
    "contact": "contacts",
    "unit": "uoms",
    "product": "products",
    "price_list": "pricelevels",
    "price_list_item": "productpricelevels",
    "order": "salesorders",
    "order_line": "salesorderdetails",
    "invoice": "invoices",
}
"""Entity → entity set. Its singular is the table's logical name."""

CUSTOMER = frozenset({"parentcustomerid", "customerid"})
"""Lookups that hold an account or a contact."""


def lookup(canonical: str, column: str, entity: str, *, mandatory: bool = False) -> Field:
    return reference_field(canonical, f"_{column}_value", entity, read_id=str, mandatory=mandatory)


@dataclass(frozen=True, slots=True)
class Link:
    """How a lookup is written."""

    navigation: str
    entity_set: str
    customer: bool

    def bound(self, native_id: Value) -> str | None:
        """Its address; nothing clears it."""
        return None if native_id is None else f"/{self.entity_set}({native_id})"


@dataclass(frozen=True)
class Table:
    """One table. `inactive` is the state of a row that nobody uses any more, where it has one.

    A new row also gets the `constants`, copies of columns that it has (`copies`: column → from which), and,
    under the name `unit_group`, the unit group of the settings. `merges`: two rows may become one.
    """

    entity: str
    fields: Sequence[Field]
    inactive: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    unit_group: str | None = None
    merges: bool = False

    @cached_property
    def translation(self) -> Translation:
        return Translation("Dataverse", self.entity, self.name, self.fields)

    @property
    def entity_set(self) -> str:
        return SETS[self.entity]

    @cached_property
    def name(self) -> str:
        return SETS[self.entity].removesuffix("s")

    @cached_property
    def key(self) -> str:
        return f"{self.name}id"

    @cached_property
    def columns(self) -> str:
        """What is asked of each row; its key and its version come by themselves."""
        state = ["statecode"] if self.inactive else []
        merged = ["merged", "_masterid_value"] if self.merges else []
        return ",".join(dict.fromkeys(["modifiedon", HUB_ID, *state, *merged, *self.translation.natives]))

    @cached_property
    def lines(self) -> Mapping[str, Field]:
        """By canonical field."""
        return {each.canonical: each for each in self.fields}

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """By the name under which a lookup is read."""
        return {each.native: _link(each) for each in self.fields if each.references}

    @cached_property
    def customers(self) -> Mapping[str, str]:
        """Customer columns as they are read → the annotation that must say the table's name → this name."""
        return {
            native: link.entity_set.removesuffix("s") for native, link in self.links.items() if link.customer
        }

    def wire(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """What is written of a row that is there."""
        record = self.translation.from_canonical(values)
        for native in self.links.keys() & record.keys():
            link = self.links[native]
            record[f"{link.navigation}@odata.bind"] = link.bound(record.pop(native))
        return record

    def new(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """What is written of a new row; its unit group aside."""
        record = {**self.constants, **self.wire(values)}
        for column, origin in self.copies.items():
            if record.get(column) is None and origin in record:
                record[column] = record[origin]
        return record

    def canonical_of(self, native: str) -> str | None:
        """Our field behind a column that an error names, lookups by any of their names."""
        column = native.removesuffix("_account").removesuffix("_contact")
        known = self.translation.canonical_of
        return known(native) or known(f"_{column}_value")


def _link(line: Field) -> Link:
    column = line.native.removeprefix("_").removesuffix("_value")
    entity_set = SETS[str(line.references)]
    customer = column in CUSTOMER
    suffix = f"_{entity_set.removesuffix('s')}" if customer else ""
    return Link(column + suffix, entity_set, customer)


def encoded(record: Mapping[str, Any]) -> bytes:
    """As JSON; amounts with all their digits, which a float would not keep."""
    return orjson.dumps(record, default=_exact)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"no JSON for {type(value).__name__}")
