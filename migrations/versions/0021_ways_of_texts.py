"""Which gateway took which message, and what gateways say by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sendings",
        sa.Column("id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("gateway", sa.String(30), nullable=False),
        sa.Column("provider_id", sa.String(120), nullable=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("phone_index", sa.String(22), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(50), nullable=True),
        sa.Column("sent_at", UTC, nullable=False),
        sa.Column("finished_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_sendings_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sendings")),
    )
    op.create_index(op.f("ix_sendings_message_id"), "sendings", ["message_id"])
    op.create_index(op.f("ix_sendings_sent_at"), "sendings", ["sent_at"])
    op.create_index("ix_sendings_provider_id", "sendings", ["gateway", "provider_id"])
    op.create_index("ix_sendings_phone", "sendings", ["phone_index", "sent_at"])
    open_ones = sa.text("finished_at IS NULL")
    op.create_index("ix_sendings_waiting", "sendings", ["sent_at"], postgresql_where=open_ones, sqlite_where=open_ones)
    op.create_table(
        "sms_reports",
        sa.Column("id", BIG, nullable=False),
        sa.Column("gateway", sa.String(30), nullable=False),
        sa.Column("sequence", sa.String(120), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("provider_id", sa.String(120), nullable=True),
        sa.Column("state", sa.String(20), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_reports")),
        sa.UniqueConstraint("gateway", "sequence", name=op.f("uq_sms_reports_gateway_sequence")),
    )
    due = sa.text("next_try_at IS NOT NULL")
    op.create_index(
        "ix_sms_reports_next_try_at", "sms_reports", ["next_try_at"], postgresql_where=due, sqlite_where=due
    )
