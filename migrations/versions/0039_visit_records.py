"""The whole record of a check-in visit: its proof, pictures, the cases that came of it, late entries, and the sample."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    _columns()
    _pictures()
    _cases()
    _reports()
    _checks()


def _columns() -> None:
    op.add_column("checkin_visits", sa.Column("confirmed_at", UTC, nullable=True))
    op.add_column("checkin_visits", sa.Column("confirmed_by", sa.String(100), nullable=True))
    op.add_column("checkin_visits", sa.Column("reminded_for", UTC, nullable=True))
    op.add_column("checkin_visits", sa.Column("cleared_at", UTC, nullable=True))
    op.create_index("ix_checkin_visits_planned_at", "checkin_visits", ["planned_at"], **_where("state = 'booked'"))
    for column in (
        sa.Column("channel", sa.String(10), nullable=False, server_default="desk"),
        sa.Column("late_reason", sa.String(200), nullable=True),
        sa.Column("clock_at", UTC, nullable=True),
        sa.Column("card", sa.String(10), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("flags", JSON, nullable=False, server_default="[]"),
    ):
        op.add_column("checkin_records", column)
    op.create_index("ix_checkin_records_worker", "checkin_records", ["worker_id", "started_at"])


def _pictures() -> None:
    op.create_table(
        "checkin_pictures",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("client_uuid", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("sent_by", sa.String(100), nullable=False),
        sa.Column("sender", sa.String(60), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("flags", JSON, nullable=False, server_default="[]"),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_pictures_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_pictures")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_checkin_pictures_client_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_pictures_visit_id", "checkin_pictures", ["visit_id"])
    op.create_index("ix_checkin_pictures_sha256", "checkin_pictures", ["sha256"])


def _cases() -> None:
    op.create_table(
        "checkin_cases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("key", sa.String(150), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_cases_visit_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_checkin_cases_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_cases")),
        sa.UniqueConstraint("visit_id", "key", name=op.f("uq_checkin_cases_visit_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_cases_case_id", "checkin_cases", ["case_id"])


def _reports() -> None:
    op.create_table(
        "checkin_reports",
        sa.Column("id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("client_uuid", sa.String(100), nullable=True),
        sa.Column("why", sa.String(20), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("said", JSON, nullable=False),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("entered_at", UTC, nullable=False),
        sa.Column("entered_by", sa.String(60), nullable=False),
        sa.Column("entered_name", sa.String(100), nullable=False),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("decided_reason", sa.String(200), nullable=True),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_reports_visit_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_reports_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_reports")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_checkin_reports_client_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_reports_visit_id", "checkin_reports", ["visit_id"])
    late = _where("state = 'waiting' AND why = 'late'")
    op.create_index("uq_checkin_reports_late", "checkin_reports", ["visit_id"], unique=True, **late)
    op.create_index("ix_checkin_reports_waiting", "checkin_reports", ["id"], **_where("state = 'waiting'"))


def _checks() -> None:
    op.create_table(
        "checkin_checks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("record_id", BIG, nullable=False),
        sa.Column("why", sa.String(10), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("flags", JSON, nullable=False, server_default="[]"),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("complaint_case_id", BIG, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.ForeignKeyConstraint(["record_id"], ["checkin_records.id"], name=op.f("fk_checkin_checks_record_id")),
        sa.ForeignKeyConstraint(["complaint_case_id"], ["cases.id"], name=op.f("fk_checkin_checks_complaint_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_checks")),
        sa.UniqueConstraint("record_id", name=op.f("uq_checkin_checks_record_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_checks_state", "checkin_checks", ["state", "id"])
