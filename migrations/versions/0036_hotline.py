"""The hotline: at whose desk a call rings, how long callers wait, what the exchange says of itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.add_column("cases", sa.Column("rings_for", JSON, nullable=True))
    op.add_column("calls", sa.Column("outward", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("calls", sa.Column("waited", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_calls_first_at"), "calls", ["first_at"])
    op.add_column("messages", sa.Column("conversation", JSON, nullable=True))
    op.create_table(
        "exchanges",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("waiting", JSON, nullable=False),
        sa.Column("agents", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_exchanges")),
    )
