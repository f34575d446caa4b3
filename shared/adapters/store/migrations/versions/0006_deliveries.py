"""Deliveries that were taken at a door."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_delivery",
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.String(length=256), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "delivery", "sent"),
    )
    op.create_index("push_delivery_until", "push_delivery", ["until"])


def downgrade() -> None:
    op.drop_table("push_delivery")
