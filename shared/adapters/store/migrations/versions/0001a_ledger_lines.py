"""The ledger keeps what happened once, for all the records to which it happened at once."""

import sqlalchemy as sa
from alembic import op

revision = "0001a"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_subject",
        sa.Column("record", sa.String(36), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record", "position"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO ledger_subject (record, position) SELECT record, position FROM ledger")
    with op.batch_alter_table("ledger") as batch:
        batch.drop_index("ledger_record")
        batch.drop_column("record")


def downgrade() -> None:
    raise NotImplementedError("one line of the ledger would have to become many")
