"""Up to 200 records in one request: /composite/sobjects.

A well-formed request is answered with 200, whatever became of its records: one outcome for each, in their
order. With `allOrNone` one refusal undoes them all. What is refused as a whole (too many, a body of the
wrong shape, an unknown field) is 400.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.errors import ApiError, Refusal, parser_error
from local.systems.salesforce.ids import canonical
from local.systems.salesforce.org import Org
from local.systems.salesforce.records import external, show_fields
from local.systems.salesforce.schema import Field, SObject
from local.systems.salesforce.writer import Forms, Writer, object_of
from local.systems.system import Row

LARGEST: Final = 200
_ROLLED_BACK: Final = Refusal(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
Step = Callable[[Any], Row]
"""Writes one record and says what became of it; refuses with `Refusal`."""


class Collection:
    def __init__(self, org: Org, forms: Forms) -> None:
        self._org = org
        self._forms = forms

    def create(self, call: Call) -> Answer:
        writer = Writer(self._forms, call)

        def step(raw: Row) -> Row:
            if "Id" in raw or "id" in raw:
                raise Refusal(
                    "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",)
                )
            return _success(writer.create(self._object(raw), raw))

        records, all_or_none = _records(call)
        return self._run(records, step, all_or_none=all_or_none)

    def update(self, call: Call) -> Answer:
        writer = Writer(self._forms, call)
        records, all_or_none = _records(call)
        twice = _repeated(_id_of(raw) for raw in records)

        def step(raw: Row) -> Row:
            sobject, text = self._object(raw), _id_of(raw)
            if text is None:
                raise Refusal("MISSING_ARGUMENT", "Id not specified in an update call")
            if text in twice:
                raise Refusal("DUPLICATE_VALUE", f"Duplicate id specified: {text}", ("Id",))
            key = writer.key_of(sobject, text)
            writer.update(sobject, key, raw)
            return _success(key)

        return self._run(records, step, all_or_none=all_or_none)

    def upsert(self, call: Call, sobject: SObject, field: str) -> Answer:
        column, writer = external(sobject, field), Writer(self._forms, call)
        records, all_or_none = _records(call)
        name = column.name.lower()
        twice = _repeated(_folded(_value_of(raw, name)) for raw in records)

        def step(raw: Row) -> Row:
            value = _value_of(raw, name)
            if _folded(value) in twice:
                raise Refusal("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (column.name,))
            if self._object(raw) is not sobject:
                raise Refusal(
                    "INVALID_TYPE", f"All records of this request have to be of type {sobject.name}"
                )
            return self.upsert_one(writer, sobject, column, raw)

        return self._run(records, step, all_or_none=all_or_none)

    def upsert_one(self, writer: Writer, sobject: SObject, column: Field, raw: Row) -> Row:
        value = _value_of(raw, column.name.lower())
        keys = self._matching(writer, sobject, column, value)
        if len(keys) > 1:
            message = f"{column.label}: more than one record found for external id field: [{', '.join(keys)}]"
            raise Refusal("DUPLICATE_EXTERNAL_ID", message)
        if keys:
            writer.update(sobject, keys[0], raw)
            return {**_success(keys[0]), "created": False}
        return {**_success(writer.create(sobject, raw)), "created": True}

    def _matching(self, writer: Writer, sobject: SObject, column: Field, value: Any) -> list[str]:
        """The records meant. By id, no id means a new record."""
        if column.type == "id":
            return [] if value is None else [writer.key_of(sobject, value)]
        if value is None or value == "":
            raise Refusal("MISSING_ARGUMENT", f"{column.name} not specified", (column.name,))
        return self._org.table(sobject).find(column.name, str(value))

    def delete(self, call: Call) -> Answer:
        writer = Writer(self._forms, call)

        def step(text: str) -> Row:
            key = canonical(text)
            sobject = self._org.schema.of_id(key) if key else None
            if key is None or sobject is None:
                raise Refusal("MALFORMED_ID", f"malformed id {text}")
            writer.delete(sobject, key)
            return _success(key)

        ids = [text.strip() for text in call.params.get("ids", "").split(",") if text.strip()]
        return self._run(_counted(ids), step, all_or_none=call.flag("allOrNone"))

    def read(self, call: Call, sobject: SObject) -> Answer:
        """The records in the order of the ids; null for one that is not there."""
        asked = call.json_object() if call.method == "POST" else _split(call.params)
        ids, fields = asked.get("ids"), asked.get("fields")
        if not isinstance(ids, list) or not isinstance(fields, list):
            raise ApiError(400, "MISSING_ARGUMENT", "ids and fields have to be specified")
        show = show_fields(self._org, sobject, fields, call.base)
        rows = [self._living(sobject, text) for text in ids]
        shown = [None if row is None else show(row) for row in rows]
        return Answer(200, shown, records=len(shown), write=False)

    def _living(self, sobject: SObject, text: Any) -> Row | None:
        key = canonical(text) if isinstance(text, str) else None
        row = self._org.table(sobject).written.get(key or "")
        return None if row is None or row["IsDeleted"] else row

    def _object(self, raw: Row) -> SObject:
        attributes = raw.get("attributes")
        return object_of(self._org, attributes.get("type") if isinstance(attributes, dict) else None)

    def _run(self, records: list[Any], step: Step, *, all_or_none: bool) -> Answer:
        with self._org.transaction() as transaction:
            try:
                outcomes = [_outcome(step, record) for record in records]
            except ApiError:
                transaction.roll_back()
                raise
            if all_or_none and not all(outcome["success"] for outcome in outcomes):
                transaction.roll_back()
                outcomes = [_failure(_ROLLED_BACK) if each["success"] else each for each in outcomes]
        return Answer(200, outcomes, records=len(records))


def _outcome(step: Step, record: Any) -> Row:
    try:
        return step(record)
    except Refusal as refusal:
        return _failure(refusal)


def _success(key: str) -> Row:
    return {"id": key, "success": True, "errors": []}


def _failure(refusal: Refusal) -> Row:
    return {"success": False, "errors": [refusal.in_collection()]}


def _records(call: Call) -> tuple[list[Row], bool]:
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise parser_error("records has to be an array of objects at [line:1, column:1]")
    return _counted(records), body.get("allOrNone") is True


def _counted(records: list[Any]) -> list[Any]:
    if not records:
        raise ApiError(400, "MISSING_ARGUMENT", "at least one record has to be specified")
    if len(records) > LARGEST:
        message = f"record limit reached. cannot submit more than {LARGEST} records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
    return records


def _split(params: dict[str, str]) -> dict[str, Any]:
    return {name: value.split(",") for name, value in params.items()}


def _value_of(raw: Row, name: str) -> Any:
    """A record's value under a name in lower case, however the caller wrote it."""
    return next((value for key, value in raw.items() if key.lower() == name), None)


def _id_of(raw: Row) -> Any:
    text = raw.get("Id")
    return raw.get("id") if text is None else text


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else None


def _repeated(values: Any) -> frozenset[Any]:
    counts = Counter(value for value in values if isinstance(value, str))
    return frozenset(value for value, count in counts.items() if count > 1)
