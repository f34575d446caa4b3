"""What the names in a query mean: the object, its fields, and those of its parents, one level up."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.soql.lexer import SoqlError
from local.systems.salesforce.soql.syntax import Path
from local.systems.system import Row

_ADVICE = (
    "If you are attempting to use a custom {kind}, be sure to append the '__c' after the {name}. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a path leads to; where it is a parent's, `reference` is the field that leads there."""

    field: Field
    get: Callable[[Row], Any]
    reference: Field | None = None
    parent: SObject | None = None


class Scope:
    def __init__(self, org: Org, source: Path) -> None:
        sobject = org.schema.object(source.text)
        if sobject is None:
            advice = _ADVICE.format(kind="object", name="entity name")
            raise SoqlError(
                "INVALID_TYPE", f"sObject type '{source.text}' is not supported. {advice}", source.place
            )
        self.sobject = sobject
        self._org = org

    def column(self, path: Path) -> Column:
        """The column at the end of a path."""
        relation, _, name = path.text.rpartition(".")
        if not relation or relation.lower() == self.sobject.name.lower():
            return self._own(name, path)
        return self._parents(relation, name, path)

    def _own(self, name: str, path: Path) -> Column:
        field = self.sobject.field(name)
        if field is None:
            raise _no_column(name, self.sobject, path)
        return Column(field, _getter(field))

    def _parents(self, relation: str, name: str, path: Path) -> Column:
        reference = self.sobject.relationships.get(relation.lower())
        if reference is None:
            advice = _ADVICE.format(kind="relationship", name="custom relationship name").replace(
                "__c", "__r"
            )
            reason = f"Didn't understand relationship '{relation}' in field path. {advice}"
            raise SoqlError("INVALID_FIELD", reason, path.place)
        parent = self._org.schema.objects[reference.values[0]]
        field = parent.field(name)
        if field is None:
            raise _no_column(name, parent, path)
        return Column(field, self._of_parent(reference, parent, _getter(field)), reference, parent)

    def _of_parent(
        self, reference: Field, parent: SObject, get: Callable[[Row], Any]
    ) -> Callable[[Row], Any]:
        find = self.parent_row(reference, parent)

        def value(row: Row) -> Any:
            found = find(row)
            return None if found is None else get(found)

        return value

    def parent_row(self, reference: Field, parent: SObject) -> Callable[[Row], Row | None]:
        """From a row to its parent's row; a parent in the recycle bin is none."""
        rows, name = self._org.table(parent).seen, reference.name

        def find(row: Row) -> Row | None:
            found = rows.get(row.get(name, ""))
            return None if found is None or found["IsDeleted"] else found

        return find


def _getter(field: Field) -> Callable[[Row], Any]:
    if field.name in {"Id", "SystemModstamp"}:
        return itemgetter(field.name)
    name = field.name
    return lambda row: row.get(name)


def _no_column(name: str, sobject: SObject, path: Path) -> SoqlError:
    advice = _ADVICE.format(kind="field", name="custom field name")
    return SoqlError(
        "INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'. {advice}", path.place
    )
