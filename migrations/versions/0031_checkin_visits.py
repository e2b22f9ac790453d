"""The monthly check-in visits, the list of each month, and since when an elder is absent."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    _visits()
    _what_became()
    _months()
    _reminders()
    _freeze()
    _absences()
    op.add_column("elders", sa.Column("archive_kind", sa.String(20), nullable=True))


def _visits() -> None:
    op.create_table(
        "checkin_extra_rounds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("groups", JSON, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("ended_by", sa.String(100), nullable=True),
        sa.Column("end_reason", sa.String(200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_checkin_extra_rounds_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_extra_rounds")),
    )
    op.create_index("ix_checkin_extra_rounds_last", "checkin_extra_rounds", ["last"])
    op.create_table(
        "checkin_visits",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("period", sa.String(20), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("risk", sa.String(30), nullable=False),
        sa.Column("extra_round_id", BIG, nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("excuse", sa.String(20), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("planned_at", UTC, nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("due", sa.String(20), nullable=True),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_checkin_visits_case_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_visits_elder_id")),
        sa.ForeignKeyConstraint(
            ["extra_round_id"], ["checkin_extra_rounds.id"], name=op.f("fk_checkin_visits_extra_round_id")
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_visits_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_visits")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_checkin_visits_due_at", "checkin_visits", ["due_at"], **_where("state IN ('planned', 'booked')")
    )
    op.create_index("ix_checkin_visits_last", "checkin_visits", ["last", "id"])
    op.create_index(
        "ix_checkin_visits_next_due_at", "checkin_visits", ["next_due_at"], **_where("next_due_at IS NOT NULL")
    )
    op.create_index(
        "ix_checkin_visits_worker", "checkin_visits", ["worker_id", "planned_at"], **_where("worker_id IS NOT NULL")
    )
    op.create_index("uq_checkin_visits_period", "checkin_visits", ["elder_id", "period"], unique=True)


def _what_became() -> None:
    op.create_table(
        "checkin_tries",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("client_uuid", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_tries_visit_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_tries_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_tries")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_checkin_tries_client_uuid")),
    )
    op.create_index("ix_checkin_tries_visit_id", "checkin_tries", ["visit_id"])
    op.create_table(
        "checkin_records",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=False),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("client_uuid", sa.String(100), nullable=True),
        sa.Column("items", JSON, nullable=False),
        sa.Column("more", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("completed_at", UTC, nullable=True),
        sa.Column("completed_by", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_records_elder_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_records_visit_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_records_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_records")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_checkin_records_client_uuid")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_checkin_records_visit_id")),
    )
    op.create_index("ix_checkin_records_elder", "checkin_records", ["elder_id", "day"])
    op.create_table(
        "checkin_refusals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=True),
        sa.Column("refused_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("said_by", sa.String(100), nullable=False),
        sa.Column("note", sa.String(300), nullable=True),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("withdrawn_at", UTC, nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_refusals_elder_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_refusals_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_refusals")),
    )
    op.create_index("ix_checkin_refusals_elder", "checkin_refusals", ["elder_id", "refused_on"])


def _months() -> None:
    op.create_table(
        "checkin_runs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=True),
        sa.Column("elders", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reached", BIG, nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("existing", sa.Integer(), nullable=False),
        sa.Column("excluded", JSON, nullable=False),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(16), nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_runs_month", "checkin_runs", ["month", "id"])
    op.create_index("ix_checkin_runs_next_try_at", "checkin_runs", ["next_try_at"], **_where("next_try_at IS NOT NULL"))
    op.create_index(
        "uq_checkin_runs_calendar", "checkin_runs", ["month", "day"], unique=True, **_where("asked_by IS NULL")
    )
    op.create_table(
        "checkin_months",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("generated_at", UTC, nullable=False),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("closed_by", sa.String(100), nullable=True),
        sa.Column("closed_by_id", BIG, nullable=True),
        sa.Column("signature", sa.String(200), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("totals", JSON, nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], name=op.f("fk_checkin_months_closed_by_id")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_checkin_months")),
    )
    op.create_table(
        "checkin_month_elders",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("groups", JSON, nullable=False),
        sa.Column("risk", sa.String(30), nullable=False),
        sa.Column("joined", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("apart", sa.String(20), nullable=True),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("mode", sa.String(20), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_checkin_month_elders_area_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_month_elders_elder_id")),
        sa.PrimaryKeyConstraint("month", "elder_id", name=op.f("pk_checkin_month_elders")),
    )
    op.create_index("ix_checkin_month_elders_area", "checkin_month_elders", ["month", "area_id"])
    op.create_index("ix_checkin_month_elders_elder_id", "checkin_month_elders", ["elder_id"])


def _reminders() -> None:
    op.create_table(
        "checkin_steps",
        sa.Column("id", BIG, nullable=False),
        sa.Column("period", sa.String(20), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("done_at", UTC, nullable=True),
        sa.Column("open", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_steps")),
        sa.UniqueConstraint("period", "step", name=op.f("uq_checkin_steps_period_step")),
    )
    op.create_index(
        "ix_checkin_steps_next_due_at", "checkin_steps", ["next_due_at"], **_where("next_due_at IS NOT NULL")
    )
    op.create_table(
        "checkin_notices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("step_id", BIG, nullable=False),
        sa.Column("recipient", sa.String(40), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column("at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_checkin_notices_area_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_checkin_notices_message_id")),
        sa.ForeignKeyConstraint(["step_id"], ["checkin_steps.id"], name=op.f("fk_checkin_notices_step_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_notices")),
        sa.UniqueConstraint("step_id", "recipient", name=op.f("uq_checkin_notices_step_id_recipient")),
    )


def _freeze() -> None:
    """The list of a month that was closed is evidence: no program changes it any more."""
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION dispatch_freeze_month() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF EXISTS (SELECT 1 FROM checkin_months WHERE closed_at IS NOT NULL AND month ="
            " CASE TG_OP WHEN 'INSERT' THEN NEW.month ELSE OLD.month END)"
            " THEN RAISE EXCEPTION 'this month is closed' USING ERRCODE = 'check_violation'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
    for operation, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
        name = f"freeze_month_{operation.lower()}"
        if postgres:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {operation} ON checkin_month_elders"
                " FOR EACH ROW EXECUTE FUNCTION dispatch_freeze_month()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {operation} ON checkin_month_elders WHEN EXISTS"
                f" (SELECT 1 FROM checkin_months WHERE month = {row}.month AND closed_at IS NOT NULL)"
                " BEGIN SELECT RAISE(ABORT, 'this month is closed'); END"
            )


def _absences() -> None:
    """Of whoever is absent now, the past begins when their file was last written."""
    op.create_table(
        "elder_absences",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("begins_at", UTC, nullable=False),
        sa.Column("until", UTC, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_elder_absences_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder_absences")),
    )
    op.create_index("ix_elder_absences_elder_id", "elder_absences", ["elder_id"])
    op.create_index("uq_elder_absences_open", "elder_absences", ["elder_id"], unique=True, **_where("ended_at IS NULL"))
    op.execute(
        "INSERT INTO elder_absences (elder_id, kind, begins_at, until, recorded_by)"
        " SELECT id, absence_kind, COALESCE(updated_at, CURRENT_TIMESTAMP), absence_until, 'migration'"
        " FROM elders WHERE COALESCE(absence_kind, '') <> ''"
    )
