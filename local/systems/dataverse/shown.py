"""How rows are shown: the columns that were asked for, an ETag, and annotations where the caller wants them.

Money and decimals are JSON numbers with all their decimals (`20000.0000`); a column without a value is null.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from local.systems.dataverse.call import Preferences
from local.systems.dataverse.errors import invalid
from local.systems.dataverse.schema import CHOICES, POINTS_TO, Column, Table
from local.systems.dataverse.store import Store
from local.systems.dataverse.values import DECIMALS
from local.systems.system import Row

Show = Callable[[Row], Row]
_FORMATTED: Final = "@OData.Community.Display.V1.FormattedValue"
_NAVIGATION: Final = "@Microsoft.Dynamics.CRM.associatednavigationproperty"
_PLACES: Final = {"money": "%.4f", "decimal": f"%.{DECIMALS}f"}


@dataclass(frozen=True)
class Selection:
    """The columns of a `$select`, or all."""

    table: Table
    columns: tuple[Column, ...]
    text: str
    """As the context of an answer names it: `(name,revenue)`."""


def select(table: Table, text: str | None) -> Selection:
    """Refused where a name is no column. The id comes always; money brings its currency."""
    if text is None or text.strip() in {"", "*"}:
        return Selection(table, tuple(table.columns.values()), "")
    columns = [_column(table, name.strip()) for name in text.split(",")]
    if any(column.kind == "money" for column in columns) and "transactioncurrencyid" in table.columns:
        columns.append(table.columns["transactioncurrencyid"])
    columns.append(table.columns[table.id])
    unique = tuple(dict.fromkeys(column.name for column in columns))
    named = ",".join(table.columns[name].shown for name in unique if name != table.id)
    return Selection(table, tuple(table.columns[name] for name in unique), f"({named})")


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        kind = f"Microsoft.Dynamics.CRM.{table.name}"
        raise invalid(f"Could not find a property named '{name}' on type '{kind}'.")
    return column


def shower(store: Store, selection: Selection, prefer: Preferences) -> Show:
    names = [column.shown for column in selection.columns]
    exact = [(each.shown, _PLACES[each.kind]) for each in selection.columns if each.kind in _PLACES]

    def show(row: Row) -> Row:
        get = row.get
        shown = {"@odata.etag": f'W/"{row["versionnumber"]}"', **{name: get(name) for name in names}}
        for name, places in exact:
            value = shown[name]
            if value is not None:
                shown[name] = orjson.Fragment(places % value)
        return shown

    if prefer.formatted or prefer.lookup_tables or prefer.navigations:
        return Annotator(store, selection, prefer, show).show
    return show


class Annotator:
    """Adds what stands beside the values: labels, names and tables of lookups."""

    def __init__(self, store: Store, selection: Selection, prefer: Preferences, show: Show) -> None:
        self._store = store
        self._columns = selection.columns
        self._prefer = prefer
        self._show = show

    def show(self, row: Row) -> Row:
        shown = self._show(row)
        for column in self._columns:
            value = row.get(column.shown)
            if value is not None:
                shown.update(self._beside(column, row, value))
        return shown

    def _beside(self, column: Column, row: Row, value: Any) -> Iterable[tuple[str, Any]]:
        name = column.shown
        if self._prefer.formatted and (text := self._formatted(column, row, value)) is not None:
            yield name + _FORMATTED, text
        if column.kind == "lookup":
            target = target_of(column, row)
            if self._prefer.navigations:
                yield name + _NAVIGATION, column.navigation_to(target)
            if self._prefer.lookup_tables:
                yield name + POINTS_TO, target

    def _formatted(self, column: Column, row: Row, value: Any) -> str | None:
        if column.kind == "lookup":
            target = self._store.schema.tables[target_of(column, row)]
            pointed: Row = self._store.tables[target.name].written.get(value, {})
            name: str | None = pointed.get(target.title)
            return name
        if column.kind in CHOICES:
            return column.options.get(value)
        form = _FORMS.get(column.kind)
        return form(value) if form else None


def target_of(column: Column, row: Row) -> str:
    """The table that a lookup of this row points into."""
    target: str = row.get(column.shown + POINTS_TO) or column.targets[0]
    return target


def _clock_time(text: str) -> str:
    hour = int(text[11:13])
    half = "AM" if hour < 12 else "PM"
    return f"{_day(text)} {hour % 12 or 12}:{text[14:16]} {half}"


def _day(text: str) -> str:
    return f"{int(text[5:7])}/{int(text[8:10])}/{text[:4]}"


_FORMS: Final[dict[str, Callable[[Any], str]]] = {
    "money": lambda value: f"${value:,.2f}",
    "decimal": lambda value: f"{value:,.2f}",
    "integer": lambda value: f"{value:,}",
    "boolean": lambda value: "Yes" if value else "No",
    "datetime": _clock_time,
    "date": _day,
}
