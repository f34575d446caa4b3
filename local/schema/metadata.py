"""The objects and fields of our own as files of the Metadata API, and a permission set that grants them.

package.xml
objects/<object>.object                     its new fields; a custom object as a whole
permissionsets/Crosswalk.permissionset      a new field is hidden from everybody until it is granted
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from functions.salesforce.schema import PRECISION, Column
from shared.model.field import Kind

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
VERSION = "62.0"
LONGEST_TEXT = 255
GRANT = "Crosswalk"


def files(wanted: Iterable[Column]) -> dict[str, str]:
    """Path → content."""
    by_object: dict[str, list[Column]] = {}
    for column in wanted:
        if column.is_custom:
            by_object.setdefault(column.sobject, []).append(column)
    made = {f"objects/{name}.object": _object(name, columns) for name, columns in by_object.items()}
    return {
        "package.xml": _package(by_object),
        **made,
        f"permissionsets/{GRANT}.permissionset": _permissions(by_object),
    }


def _object(name: str, columns: Iterable[Column]) -> str:
    root = Element("CustomObject", xmlns=NAMESPACE)
    if _is_custom(name):
        label = _label(name)
        _fill(root, {"deploymentStatus": "Deployed", "label": label, "pluralLabel": f"{label}s"})
        initials = "".join(word[0] for word in label.split())
        number = {"displayFormat": f"{initials}-{{000000}}", "label": f"{label} Number", "type": "AutoNumber"}
        _fill(SubElement(root, "nameField"), number)
        _fill(root, {"sharingModel": "ReadWrite"})
    for column in columns:
        _fill(SubElement(root, "fields"), _field(column))
    return _text(root)


def _field(column: Column) -> Mapping[str, str]:
    named = {"fullName": column.name, "label": _label(column.name)}
    match column.kind:
        case Kind.AMOUNT:
            return {**named, "type": "Number", "precision": str(PRECISION), "scale": str(column.scale)}
        case Kind.DAY:
            return {**named, "type": "Date"}
        case Kind.FLAG:
            return {**named, "type": "Checkbox", "defaultValue": "false"}
        case Kind.REFERENCE:
            many = f"{_label(column.sobject).replace(' ', '_')}s"
            pointing = {"referenceTo": str(column.refers), "relationshipName": many}
            return {**named, "type": "Lookup", "deleteConstraint": "SetNull", **pointing}
        case _:
            return {**named, **_text_type(column)}


def _text_type(column: Column) -> Mapping[str, str]:
    length = {"length": str(column.length)}
    if column.length > LONGEST_TEXT:
        return {"type": "LongTextArea", **length, "visibleLines": "3"}
    unique = {"externalId": "true", "unique": "true", "caseSensitive": "false"} if column.external else {}
    return {"type": "Text", **length, **unique}


def _package(by_object: Mapping[str, list[Column]]) -> str:
    root = Element("Package", xmlns=NAMESPACE)
    standard = [name for name in by_object if not _is_custom(name)]
    fields = [f"{name}.{column.name}" for name in standard for column in by_object[name]]
    _members(root, "CustomObject", [name for name in by_object if _is_custom(name)])
    _members(root, "CustomField", fields)
    _members(root, "PermissionSet", [GRANT])
    _fill(root, {"version": VERSION})
    return _text(root)


def _members(root: Element, kind: str, names: Iterable[str]) -> None:
    types = SubElement(root, "types")
    for name in names:
        SubElement(types, "members").text = name
    _fill(types, {"name": kind})


def _permissions(by_object: Mapping[str, list[Column]]) -> str:
    root = Element("PermissionSet", xmlns=NAMESPACE)
    for name, columns in by_object.items():
        for column in columns:
            granted = {"editable": "true", "field": f"{name}.{column.name}", "readable": "true"}
            _fill(SubElement(root, "fieldPermissions"), granted)
    _fill(root, {"label": GRANT})
    for name in by_object:
        _fill(SubElement(root, "objectPermissions"), _rights(name))
    return _text(root)


def _rights(name: str) -> Mapping[str, str]:
    allowed = ("allowCreate", "allowDelete", "allowEdit", "allowRead", "viewAllRecords")
    return {**dict.fromkeys(allowed, "true"), "modifyAllRecords": "false", "object": name}


def _fill(element: Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        SubElement(element, name).text = value


def _text(root: Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _label(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")


def _is_custom(name: str) -> bool:
    return name.endswith("__c")
