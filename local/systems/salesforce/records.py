"""One record at a time: /sobjects/X, /sobjects/X/{id}, /sobjects/X/{external id field}/{value}."""

from typing import Any

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.describe import description, summary
from local.systems.salesforce.errors import ApiError, Refusal, deleted, no_such_column, not_found
from local.systems.salesforce.ids import canonical
from local.systems.salesforce.org import Org
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.soql.answer import Show, record_shower
from local.systems.salesforce.soql.scope import Column, Scope
from local.systems.salesforce.soql.syntax import Path
from local.systems.salesforce.writer import Forms, Writer
from local.systems.system import Row


class Records:
    def __init__(self, org: Org, forms: Forms) -> None:
        self._org = org
        self._forms = forms

    def objects(self, call: Call) -> Answer:
        listed = [summary(each, call.base) for each in self._org.schema.objects.values()]
        return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})

    def object(self, call: Call, sobject: SObject) -> Answer:
        return Answer(200, {"objectDescribe": summary(sobject, call.base), "recentItems": []})

    def describe(self, call: Call, sobject: SObject) -> Answer:
        return Answer(200, description(self._org, sobject, call.base))

    def create(self, call: Call, sobject: SObject) -> Answer:
        raw = _without_id(call.json_object())
        key = Writer(self._forms, call).create(sobject, raw)
        return Answer(201, _saved(key), {"Location": f"{call.base}/sobjects/{sobject.name}/{key}"}, records=1)

    def read(self, call: Call, sobject: SObject, text: str) -> Answer:
        return self._show(call, sobject, self._key(sobject, text))

    def update(self, call: Call, sobject: SObject, text: str) -> Answer:
        raw = _without_id(call.json_object())
        Writer(self._forms, call).update(sobject, self._key(sobject, text), raw)
        return Answer(204, records=1)

    def delete(self, call: Call, sobject: SObject, text: str) -> Answer:
        Writer(self._forms, call).delete(sobject, self._key(sobject, text))
        return Answer(204, records=1)

    # By an external id

    def read_by(self, call: Call, sobject: SObject, field: str, value: str) -> Answer:
        keys = self._found(sobject, field, value)
        return self._only(call, sobject, keys) or self._show(call, sobject, keys[0])

    def delete_by(self, call: Call, sobject: SObject, field: str, value: str) -> Answer:
        keys = self._found(sobject, field, value)
        return self._only(call, sobject, keys) or self.delete(call, sobject, keys[0])

    def upsert(self, call: Call, sobject: SObject, field: str, value: str) -> Answer:
        """Creates or updates; several matches are a question (300), and nothing is written."""
        column = external(sobject, field)
        keys, raw = self._found(sobject, field, value), _without_id(call.json_object())
        if any(name.lower() == column.name.lower() for name in raw):
            message = f"The {column.name} field should not be specified in the sobject data."
            raise Refusal("INVALID_FIELD", message, (column.name,))
        if not keys and not call.flag("updateOnly"):
            key = Writer(self._forms, call).create(sobject, {**raw, column.name: value})
            return Answer(201, {**_saved(key), "created": True}, records=1)
        return self._only(call, sobject, keys) or self._upserted(call, sobject, keys[0], raw)

    def _upserted(self, call: Call, sobject: SObject, key: str, raw: Row) -> Answer:
        Writer(self._forms, call).update(sobject, key, raw)
        if call.number < 46:
            return Answer(204, records=1)
        return Answer(200, {**_saved(key), "created": False}, records=1)

    def _found(self, sobject: SObject, field: str, value: str) -> list[str]:
        column = external(sobject, field)
        if column.type == "id":
            return [self._key(sobject, value)]
        return self._org.table(sobject).find(column.name, value)

    def _only(self, call: Call, sobject: SObject, keys: list[str]) -> Answer | None:
        """Nothing where exactly one record was meant."""
        if not keys:
            raise not_found()
        if len(keys) == 1:
            return None
        return Answer(300, [f"{call.base}/sobjects/{sobject.name}/{key}" for key in keys], write=False)

    def _key(self, sobject: SObject, text: str) -> str:
        key = canonical(text)
        if key is None:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {text}")
        if key not in self._org.table(sobject).written:
            raise not_found()
        return key

    def _show(self, call: Call, sobject: SObject, key: str) -> Answer:
        row = self._org.table(sobject).written[key]
        if row["IsDeleted"]:
            raise deleted()
        fields = call.params.get("fields")
        names = fields.split(",") if fields else list(sobject.fields)
        return Answer(200, show_fields(self._org, sobject, names, call.base)(row), records=1)


def show_fields(org: Org, sobject: SObject, names: list[Any], base: str) -> Show:
    """Shows these fields of a record; an unknown one refuses the request."""
    scope = Scope(org, Path(sobject.name))
    columns: list[Column] = []
    for name in names:
        field = sobject.field(name.strip()) if isinstance(name, str) else None
        if field is None:
            raise no_such_column(str(name), sobject.name)
        columns.append(scope.column(Path(field.name)))
    return record_shower(scope, columns, base)


def external(sobject: SObject, name: str) -> Field:
    """The field by which records can be named; refused where there is no such field."""
    field = sobject.field(name)
    if field is None or not field.finds:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def _without_id(raw: Row) -> Row:
    if "Id" in raw or "id" in raw:
        raise ApiError(400, "INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    return raw


def _saved(key: str) -> Row:
    return {"id": key, "success": True, "errors": []}
