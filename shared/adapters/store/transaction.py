"""The statements. Each method takes a batch and costs a few statements, however large the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import func, select

from shared.adapters.store import encoding, queries, tables
from shared.adapters.store.budgeted import Budgeted
from shared.adapters.store.delivered import Delivered
from shared.adapters.store.heard import Heard
from shared.adapters.store.holding import Holding
from shared.adapters.store.kept import Kept
from shared.adapters.store.orphaned import Orphaned
from shared.model.change import Message
from shared.model.merge import Clash
from shared.model.records import ConflictEntry, DeadLetter, Entry, Flows, Pause, Posted


class Transaction(Kept, Holding, Orphaned, Heard, Delivered, Budgeted):
    """One transaction of the store. Its methods raise SQLAlchemy's errors, which `Store` names."""

    # Reading on

    def watermark(self, system: str, entity: str) -> tuple[str | None, int]:
        """Where reading goes on, and when the last poll was (0: never)."""
        for value, polled_at in self._find(queries.WATERMARK, system=system, entity=entity):
            return value, polled_at
        return None, 0

    def put_watermark(self, system: str, entity: str, value: str | None, polled_at: int) -> None:
        self._upsert(
            tables.watermark,
            [{"system": system, "entity": entity, "value": value, "polled_at": polled_at}],
        )

    def recheck(self, system: str, entity: str, due: Mapping[str, int]) -> None:
        """Native id → when the row is looked at again."""
        self._upsert(
            tables.recheck,
            [
                {"system": system, "entity": entity, "native_id": native, "due": when}
                for native, when in due.items()
            ],
        )

    def rechecks(self, system: str, entity: str, now: int, limit: int) -> list[str]:
        """The rows whose time to be looked at again has come; they stay noted until `rechecked`."""
        found = self._find(queries.RECHECKS, system=system, entity=entity, now=now, limit=limit)
        return [native for (native,) in found]

    def rechecked(self, system: str, entity: str, native_ids: Iterable[str]) -> None:
        done = list(native_ids)
        if done:
            self._run(
                "rechecked",
                lambda: queries.RECHECKED,
                [{"s": system, "e": entity, "n": native} for native in done],
            )

    # Sending

    def post(self, messages: Sequence[Message]) -> None:
        """Into the outbox: sent after the commit, whatever happens."""
        rows = [
            {
                "id": message.id,
                "destination": message.destination,
                "body": message.body.decode(),
                "properties": orjson.dumps(dict(message.properties)).decode(),
                "due": message.due,
            }
            for message in messages
        ]
        if rows:
            self._run("post", tables.outbox.insert, rows)

    def posted(self, limit: int) -> list[Posted]:
        """What waits in the outbox, oldest first."""
        return [
            Posted(position, Message(destination, id_, body.encode(), orjson.loads(properties), due))
            for position, id_, destination, body, properties, due in self._find(queries.POSTED, limit=limit)
        ]

    def sent(self, posted: Sequence[Posted]) -> None:
        """Forget these. By id as well: SQLite gives a place that was emptied to whoever comes next."""
        if posted:
            done = [{"p": each.position, "i": each.message.id} for each in posted]
            self._run("sent", lambda: queries.SENT, done)

    # Claims on work

    def lease(self, name: str, holder: str, now: int, until: int) -> bool:
        """Take or keep a lease; false where another holds it."""
        for holds, ends in self._find(queries.LEASE, name=name):
            if holds != holder and ends > now:
                return False
        self._upsert(tables.lease, [{"name": name, "holder": holder, "until": until}])
        return True

    def release(self, name: str, holder: str) -> None:
        self._run("release", lambda: queries.RELEASE, [{"n": name, "h": holder}])

    def pause(self, system: str, reason: str, description: str, now: int, until: int) -> None:
        """The system refuses us: nobody asks it again before `until`."""
        values = {"reason": reason, "description": description, "until": until}
        statement = self._insert(tables.paused).values(system=system, since=now, **values)
        self._execute(statement.on_conflict_do_update(index_elements=["system"], set_=values))

    def resume(self, system: str) -> None:
        self._run("resume", lambda: queries.RESUME, [{"s": system}])

    def resume_over(self, system: str, now: int) -> None:
        """A pause that has come to its end is none."""
        self._run("resume over", lambda: queries.RESUME_OVER, [{"s": system, "now": now}])

    def paused(self, system: str) -> Pause | None:
        found = self._find(queries.PAUSED, system=system)
        return Pause(*found[0]) if found else None

    # What people look at

    def clash(self, entity: str, clashes: Iterable[tuple[str, Clash]], at: int) -> None:
        """Conflicts by golden id; the same two cells are kept once."""
        rows = [encoding.conflict_row(entity, record, clash, at) for record, clash in clashes]
        if rows:
            self._run("clash", lambda: self._insert(tables.conflict).on_conflict_do_nothing(), rows)

    def conflicts(self, entity: str) -> list[tuple[str, Clash]]:
        rows = self._execute(queries.CONFLICTS, {"entity": entity})
        return [(found.record, found.clash) for found in map(encoding.conflict, rows)]

    def conflict(self, conflict_id: str) -> ConflictEntry | None:
        row = self._execute(queries.CONFLICT, {"id": conflict_id}).first()
        return encoding.conflict(row) if row else None

    def open_conflicts(self, entity: str, ids: Iterable[str]) -> list[ConflictEntry]:
        """Those that wait for an operator, of these records."""
        return [encoding.conflict(row) for row in self._many(queries.OPEN_CONFLICTS, {"entity": entity}, ids)]

    def latest_conflicts(self, limit: int, *, open_only: bool = True) -> list[ConflictEntry]:
        """The newest first."""
        statement = select(tables.conflict).order_by(tables.conflict.c.at.desc(), tables.conflict.c.id)
        if open_only:
            statement = statement.where(tables.conflict.c.open)
        return [encoding.conflict(row) for row in self._execute(statement.limit(limit))]

    def settle_conflicts(self, settled: Mapping[str, str], at: int) -> None:
        """ConflictEntry id → how it was settled; it is open no more."""
        rows = [{"i": conflict, "now": at, "how": how} for conflict, how in settled.items()]
        if rows:
            self._run("settle_conflicts", lambda: queries.SETTLE, rows)

    def open_dead_letters(self, target: str, entity: str, records: Iterable[str]) -> dict[str, str | None]:
        """Record → digest of what was refused, of those that are open."""
        rows = self._many(queries.OPEN, {"target": target, "entity": entity}, records)
        return dict(rows)

    def dead_letters(self, *, open_only: bool = True) -> list[DeadLetter]:
        """All of them, oldest first."""
        statement = select(tables.dead_letter).order_by(tables.dead_letter.c.opened_at)
        if open_only:
            statement = statement.where(tables.dead_letter.c.closed_at.is_(None))
        return [encoding.dead_letter(row) for row in self._execute(statement)]

    def put_dead_letters(self, letters: Sequence[DeadLetter], at: int) -> None:
        """Open these; one that is open for the same record and target is renewed."""
        rows = [
            {
                "id": letter.id,
                "target": letter.target,
                "entity": letter.entity,
                "record": letter.record,
                "source": letter.source,
                "reason": letter.reason,
                "field": letter.field,
                "description": letter.description,
                "digest": letter.digest,
                "opened_at": at,
                "seen_at": at,
                "times": 1,
            }
            for letter in letters
        ]
        if not rows:
            return
        self._run("put_dead_letters", self._renewal, rows)

    def _renewal(self) -> Any:
        """An open dead letter of the same record and target is renewed."""
        statement = self._insert(tables.dead_letter)
        new = statement.excluded
        renewed: dict[str, Any] = {
            name: new[name] for name in ("reason", "field", "description", "digest", "seen_at")
        }
        renewed["times"] = tables.dead_letter.c.times + 1
        return statement.on_conflict_do_update(
            index_elements=["target", "entity", "record"],
            index_where=tables.dead_letter.c.closed_at.is_(None),
            set_=renewed,
        )

    def close_dead_letters(self, target: str, entity: str, records: Iterable[str], at: int, how: str) -> None:
        """The record went through after all: its open dead letter for this target is done."""
        if not self._find(queries.ANY_OPEN, target=target, entity=entity)[0][0]:
            return
        open_ones = self.open_dead_letters(target, entity, records)
        rows = [{"t": target, "e": entity, "r": record, "at": at, "how": how} for record in open_ones]
        if rows:
            self._run("close", lambda: queries.CLOSE, rows)

    def count(self, tallies: Mapping[tuple[str, str, str, str], int]) -> None:
        """Add to the tallies: (entity, source, target, name) → how many."""
        rows = [
            {"entity": entity, "source": source, "target": target, "name": name, "value": value}
            for (entity, source, target, name), value in sorted(tallies.items())
            if value
        ]
        if rows:
            self._run("count", self._addition, rows)

    def _addition(self) -> Any:
        statement = self._insert(tables.tally)
        return statement.on_conflict_do_update(
            index_elements=["entity", "source", "target", "name"],
            set_={"value": tables.tally.c.value + statement.excluded.value},
        )

    def tallies(self) -> Flows:
        """(entity, source, target) → name → how many, since the store was made."""
        flows: Flows = {}
        for row in self._execute(select(tables.tally)):
            flows.setdefault((row.entity, row.source, row.target), {})[row.name] = row.value
        return flows

    def enter(self, entries: Sequence[Entry], at: int) -> None:
        """Into the ledger: what happened to each record. What happened to many at once is one line."""
        lines: dict[tuple[str | None, ...], list[str]] = {}
        for entry in entries:
            what = (entry.entity, entry.system, entry.action, entry.fields, entry.cause, entry.trace)
            lines.setdefault(what, []).append(entry.record)
        if not lines:
            return
        rows = [encoding.ledger_row(what, at) for what in lines]
        places = tables.ledger.insert().returning(tables.ledger.c.position, sort_by_parameter_order=True)
        positions = self._execute(places, rows).scalars()
        common = [{"position": position} for position in positions]
        self._spread(queries.SUBJECTS, list(zip(common, lines.values(), strict=True)))

    def history(self, entity: str, record: str) -> list[Entry]:
        """What happened to one record, oldest first."""
        rows = self._execute(queries.HISTORY, {"entity": entity, "record": record})
        return [Entry(r.entity, r.record, r.system, r.action, r.fields, r.cause, r.trace, r.at) for r in rows]

    def waiting(self) -> int:
        """How many messages wait in the outbox."""
        return int(self._execute(select(func.count()).select_from(tables.outbox)).scalar_one())

    def under_way(self) -> int:
        """How many records are claimed by a handler (who may have died), or were left out of a poll."""
        claimed = tables.snapshot.c.pending.is_not(None) & (tables.snapshot.c.pending_until > 0)
        pending = select(func.count()).where(claimed)
        noted = select(func.count()).select_from(tables.recheck)
        return int(self._execute(pending).scalar_one() + self._execute(noted).scalar_one())
