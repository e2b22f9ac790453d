"""What each listener has heard, by the hour, and how many are connected to it now."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("listening", sa.Column("connected", sa.Integer(), nullable=True))
    op.create_table(
        "listener_hours",
        sa.Column("hour", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("place", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("messages", NUMBER, nullable=False),
        sa.Column("alarms", NUMBER, nullable=False),
    )
