"""Conflicts say by what policy they were settled, and wait where a person is to say."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("policy", sa.String(length=64), server_default="newest", nullable=False)
        )
        batch_op.add_column(sa.Column("open", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("settled_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("resolution", sa.String(length=64), nullable=True))
    op.create_index(
        "conflict_open",
        "conflict",
        ["entity", "record"],
        unique=False,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    )


def downgrade() -> None:
    op.drop_index("conflict_open", table_name="conflict")
    with op.batch_alter_table("conflict", schema=None) as batch_op:
        batch_op.drop_column("resolution")
        batch_op.drop_column("settled_at")
        batch_op.drop_column("open")
        batch_op.drop_column("policy")
