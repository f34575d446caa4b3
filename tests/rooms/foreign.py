"""Somebody else's ERP: other tables, other columns, other habits, and nothing of it known to any code.

Rows are changed at a time (`Geaendert`), deleted by a mark (`Geloescht`), and yes is J.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE "Uhr" ("Jetzt" TEXT);
INSERT INTO "Uhr" VALUES ('2026-01-31 12:00:00.000000');

CREATE TABLE "Kunden" (
  "Schluessel" INTEGER PRIMARY KEY AUTOINCREMENT, "KdNr" TEXT UNIQUE, "Firma" TEXT NOT NULL, "Telefon" TEXT,
  "Strasse" TEXT, "Ort" TEXT, "Limit" NUMERIC, "Gesperrt" TEXT NOT NULL DEFAULT 'N', "FremdNr" TEXT UNIQUE,
  "Geaendert" TEXT, "Geloescht" TEXT NOT NULL DEFAULT 'N');

CREATE TABLE "Ansprechpartner" (
  "Lfd" INTEGER PRIMARY KEY AUTOINCREMENT, "Kunde" INTEGER REFERENCES "Kunden", "Name" TEXT NOT NULL,
  "Vorname" TEXT, "Mail" TEXT, "FremdNr" TEXT UNIQUE, "Geaendert" TEXT,
  "Geloescht" TEXT NOT NULL DEFAULT 'N');

CREATE TABLE "Artikel" (
  "Mandant" TEXT NOT NULL, "ArtNr" TEXT NOT NULL, "Bez" TEXT NOT NULL, "Preis" NUMERIC,
  PRIMARY KEY ("Mandant", "ArtNr"));
"""

STAMPED = """
CREATE TRIGGER "{0}Neu" AFTER INSERT ON "{0}" WHEN NEW."Geaendert" IS NULL BEGIN
  UPDATE "{0}" SET "Geaendert" = (SELECT "Jetzt" FROM "Uhr") WHERE rowid = NEW.rowid; END;
CREATE TRIGGER "{0}Anders" AFTER UPDATE ON "{0}" WHEN OLD."Geaendert" IS NEW."Geaendert" BEGIN
  UPDATE "{0}" SET "Geaendert" = (SELECT "Jetzt" FROM "Uhr") WHERE rowid = NEW.rowid; END;
"""


class Foreign:
    def __init__(self, path: str) -> None:
        self.url = f"sqlite:///{path}"
        self._connection = sqlite3.connect(Path(path), isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {TABLES}"
            + STAMPED.format("Kunden")
            + STAMPED.format("Ansprechpartner")
        )

    def set_clock(self, at: datetime) -> None:
        self.ask('UPDATE "Uhr" SET "Jetzt" = ?', _text(at.astimezone(UTC).replace(tzinfo=None)))

    def ask(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection.execute(sql, parameters)]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.ask(f'SELECT * FROM "{table}" WHERE "Geloescht" = \'N\'')

    def load_accounts(self, names: Sequence[str], at: datetime) -> None:
        self._connection.execute("BEGIN")
        rows = [(name, _text(at)) for name in names]
        self._connection.executemany('INSERT INTO "Kunden" ("Firma", "Geaendert") VALUES (?, ?)', rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def _text(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="microseconds")
