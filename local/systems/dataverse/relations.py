"""What a delete does to the rows that point at the one deleted: goes along, stands in its way, or lets go."""

from typing import Final

from local.systems.dataverse.schema import Schema

CASCADE, RESTRICT, CLEAR = "cascade", "restrict", "clear"
_BEHAVIOUR: Final = {
    ("contact", "parentcustomerid"): CASCADE,
    ("productpricelevel", "pricelevelid"): CASCADE,
    ("productpricelevel", "productid"): CASCADE,
    ("productpricelevel", "uomid"): RESTRICT,
    ("product", "defaultuomid"): RESTRICT,
    ("uom", "uomscheduleid"): CASCADE,
    ("quote", "customerid"): RESTRICT,
    ("salesorder", "customerid"): RESTRICT,
    ("invoice", "customerid"): RESTRICT,
    ("quotedetail", "quoteid"): CASCADE,
    ("quotedetail", "productid"): RESTRICT,
    ("salesorderdetail", "salesorderid"): CASCADE,
    ("salesorderdetail", "productid"): RESTRICT,
    ("invoicedetail", "invoiceid"): CASCADE,
    ("invoicedetail", "productid"): RESTRICT,
}
Relation = tuple[str, str, str]
"""Table that points, its column as shown, what becomes of its rows."""


def relations(schema: Schema) -> dict[str, list[Relation]]:
    """Table to what points at it, among the lookups that can be found at once."""
    found: dict[str, list[Relation]] = {name: [] for name in schema.tables}
    for name, table in schema.tables.items():
        for column in table.columns.values():
            if column.kind == "lookup" and (column.shown,) in table.finders:
                behaviour = _BEHAVIOUR.get((name, column.name), CLEAR)
                for target in column.targets:
                    found[target].append((name, column.shown, behaviour))
    return found
