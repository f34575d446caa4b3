"""The statements of a transaction that are always the same."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, exists, select, update

from shared.adapters.store import tables
from shared.adapters.store.encoding import SNAPSHOT_VALUES
from shared.adapters.store.statements import SPOT, among, chosen, spread

IDENTITIES = among(
    chosen(tables.identity, "native_id", "id", "alias"), tables.identity, ("system", "entity"), "native_id"
)
GOLDEN = among(
    chosen(
        tables.golden,
        SPOT,
        "id",
        "key",
        "generation",
        "fields",
        "tombstone_stamp",
        "tombstone_system",
        "merged_into",
        "revision",
    ),
    tables.golden,
    ("entity",),
    "id",
)
BY_KEY = among(
    chosen(tables.golden, "key", "id", "generation", "tombstone_stamp"), tables.golden, ("entity",), "key"
)
LIVING_BY_KEY = BY_KEY.where(tables.golden.c.tombstone_stamp.is_(None) & tables.golden.c.key.is_not(None))
DEAD_BY_KEY = BY_KEY.where(tables.golden.c.tombstone_stamp.is_not(None))
SNAPSHOTS = among(
    chosen(tables.snapshot, SPOT, "id", *SNAPSHOT_VALUES), tables.snapshot, ("system", "entity"), "id"
)
CLAIMS = among(
    chosen(tables.snapshot, SPOT, "id").add_columns(
        tables.snapshot.c.pending.is_not(None), tables.snapshot.c.pending_until
    ),
    tables.snapshot,
    ("system", "entity"),
    "id",
)
NATIVES = among(chosen(tables.snapshot, "id", "native_id"), tables.snapshot, ("system", "entity"), "id")
OPEN = among(
    chosen(tables.dead_letter, "record", "digest"), tables.dead_letter, ("target", "entity"), "record"
).where(tables.dead_letter.c.closed_at.is_(None))
ANY_OPEN = select(
    exists().where(
        tables.dead_letter.c.target == bindparam("target"),
        tables.dead_letter.c.entity == bindparam("entity"),
        tables.dead_letter.c.closed_at.is_(None),
    )
)
COUNTER = chosen(tables.counter, "value").where(tables.counter.c.name == bindparam("name"))
WATERMARK = chosen(tables.watermark, "value", "polled_at").where(
    tables.watermark.c.system == bindparam("system"), tables.watermark.c.entity == bindparam("entity")
)
RECHECKS = (
    chosen(tables.recheck, "native_id")
    .where(tables.recheck.c.system == bindparam("system"), tables.recheck.c.entity == bindparam("entity"))
    .where(tables.recheck.c.due <= bindparam("now"))
    .limit(bindparam("limit"))
)
POSTED = (
    chosen(tables.outbox, "position", "id", "destination", "body", "properties", "due")
    .order_by(tables.outbox.c.position)
    .limit(bindparam("limit"))
)
LEASE = chosen(tables.lease, "holder", "until").where(tables.lease.c.name == bindparam("name"))
RELEASE = delete(tables.lease).where(
    tables.lease.c.name == bindparam("n"), tables.lease.c.holder == bindparam("h")
)
PAUSED = chosen(tables.paused, "system", "reason", "description", "since", "until").where(
    tables.paused.c.system == bindparam("system")
)
RESUME = delete(tables.paused).where(tables.paused.c.system == bindparam("s"))
RESUME_OVER = RESUME.where(tables.paused.c.until <= bindparam("now"))
CONFLICTS = select(tables.conflict).where(tables.conflict.c.entity == bindparam("entity"))
CONFLICT = select(tables.conflict).where(tables.conflict.c.id == bindparam("id"))
OPEN_CONFLICTS = among(select(tables.conflict), tables.conflict, ("entity",), "record").where(
    tables.conflict.c.open
)
SETTLE = (
    update(tables.conflict)
    .where(tables.conflict.c.id == bindparam("i"))
    .values(open=False, settled_at=bindparam("now"), resolution=bindparam("how"))
)
HISTORY = (
    select(tables.ledger, tables.ledger_subject.c.record)
    .join_from(
        tables.ledger, tables.ledger_subject, tables.ledger.c.position == tables.ledger_subject.c.position
    )
    .where(tables.ledger.c.entity == bindparam("entity"))
    .where(tables.ledger_subject.c.record == bindparam("record"))
    .order_by(tables.ledger.c.position)
)
SUBJECTS = spread(tables.ledger_subject, ("position",), "record")
UNLINK = delete(tables.identity).where(
    tables.identity.c.system == bindparam("s"),
    tables.identity.c.entity == bindparam("e"),
    tables.identity.c.native_id == bindparam("n"),
)
DROP_SNAPSHOT = delete(tables.snapshot).where(
    tables.snapshot.c.system == bindparam("s"),
    tables.snapshot.c.entity == bindparam("e"),
    tables.snapshot.c.id == bindparam("i"),
)
RECHECKED = delete(tables.recheck).where(
    tables.recheck.c.system == bindparam("s"),
    tables.recheck.c.entity == bindparam("e"),
    tables.recheck.c.native_id == bindparam("n"),
)
SENT = delete(tables.outbox).where(
    tables.outbox.c.position == bindparam("p"), tables.outbox.c.id == bindparam("i")
)
CLOSE = (
    update(tables.dead_letter)
    .where(
        tables.dead_letter.c.target == bindparam("t"),
        tables.dead_letter.c.entity == bindparam("e"),
        tables.dead_letter.c.record == bindparam("r"),
        tables.dead_letter.c.closed_at.is_(None),
    )
    .values(closed_at=bindparam("at"), resolution=bindparam("how"))
)
