"""What the environment says of itself, as clients ask: `WhoAmI()`, `EntityDefinitions`, `$metadata`."""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import quoteattr

from local.systems.dataverse.address import Address, parse_key
from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.errors import invalid, no_segment
from local.systems.dataverse.odata.parser import parse_filter
from local.systems.dataverse.odata.syntax import Compare
from local.systems.dataverse.schema import Column, Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.writer import label
from local.systems.system import Row

ORGANIZATION: Final = str(uuid5(NAMESPACE_URL, "crosswalk organization"))
BUSINESS_UNIT: Final = str(uuid5(NAMESPACE_URL, "crosswalk business unit"))
_TYPES: Final = {
    "id": "Uniqueidentifier",
    "guid": "Uniqueidentifier",
    "text": "String",
    "integer": "Integer",
    "decimal": "Decimal",
    "money": "Money",
    "boolean": "Boolean",
    "choice": "Picklist",
    "state": "State",
    "status": "Status",
    "datetime": "DateTime",
    "date": "DateTime",
    "lookup": "Lookup",
}
_EDM: Final = {
    "text": "Edm.String",
    "integer": "Edm.Int32",
    "choice": "Edm.Int32",
    "state": "Edm.Int32",
    "status": "Edm.Int32",
    "decimal": "Edm.Decimal",
    "money": "Edm.Decimal",
    "boolean": "Edm.Boolean",
    "datetime": "Edm.DateTimeOffset",
    "date": "Edm.Date",
}
_TRACKED: Final = (
    '<Annotation Term="Org.OData.Capabilities.V1.ChangeTracking"><Record>'
    '<PropertyValue Property="Supported" Bool="true"/></Record></Annotation>'
)


class Definitions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def who_am_i(self, call: Call) -> Answer:
        body = {
            "@odata.context": f"{call.root}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
            "BusinessUnitId": BUSINESS_UNIT,
            "UserId": call.user,
            "OrganizationId": ORGANIZATION,
        }
        return Answer(200, body)

    def answer(self, call: Call, address: Address) -> Answer:
        """`EntityDefinitions`, all or one, and what is below one: Attributes, Keys."""
        if address.key is None:
            shown = [_picked(call, _described(table)) for table in self._asked(call)]
            return _listed(call, "EntityDefinitions", shown)
        table = self._table(address.key)
        below, _, kind = address.tail.partition("/")
        if not below:
            return Answer(200, _picked(call, _described(table)))
        if below == "Attributes":
            return self._attributes(call, table, kind)
        if below == "Keys":
            return _listed(call, "Keys", [_key(table, key.name, key.columns) for key in table.keys])
        raise no_segment(below)

    def metadata(self, call: Call) -> Answer:
        """The model as XML; `?annotations=true` says which tables' changes are tracked."""
        annotated = call.params.get("annotations") == "true"
        types = "".join(_entity_type(table) for table in self._store.schema.tables.values())
        sets = "".join(_entity_set(table, annotated) for table in self._store.schema.tables.values())
        text = (
            '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
            'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
            '<Schema Namespace="Microsoft.Dynamics.CRM" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
            f'{types}<EntityContainer Name="System">{sets}</EntityContainer></Schema>'
            "</edmx:DataServices></edmx:Edmx>"
        )
        return Answer(200, text.encode(), {"Content-Type": "application/xml"})

    def _asked(self, call: Call) -> list[Table]:
        """Those that a filter names by LogicalName or EntitySetName, else all."""
        tables = list(self._store.schema.tables.values())
        text = call.params.get("$filter")
        if not text:
            return tables
        condition = parse_filter(text)
        if not isinstance(condition, Compare) or condition.operator != "eq":
            raise invalid(f"The filter '{text}' is not supported on EntityDefinitions.")
        return [table for table in tables if _described(table).get(condition.column) == condition.value]

    def _table(self, key: str) -> Table:
        wanted = parse_key(key) if "=" in key else {"MetadataId": key.lower()}
        for table in self._store.schema.tables.values():
            if wanted.items() <= _described(table).items():
                return table
        raise no_segment(f"EntityDefinitions({key})")

    def _attributes(self, call: Call, table: Table, kind: str) -> Answer:
        wanted = kind.removeprefix("Microsoft.Dynamics.CRM.").removesuffix("AttributeMetadata")
        columns = [each for each in table.columns.values() if not wanted or _TYPES[each.kind] == wanted]
        expands = "OptionSet" in call.params.get("$expand", "")
        shown = [_picked(call, _attribute(table, column)) for column in columns]
        if expands:
            shown = [
                {**row, "OptionSet": _options(column)} for row, column in zip(shown, columns, strict=True)
            ]
        return _listed(call, "Attributes", shown)


def _listed(call: Call, what: str, rows: list[Row]) -> Answer:
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{what}", "value": rows})


def _picked(call: Call, row: Row) -> Row:
    names = call.params.get("$select")
    return {name: row.get(name) for name in names.split(",")} if names else row


def _described(table: Table) -> Row:
    return {
        "MetadataId": str(uuid5(NAMESPACE_URL, table.name)),
        "LogicalName": table.name,
        "SchemaName": table.label,
        "EntitySetName": table.set_name,
        "PrimaryIdAttribute": table.id,
        "PrimaryNameAttribute": table.title,
        "ChangeTrackingEnabled": table.tracked,
        "IsOptimisticConcurrencyEnabled": True,
    }


def _attribute(table: Table, column: Column) -> Row:
    return {
        "MetadataId": str(uuid5(NAMESPACE_URL, f"{table.name} {column.name}")),
        "LogicalName": column.name,
        "SchemaName": column.name,
        "AttributeType": _TYPES[column.kind],
        "MaxLength": column.most if column.kind == "text" else None,
        "RequiredLevel": {"Value": "ApplicationRequired" if column.flag == "required" else "None"},
        "IsValidForCreate": column.flag != "read",
        "IsValidForUpdate": column.flag != "read",
    }


def _options(column: Column) -> Row:
    return {"Options": [{"Value": value, "Label": _label(text)} for value, text in column.options.items()]}


def _label(text: str) -> Row:
    localized: dict[str, Any] = {"Label": text, "LanguageCode": 1033}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _key(table: Table, name: str, columns: tuple[str, ...]) -> Row:
    return {
        "MetadataId": str(uuid5(NAMESPACE_URL, f"{table.name} key {name}")),
        "LogicalName": name,
        "SchemaName": name,
        "EntityLogicalName": table.name,
        "KeyAttributes": list(columns),
        "EntityKeyIndexStatus": "Active",
        "DisplayName": _label(" ".join(label(table.columns[column]) for column in columns)),
    }


def _entity_type(table: Table) -> str:
    properties = "".join(
        f"<Property Name={quoteattr(column.shown)} Type={quoteattr(_EDM.get(column.kind, 'Edm.Guid'))}/>"
        for column in table.columns.values()
    )
    key = f"<Key><PropertyRef Name={quoteattr(table.id)}/></Key>"
    return f"<EntityType Name={quoteattr(table.name)}>{key}{properties}</EntityType>"


def _entity_set(table: Table, annotated: bool) -> str:  # noqa: FBT001 - one of two forms
    kind = quoteattr(f"Microsoft.Dynamics.CRM.{table.name}")
    inside = _TRACKED if annotated and table.tracked else ""
    return f"<EntitySet Name={quoteattr(table.set_name)} EntityType={kind}>{inside}</EntitySet>"
