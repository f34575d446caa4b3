"""Records below a parent whose native id may change."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attached",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("parent_entity", sa.String(length=64), nullable=False),
        sa.Column("parent", sa.String(length=200), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("system", "parent_entity", "parent", "id", "entity"),
    )


def downgrade() -> None:
    op.drop_table("attached")
