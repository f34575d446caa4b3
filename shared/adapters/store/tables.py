"""What the hub remembers.

    identity     (system, entity, native id) → golden id; an alias is the id of a row that was merged away
    golden       what a record should be; its natural key is unique among the living
    snapshot     what a system last showed of a record, and what is being written to it (pending)
    watermark    where reading of (system, entity) goes on
    recheck      rows that a poll left out because a write to them was under way
    heard        the row's own time of the last event taken, where events carry the values
    counter      the order of snapshot changes of (system, entity)
    census       a whole read of (system, entity) under way, and what was known when it began
    roll         the rows that it has shown so far
    held         rows that delete or empty something, and wait until their number or a person lets them go on
    outbox       messages that are to be sent
    lease        who may do now what only one may do at a time
    conflict     two edits of which neither knew of the other; open ones wait for an operator
    orphan       records that came to a system before their parent, and are looked at when that comes
    push_delivery  what was taken at a door lately, so that a replay is known; forgotten within the hour
    attached     records below a parent whose native id may change there: a lead that becomes a contact
    dead_letter  what cannot go on without a person
    paused       systems that refuse us, until when
    budget       how many calls a system allows, and how many are used, by its own last word
    budget_calls  the calls that the hub made, by quarter of an hour and class
    budget_deferral  what goes on less often than its flow says, because calls are short
    tally        how many of what, for each flow
    ledger       what happened, when and why: one line for all records to which the same happened at once
    ledger_subject  and to which records; it lies in the order of the ledger, and so is only added to

Keys begin with the id, which tells rows apart at once; the names behind it are the same for thousands.
Times are microseconds since 1970 (UTC). Cells are JSON: field → [value, stamp, system].
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    false,
    text,
)

metadata = MetaData()

NAME = String(64)
NATIVE = String(128)
ID = String(36)
SERIAL = BigInteger().with_variant(Integer, "sqlite")

identity = Table(
    "identity",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("native_id", NATIVE, nullable=False),
    Column("id", ID, nullable=False),
    Column("alias", Boolean, nullable=False, default=False),
    PrimaryKeyConstraint("native_id", "system", "entity"),
)

golden = Table(
    "golden",
    metadata,
    Column("entity", NAME, nullable=False),
    Column("id", ID, nullable=False),
    Column("key", Text),
    Column("generation", Integer, nullable=False),
    Column("fields", Text, nullable=False),
    Column("tombstone_stamp", BigInteger),
    Column("tombstone_system", NAME),
    Column("merged_into", NATIVE),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("id", "entity"),
)
Index(
    "golden_living_key",
    golden.c.entity,
    golden.c.key,
    unique=True,
    sqlite_where=text("tombstone_stamp IS NULL AND key IS NOT NULL"),
    postgresql_where=text("tombstone_stamp IS NULL AND key IS NOT NULL"),
)
Index(
    "golden_dead_key",
    golden.c.entity,
    golden.c.key,
    postgresql_where=text("tombstone_stamp IS NOT NULL"),
    sqlite_where=text("tombstone_stamp IS NOT NULL"),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("id", ID, nullable=False),
    Column("native_id", NATIVE),
    Column("fields", Text, nullable=False),
    Column("seen", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", String(64)),
    Column("pending", Text),
    Column("pending_until", BigInteger, nullable=False),
    Column("writes", Text),
    Column("moved", BigInteger, nullable=False),
    PrimaryKeyConstraint("id", "system", "entity"),
)

watermark = Table(
    "watermark",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("value", Text),
    Column("polled_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "entity"),
)

recheck = Table(
    "recheck",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("native_id", NATIVE, nullable=False),
    Column("due", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "entity", "native_id"),
)

heard = Table(
    "heard",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("native_id", NATIVE, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    PrimaryKeyConstraint("native_id", "system", "entity"),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

census = Table(
    "census",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("noted", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "entity"),
)

roll = Table(
    "roll",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("native_id", NATIVE, nullable=False),
    PrimaryKeyConstraint("native_id", "system", "entity"),
)

held = Table(
    "held",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("native_id", NATIVE, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("noted", BigInteger, nullable=False),
    Column("row", Text),
    Column("released", NAME),
    PrimaryKeyConstraint("system", "entity", "native_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("position", SERIAL, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False),
    Column("destination", NAME, nullable=False),
    Column("body", Text, nullable=False),
    Column("properties", Text, nullable=False),
    Column("due", BigInteger),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("holder", ID, nullable=False),
    Column("until", BigInteger, nullable=False),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", ID, primary_key=True),
    Column("entity", NAME, nullable=False),
    Column("record", ID, nullable=False),
    Column("field", NAME, nullable=False),
    Column("kept", Text, nullable=False),
    Column("lost", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("policy", NAME, nullable=False, server_default="newest"),
    Column("open", Boolean, nullable=False, server_default=false()),
    Column("settled_at", BigInteger),
    Column("resolution", NAME),
)
Index("conflict_record", conflict.c.entity, conflict.c.record)
Index(
    "conflict_open",
    conflict.c.entity,
    conflict.c.record,
    sqlite_where=text("open"),
    postgresql_where=text("open"),
)

orphan = Table(
    "orphan",
    metadata,
    Column("system", NAME, nullable=False),
    Column("parent_entity", NAME, nullable=False),
    Column("parent", String(200), nullable=False),
    Column("entity", NAME, nullable=False),
    Column("id", ID, nullable=False),
    Column("source", NAME, nullable=False),
    PrimaryKeyConstraint("system", "parent_entity", "parent", "id", "entity"),
)

push_delivery = Table(
    "push_delivery",
    metadata,
    Column("sender", NAME, nullable=False),
    Column("delivery", String(256), nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    PrimaryKeyConstraint("sender", "delivery", "sent"),
)
Index("push_delivery_until", push_delivery.c.until)

attached = Table(
    "attached",
    metadata,
    Column("system", NAME, nullable=False),
    Column("parent_entity", NAME, nullable=False),
    Column("parent", String(200), nullable=False),
    Column("entity", NAME, nullable=False),
    Column("id", ID, nullable=False),
    Column("source", NAME, nullable=False),
    PrimaryKeyConstraint("system", "parent_entity", "parent", "id", "entity"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("id", ID, primary_key=True),
    Column("target", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("record", NATIVE, nullable=False),
    Column("source", NAME, nullable=False),
    Column("reason", String(128), nullable=False),
    Column("field", NAME),
    Column("description", Text, nullable=False),
    Column("digest", String(64)),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("times", Integer, nullable=False),
    Column("closed_at", BigInteger),
    Column("resolution", String(64)),
)
Index(
    "dead_letter_open",
    dead_letter.c.target,
    dead_letter.c.entity,
    dead_letter.c.record,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)

paused = Table(
    "paused",
    metadata,
    Column("system", NAME, primary_key=True),
    Column("reason", String(128), nullable=False),
    Column("description", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

budget = Table(
    "budget",
    metadata,
    Column("system", NAME, primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("allowed", BigInteger, nullable=False),
    Column("window", BigInteger, nullable=False),
    Column("others", BigInteger, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    Column("held_until", BigInteger, nullable=False),
)

budget_calls = Table(
    "budget_calls",
    metadata,
    Column("system", NAME, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("priority", NAME, nullable=False),
    Column("calls", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "began", "priority"),
)

budget_deferral = Table(
    "budget_deferral",
    metadata,
    Column("system", NAME, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("step", NAME, nullable=False),
    Column("priority", NAME, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("stretch", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("system", "entity", "step"),
)

tally = Table(
    "tally",
    metadata,
    Column("entity", NAME, nullable=False),
    Column("source", NAME, nullable=False),
    Column("target", NAME, nullable=False),
    Column("name", NAME, nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("entity", "source", "target", "name"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("position", SERIAL, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("entity", NAME, nullable=False),
    Column("system", NAME, nullable=False),
    Column("action", NAME, nullable=False),
    Column("fields", Text),
    Column("cause", NAME),
    Column("trace", String(64)),
)

ledger_subject = Table(
    "ledger_subject",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("record", ID, nullable=False),
    PrimaryKeyConstraint("position", "record", name="ledger_subject_by_position"),
    sqlite_with_rowid=False,
)
