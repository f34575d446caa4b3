"""The records of the ledger lie in the order in which things happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _lie_by("position", "record")


def downgrade() -> None:
    _lie_by("record", "position")


def _lie_by(*key: str) -> None:
    """SQLite keeps the rows in the order of the key: they are written anew."""
    before = sa.table("before", sa.column("position"), sa.column("record"))
    op.rename_table("ledger_subject", before.name)
    after = op.create_table(
        "ledger_subject",
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint(*key, name=f"ledger_subject_by_{key[0]}"),
        sqlite_with_rowid=False,
    )
    rows = sa.select(before.c.position, before.c.record).order_by(*(before.c[name] for name in key))
    op.execute(after.insert().from_select(["position", "record"], rows))
    op.drop_table(before.name)
