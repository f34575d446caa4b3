"""What the ERP's database does by itself, for both databases from the same description.

PostgreSQL mends a row before it is stored. SQLite cannot, and mends it right after: the update that a trigger
makes does not wake the same trigger again, and one of a row that is just being inserted (version 0) wakes
none.
"""
# ruff: noqa: S608 - the names of tables and columns are ours, and a trigger takes no parameters

from __future__ import annotations

from collections.abc import Iterator

from local.systems.erp.tables import TRACKED, Tracked

SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"
POSTGRESQL_NOW = "timezone('utc', clock_timestamp())"
NOW = "(SELECT now FROM clock)"


def statements(dialect: str) -> Iterator[str]:
    """The DDL, in the order in which it runs."""
    sqlite = dialect == "sqlite"
    now = SQLITE_NOW if sqlite else POSTGRESQL_NOW
    yield f"CREATE VIEW clock AS SELECT COALESCE((SELECT at FROM work_clock), {now}) AS now"
    for tracked in TRACKED:
        yield from _sqlite(tracked) if sqlite else _postgresql(tracked)
    yield from _sqlite_payments() if sqlite else _postgresql_payments()


def _mended(tracked: Tracked) -> Iterator[tuple[str, str]]:
    """Column → its value as the database keeps it."""
    yield from ((code, f"upper(NEW.{code})") for code in tracked.codes)
    yield from ((amount, f"round(NEW.{amount}, 2)") for amount in tracked.money)


def _born(tracked: Tracked) -> dict[str, str]:
    born = {"row_version": "1", "changed_at": f"COALESCE(NEW.changed_at, {NOW})"}
    return dict(_mended(tracked)) | born | ({"crm_status": "'N'"} if tracked.flagged else {})


def _edited(tracked: Tracked) -> dict[str, str]:
    edited = {"row_version": "OLD.row_version + 1", "changed_at": NOW}
    status = {"crm_status": "CASE OLD.crm_status WHEN 'N' THEN 'N' ELSE 'U' END"}
    return dict(_mended(tracked)) | edited | (status if tracked.flagged else {})


def _sqlite(tracked: Tracked) -> Iterator[str]:
    name, columns = tracked.table.name, ", ".join(tracked.business)
    here = f"UPDATE {name} SET {{}} WHERE rowid = NEW.rowid"
    yield f"CREATE TRIGGER {name}_new AFTER INSERT ON {name} BEGIN {here.format(_set(_born(tracked)))}; END"
    yield (
        f"CREATE TRIGGER {name}_edited AFTER UPDATE OF {columns} ON {name} WHEN OLD.row_version > 0"
        f" BEGIN {here.format(_set(_edited(tracked)))}; END"
    )
    if tracked.buried:
        yield f"CREATE TRIGGER {name}_gone AFTER DELETE ON {name} BEGIN {_bury(name)}; END"


def _postgresql(tracked: Tracked) -> Iterator[str]:
    name, columns = tracked.table.name, ", ".join(tracked.business)
    born, edited = _assign(_born(tracked)), _assign(_edited(tracked))
    yield _function(f"{name}_kept", f"IF TG_OP = 'INSERT' THEN {born} ELSE {edited} END IF; RETURN NEW;")
    yield (
        f"CREATE TRIGGER {name}_kept BEFORE INSERT OR UPDATE OF {columns} ON {name}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}_kept()"
    )
    if tracked.buried:
        yield _function(f"{name}_gone", f"{_bury(name)}; RETURN OLD;")
        yield (
            f"CREATE TRIGGER {name}_gone AFTER DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION {name}_gone()"
        )


def _set(values: dict[str, str]) -> str:
    return ", ".join(f"{column} = {value}" for column, value in values.items())


def _assign(values: dict[str, str]) -> str:
    return " ".join(f"NEW.{column} := {value};" for column, value in values.items())


def _bury(name: str) -> str:
    return f"INSERT INTO {name}_deleted (id, deleted_at) VALUES (OLD.id, {NOW})"


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _booked(row: str) -> str:
    """What an invoice knows of its payments, once more."""
    paid = f"SELECT SUM(amount) FROM payments WHERE invoice_no = {row}.invoice_no"
    last = f"SELECT MAX(received_on) FROM payments WHERE invoice_no = {row}.invoice_no"
    return (
        f"UPDATE invoices SET paid_amount = COALESCE(({paid}), 0),"
        f" paid_on = CASE WHEN COALESCE(({paid}), 0) >= total THEN ({last}) END"
        f" WHERE invoice_no = {row}.invoice_no"
    )


def _sqlite_payments() -> Iterator[str]:
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        name = f"payments_{event.lower()}"
        yield f"CREATE TRIGGER {name} AFTER {event} ON payments BEGIN {_booked(row)}; END"


def _postgresql_payments() -> Iterator[str]:
    body = f"IF TG_OP = 'DELETE' THEN {_booked('OLD')}; ELSE {_booked('NEW')}; END IF; RETURN NULL;"
    yield _function("payments_booked", body)
    yield (
        "CREATE TRIGGER payments_booked AFTER INSERT OR UPDATE OR DELETE ON payments"
        " FOR EACH ROW EXECUTE FUNCTION payments_booked()"
    )
