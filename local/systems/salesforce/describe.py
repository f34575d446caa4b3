"""What the org says about its objects: /sobjects, /sobjects/X, /sobjects/X/describe."""

from typing import Any, Final

from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import IDS, NUMBERS, TEXTS, Field, SObject

MASTER: Final = "012000000000000AAA"
_VERBS: Final = (
    "createable",
    "deletable",
    "layoutable",
    "mergeable",
    "queryable",
    "replicateable",
    "retrieveable",
)
_SOAP_TYPES: Final = {
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "id": "tns:ID",
    "reference": "tns:ID",
    "address": "urn:address",
}


def summary(sobject: SObject, base: str) -> dict[str, Any]:
    """One object in the list of objects."""
    address = f"{base}/sobjects/{sobject.name}"
    return {
        **dict.fromkeys(_VERBS, True),
        "custom": sobject.is_custom,
        "keyPrefix": sobject.prefix,
        "label": sobject.name,
        "labelPlural": sobject.plural,
        "name": sobject.name,
        "searchable": True,
        "undeletable": True,
        "updateable": True,
        "urls": {
            "sobject": address,
            "describe": f"{address}/describe",
            "rowTemplate": f"{address}/{{ID}}",
        },
    }


def description(org: Org, sobject: SObject, base: str) -> dict[str, Any]:
    """All of one object."""
    fields = [_field(field) for field in sobject.fields.values()]
    return {**summary(sobject, base), "fields": fields, "recordTypeInfos": _record_types(org, sobject)}


def _record_types(org: Org, sobject: SObject) -> list[dict[str, Any]]:
    """Those that people made, and the one that every object has."""
    made = [
        _record_type(row["Id"], row["DeveloperName"], active=row["IsActive"])
        for row in org.record_types()
        if row["SobjectType"] == sobject.name
    ]
    return [*made, _record_type(MASTER, "Master", active=True)]


def _record_type(key: str, name: str, *, active: bool) -> dict[str, Any]:
    master = name == "Master"
    return {
        "active": active,
        "available": active,
        "defaultRecordTypeMapping": master,
        "developerName": name,
        "master": master,
        "name": name,
        "recordTypeId": key,
    }


def _field(field: Field) -> dict[str, Any]:
    is_text = field.type in TEXTS or field.type in IDS
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "length": field.length if is_text else 0,
        "byteLength": field.length * 3 if is_text else 0,
        "precision": 18 if field.type in NUMBERS else 0,
        "scale": field.scale,
        "digits": 0,
        "custom": field.name.endswith("__c"),
        "nillable": field.nillable,
        "createable": field.createable,
        "updateable": field.updateable,
        "defaultedOnCreate": bool(field.flags & {"default", "system"}),
        "externalId": field.external,
        "idLookup": field.finds,
        "unique": field.unique,
        "caseSensitive": False,
        "filterable": field.filterable,
        "sortable": field.filterable,
        "groupable": field.filterable,
        "calculated": False,
        "restrictedPicklist": field.restricted,
        "picklistValues": _picklist(field),
        "referenceTo": list(field.values) if field.type == "reference" else [],
        "relationshipName": field.relationship,
    }


def _picklist(field: Field) -> list[dict[str, Any]]:
    values = field.values if field.type == "picklist" else ()
    return [
        {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
        for value in values
    ]
