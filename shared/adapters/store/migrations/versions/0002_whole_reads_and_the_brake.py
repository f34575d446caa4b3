"""Whole reads, which find what was deleted; rows that are held until they may delete or empty anything."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "census",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "entity"),
    )
    op.create_table(
        "roll",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("native_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("native_id", "system", "entity"),
    )
    op.create_table(
        "held",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("native_id", sa.String(length=128), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Text(), nullable=True),
        sa.Column("released", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("system", "entity", "native_id"),
    )


def downgrade() -> None:
    op.drop_table("held")
    op.drop_table("roll")
    op.drop_table("census")
