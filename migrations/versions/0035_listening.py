"""Listeners for devices: how they are, and the heartbeats of each device by the day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "listening",
        sa.Column("place", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("protocol", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("beat_at", UTC, nullable=False),
        sa.Column("messages", BIG, nullable=False),
        sa.Column("last_message_at", UTC, nullable=True),
        sa.Column("error", sa.String(300), nullable=True),
        sa.Column("error_at", UTC, nullable=True),
        sa.Column("missed_at", UTC, nullable=True),
        sa.Column("case_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_listening_case_id")),
        sa.PrimaryKeyConstraint("place", "name", name=op.f("pk_listening")),
    )
    op.create_table(
        "device_beats",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device_id", BIG, nullable=False),
        sa.Column("beats", sa.Integer(), nullable=False),
        sa.Column("first_at", UTC, nullable=False),
        sa.Column("last_at", UTC, nullable=False),
        sa.Column("battery", sa.Integer(), nullable=True),
        sa.Column("battery_least", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("data", JSON, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_beats_device_id")),
        sa.PrimaryKeyConstraint("day", "device_id", name=op.f("pk_device_beats")),
    )
