"""Scripts, hand-offs, cascades and arrivals."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    _scripts()
    _handoffs()
    _cascades()
    _arrivals()
    _telephones()


def _scripts() -> None:
    op.create_table(
        "script_runs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("code", sa.String(30), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("done", JSON, nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("started_by", BIG, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_script_runs_case_id")),
        sa.ForeignKeyConstraint(["started_by"], ["users.id"], name=op.f("fk_script_runs_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_script_runs_case_id", "script_runs", ["case_id", "id"])
    op.create_index("uq_script_runs_current", "script_runs", ["case_id"], unique=True, **_where("ended_at IS NULL"))


def _handoffs() -> None:
    op.create_table(
        "handoffs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("service", sa.String(3), nullable=False),
        sa.Column("called_at", UTC, nullable=False),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", BIG, nullable=True),
        sa.Column("dispatcher", sa.String(60), nullable=False),
        sa.Column("reference", sa.String(60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("who_is_there", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_handoffs_case_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_handoffs_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoffs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handoffs_case_id", "handoffs", ["case_id"])


def _cascades() -> None:
    op.create_table(
        "cascades",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("started_by", sa.String(100), nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("end_reason", sa.String(40), nullable=True),
        sa.Column("once_key", sa.String(80), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_cascades_case_id")),
        sa.UniqueConstraint("case_id", "once_key", name=op.f("uq_cascades_case_id_once_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cascades")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cascades_case_id", "cascades", ["case_id", "id"])
    op.create_index("ix_cascades_next_due_at", "cascades", ["next_due_at"], **_where("next_due_at IS NOT NULL"))
    op.create_index("uq_cascades_running", "cascades", ["case_id"], unique=True, **_where("state = 'running'"))
    op.create_table(
        "cascade_calls",
        sa.Column("id", BIG, nullable=False),
        sa.Column("cascade_id", BIG, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(20), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("minutes_away", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("called_at", UTC, nullable=False),
        sa.Column("until", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("hang_up_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["cascade_id"], ["cascades.id"], name=op.f("fk_cascade_calls_cascade_id")),
        sa.UniqueConstraint("cascade_id", "round", "person", name=op.f("uq_cascade_calls_cascade_id_round_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cascade_calls")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cascade_calls_hang_up_at", "cascade_calls", ["hang_up_at"], **_where("hang_up_at IS NOT NULL"))


def _arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("call_id", BIG, nullable=True),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("mark", sa.Integer(), nullable=False),
        sa.Column("late_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("settled_at", UTC, nullable=True),
        sa.Column("settled_by", sa.String(100), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("once_key", sa.String(260), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_arrivals_case_id")),
        sa.ForeignKeyConstraint(["call_id"], ["cascade_calls.id"], name=op.f("fk_arrivals_call_id")),
        sa.UniqueConstraint("once_key", name=op.f("uq_arrivals_once_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_arrivals_case_id", "arrivals", ["case_id"])
    op.create_index("ix_arrivals_next_due_at", "arrivals", ["next_due_at"], **_where("next_due_at IS NOT NULL"))


def _telephones() -> None:
    # Alembic cannot add a column with a foreign key on SQLite; SQLite itself can.
    big = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE messages ADD COLUMN cascade_call_id {big}"
        " CONSTRAINT fk_messages_cascade_call_id REFERENCES cascade_calls(id)"
    )
    op.create_index(
        "ix_messages_cascade_call_id", "messages", ["cascade_call_id"], **_where("cascade_call_id IS NOT NULL")
    )
    op.add_column("sim_phones", sa.Column("voicemail", sa.Boolean(), nullable=False, server_default=sa.false()))
