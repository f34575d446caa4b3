"""From an address and a method to what answers them.

```
  accounts                      GET queries, POST a row        accounts/$count
  accounts(key)                 GET, PATCH, DELETE             accounts(key)/column      GET, PUT, DELETE
  accounts/Microsoft.Dynamics.CRM.CreateMultiple
  WinQuote, WhoAmI(), $metadata, EntityDefinitions
```
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from local.systems.dataverse.address import Address, parse_address
from local.systems.dataverse.call import Answer, Call
from local.systems.dataverse.definitions import Definitions
from local.systems.dataverse.errors import Refused, no_segment
from local.systems.dataverse.multiple import Multiple
from local.systems.dataverse.queries import Queries
from local.systems.dataverse.records import Records
from local.systems.dataverse.sales import Sales
from local.systems.dataverse.schema import Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.writer import Rulebook

_ACTION: Final = "Microsoft.Dynamics.CRM."
Found = TypeVar("Found")
OfTable = Callable[[Call, Table], Answer]
OfRow = Callable[[Call, Table, Address], Answer]


class Dispatch:
    def __init__(self, store: Store, rulebook: Rulebook, queries: Queries, sales: Sales) -> None:
        self._store = store
        self._sales = sales
        self._definitions = Definitions(store)
        records, multiple = Records(store, rulebook), Multiple(store, rulebook)
        self._count = queries.count
        self._of_set: Mapping[str, OfTable] = {"GET": queries.page, "POST": records.create}
        self._of_row: Mapping[str, OfRow] = {
            "GET": records.read,
            "PATCH": records.patch,
            "DELETE": records.delete,
        }
        self._of_column: Mapping[str, OfRow] = {
            "GET": records.read_column,
            "PUT": records.put_column,
            "DELETE": records.delete_column,
        }
        self._multiple: Mapping[str, OfTable] = {
            "CreateMultiple": multiple.create,
            "UpdateMultiple": multiple.update,
            "UpsertMultiple": multiple.upsert,
            "DeleteMultiple": multiple.delete,
        }

    def answer(self, call: Call) -> Answer:
        address = parse_address(call.path)
        table = self._store.schema.sets.get(address.name)
        if table is None:
            return self._beside(call, address)
        if address.key is not None:
            return self._row(call, table, address)
        if not address.tail:
            return _method(self._of_set, call)(call, table)
        if address.tail == "$count" and call.method == "GET":
            return self._count(call, table)
        many = self._multiple.get(address.tail.removeprefix(_ACTION))
        if many is None or call.method != "POST":
            raise no_segment(address.tail)
        return many(call, table)

    def _row(self, call: Call, table: Table, address: Address) -> Answer:
        if not address.tail:
            return _method(self._of_row, call)(call, table, address)
        if address.tail.startswith(_ACTION):
            action = address.tail.removeprefix(_ACTION)
            answer = self._sales.bound(call, table, address, action) if call.method == "POST" else None
            if answer is None:
                raise no_segment(address.tail)
            return answer
        return _method(self._of_column, call)(call, table, address)

    def _beside(self, call: Call, address: Address) -> Answer:
        """What is no table."""
        action = self._sales.unbound.get(address.name)
        if action is not None and call.method == "POST":
            return action(call)
        if call.method == "GET" and address.name == "WhoAmI":
            return self._definitions.who_am_i(call)
        if call.method == "GET" and address.name == "EntityDefinitions":
            return self._definitions.answer(call, address)
        if call.method == "GET" and address.name == "$metadata":
            return self._definitions.metadata(call)
        raise no_segment(address.name)


def _method(methods: Mapping[str, Found], call: Call) -> Found:
    found = methods.get(call.method)
    if found is None:
        message = f"The requested resource does not support http method '{call.method}'."
        raise Refused(405, "0x80060888", message)
    return found
