"""What does not come through the API: sample data, and what users do in the browser.

Loaded rows keep their ids and stamps. They are trusted to be what the org could hold; only what is left out
is filled in.
"""

from collections.abc import Iterable
from typing import Final

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.conversion import convert
from local.systems.salesforce.errors import ApiError, Refusal
from local.systems.salesforce.ids import canonical
from local.systems.salesforce.org import Org, audit
from local.systems.salesforce.schema import SObject
from local.systems.salesforce.stamps import canonical_datetime, stamp
from local.systems.salesforce.writer import Forms, Writer, defaults, full_name, object_of
from local.systems.system import Row

_STAMPS: Final = ("CreatedDate", "LastModifiedDate", "SystemModstamp")


class Loader:
    def __init__(self, org: Org, forms: Forms) -> None:
        self._org = org
        self._forms = forms

    def load(self, name: str, rows: Iterable[Row]) -> int:
        """Puts rows as they are and commits them; ValueError for a column or id that cannot be."""
        sobject = self._org.schema.objects[name]
        now, standard = stamp(self._org.now()), defaults(sobject)
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - counted, for rows may be a stream
            self._put(sobject, row, now, standard)
        self._org.rows.commit()
        return count

    def check(self, name: str, row: Row) -> Refusal | None:
        """Why the org would refuse to create this row, were it written through the API; parents aside."""
        sobject = self._org.schema.objects[name]
        given = {field.name for field in sobject.fields.values() if not field.createable}
        try:
            self._forms.of(sobject).create({key: value for key, value in row.items() if key not in given})
        except Refusal as refusal:
            return refusal
        except ApiError as error:
            return Refusal(error.body[0]["errorCode"], error.body[0]["message"])
        return None

    def _put(self, sobject: SObject, row: Row, now: str, standard: Row) -> None:
        if not row.keys() <= sobject.fields.keys():
            unknown = row.keys() - sobject.fields.keys()
            raise ValueError(f"{sobject.name} has no column {', '.join(sorted(unknown))}")
        key = canonical(row["Id"]) if "Id" in row else self._org.new_id(sobject)
        if key is None or not key.startswith(sobject.prefix):
            raise ValueError(f"{row['Id']} is no id of {sobject.name}")
        whole = {**standard, **audit(now), **row, **_stamps(row), "Id": key}
        if sobject.has_person:
            whole["Name"] = full_name(whole)
        self._org.put(sobject, {name: value for name, value in whole.items() if value is not None})

    # What users do

    def act(self, action: str, call: Call) -> Answer:
        """An action of the control plane."""
        body = call.json_object()
        writer = Writer(self._forms, call)
        return self._merge(writer, body) if action == "merge" else convert(self._org, writer, body)

    def _merge(self, writer: Writer, body: Row) -> Answer:
        sobject = object_of(self._org, body.get("object"))
        winner = writer.key_of(sobject, body.get("winner"))
        losers = [writer.key_of(sobject, text) for text in body.get("losers") or ()]
        with self._org.transaction() as transaction:
            try:
                for loser in losers:
                    writer.merge(sobject, winner, loser)
            except Refusal:
                transaction.roll_back()
                raise
        return Answer(200, {"id": winner, "mergedRecordIds": losers, "success": True})


def _stamps(row: Row) -> Row:
    """The stamps in the store's form. A row that gives one only was made then and not touched since."""
    given = {name: _stamp(row[name]) for name in _STAMPS if row.get(name)}
    if not given:
        return {}
    return {**dict.fromkeys(_STAMPS, max(given.values())), **given}


def _stamp(text: str) -> str:
    moment = text if text.endswith(".000+0000") else canonical_datetime(text)
    if moment is None:
        raise ValueError(f"{text} is no date and time with an offset")
    return moment
