"""How it was for the elder: return calls, complaints, visits to look at, late entries, codes of cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def where(condition: str) -> dict[str, sa.TextClause]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    with op.batch_alter_table("work_records") as table:
        table.add_column(sa.Column("clock_at", UTC, nullable=True))
        table.add_column(sa.Column("card", sa.String(10), nullable=True))
    op.create_table(
        "follow_up_lots",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("seed", sa.String(32), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_follow_up_lots")),
    )
    _follow_ups()
    _complaints()
    _visits()
    op.create_table(
        "card_codes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("issued_at", UTC, nullable=False),
        sa.Column("issued_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_card_codes_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_codes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_card_codes_elder_id", "card_codes", ["elder_id"])
    op.create_index("uq_card_codes_live", "card_codes", ["elder_id"], unique=True, **where("revoked_at IS NULL"))


def _follow_ups() -> None:
    op.create_table(
        "follow_ups",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.Column("month", sa.String(7), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("began_at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("due", sa.String(20), nullable=True),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("late_at", UTC, nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", UTC, nullable=True),
        sa.Column("asked_by", sa.String(20), nullable=True),
        sa.Column("open_until", UTC, nullable=True),
        sa.Column("number_index", sa.String(22), nullable=True),
        sa.Column("unhappy_at", UTC, nullable=True),
        sa.Column("result", sa.String(20), nullable=True),
        sa.Column("channel", sa.String(20), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("ended_by", sa.String(100), nullable=True),
        sa.Column("again_case_id", BIG, nullable=True),
        sa.Column("complaint_case_id", BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_follow_ups_case_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_follow_ups_worker_id")),
        sa.ForeignKeyConstraint(["again_case_id"], ["cases.id"], name=op.f("fk_follow_ups_again_case_id")),
        sa.ForeignKeyConstraint(["complaint_case_id"], ["cases.id"], name=op.f("fk_follow_ups_complaint_case_id")),
        sa.UniqueConstraint("case_id", name=op.f("uq_follow_ups_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_ups")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_ups_open", "follow_ups", ["due_at"], **where("state = 'open'"))
    op.create_index("ix_follow_ups_next_due_at", "follow_ups", ["next_due_at"], **where("next_due_at IS NOT NULL"))
    op.create_index("ix_follow_ups_number_index", "follow_ups", ["number_index"], **where("number_index IS NOT NULL"))
    op.create_index("ix_follow_ups_worker_id", "follow_ups", ["worker_id", "ended_at"])
    op.create_index("ix_follow_ups_ended_at", "follow_ups", ["ended_at"])
    again = where("again_case_id IS NOT NULL")
    op.create_index("uq_follow_ups_again_case_id", "follow_ups", ["again_case_id"], unique=True, **again)
    op.create_table(
        "follow_up_tries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("follow_up_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["follow_up_id"], ["follow_ups.id"], name=op.f("fk_follow_up_tries_follow_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_tries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_follow_up_tries_follow_up_id", "follow_up_tries", ["follow_up_id"])


def _complaints() -> None:
    op.create_table(
        "complaints",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("about_case_id", BIG, nullable=True),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("answer_due_at", UTC, nullable=False),
        sa.Column("solve_due_at", UTC, nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("late_at", UTC, nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("answered_at", UTC, nullable=True),
        sa.Column("answered_by", sa.String(100), nullable=True),
        sa.Column("solved_at", UTC, nullable=True),
        sa.Column("solved_by", sa.String(100), nullable=True),
        sa.Column("result", sa.String(20), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("told", sa.String(20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_complaints_case_id")),
        sa.ForeignKeyConstraint(["about_case_id"], ["cases.id"], name=op.f("fk_complaints_about_case_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_complaints_worker_id")),
        sa.UniqueConstraint("case_id", name=op.f("uq_complaints_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaints_next_due_at", "complaints", ["next_due_at"], **where("next_due_at IS NOT NULL"))
    op.create_index("ix_complaints_about_case_id", "complaints", ["about_case_id"])
    op.create_index("ix_complaints_worker_id", "complaints", ["worker_id"])


def _visits() -> None:
    op.create_table(
        "visit_checks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("assignment_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("worker_id", BIG, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("flags", JSON, nullable=False),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("complaint_case_id", BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_visit_checks_assignment_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_visit_checks_case_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_visit_checks_worker_id")),
        sa.ForeignKeyConstraint(["complaint_case_id"], ["cases.id"], name=op.f("fk_visit_checks_complaint_case_id")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_visit_checks_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_checks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_visit_checks_state", "visit_checks", ["state", "id"])
    op.create_index("ix_visit_checks_case_id", "visit_checks", ["case_id"])
    op.create_index("ix_visit_checks_worker_id", "visit_checks", ["worker_id"])
    op.create_table(
        "late_entries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("assignment_id", BIG, nullable=False),
        sa.Column("arrived_at", UTC, nullable=False),
        sa.Column("completed_at", UTC, nullable=False),
        sa.Column("done", JSON, nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("entered_at", UTC, nullable=False),
        sa.Column("entered_by", sa.String(60), nullable=False),
        sa.Column("entered_name", sa.String(100), nullable=False),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("decided_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_late_entries_assignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_late_entries_assignment_id", "late_entries", ["assignment_id"])
    waiting = where("state = 'waiting'")
    op.create_index("uq_late_entries_waiting", "late_entries", ["assignment_id"], unique=True, **waiting)
