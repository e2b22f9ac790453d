"""Plans of check-in visits: what was asked, their rounds, and their stops."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "checkin_plans",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("anew", sa.Boolean(), nullable=False),
        sa.Column("visit_ids", JSON, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("unplaced", JSON, nullable=False),
        sa.Column("travel", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(20), nullable=True),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(16), nullable=True),
        sa.Column("ready_at", UTC, nullable=True),
        sa.Column("published_at", UTC, nullable=True),
        sa.Column("published_by", sa.String(100), nullable=True),
        sa.Column("reached", BIG, nullable=False),
        sa.Column("booked", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_checkin_plans_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_plans")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checkin_plans_area_id", "checkin_plans", ["area_id"])
    op.create_index(
        "ix_checkin_plans_next_try_at", "checkin_plans", ["next_try_at"], **_where("next_try_at IS NOT NULL")
    )
    op.create_index(
        "uq_checkin_plans_at_work",
        "checkin_plans",
        ["area_id"],
        unique=True,
        **_where("state IN ('open', 'publishing')"),
    )
    _rounds()
    _stops()


def _rounds() -> None:
    op.create_table(
        "checkin_rounds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("plan_id", BIG, nullable=False),
        sa.Column("worker_id", BIG, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("leaves_at", UTC, nullable=False),
        sa.Column("returns_at", UTC, nullable=False),
        sa.Column("rest_from", UTC, nullable=True),
        sa.Column("rest_until", UTC, nullable=True),
        sa.Column("travel", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["checkin_plans.id"], name=op.f("fk_checkin_rounds_plan_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_rounds_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_rounds")),
        sa.UniqueConstraint("plan_id", "worker_id", "day", name=op.f("uq_checkin_rounds_plan_id_worker_id_day")),
    )
    op.create_index("ix_checkin_rounds_day", "checkin_rounds", ["plan_id", "day"])
    op.create_index("ix_checkin_rounds_worker_id", "checkin_rounds", ["worker_id"])


def _stops() -> None:
    op.create_table(
        "checkin_stops",
        sa.Column("id", BIG, nullable=False),
        sa.Column("plan_id", BIG, nullable=False),
        sa.Column("visit_id", BIG, nullable=False),
        sa.Column("second", sa.Boolean(), nullable=False),
        sa.Column("round_id", BIG, nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("starts_at", UTC, nullable=True),
        sa.Column("ends_at", UTC, nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("visit_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["checkin_plans.id"], name=op.f("fk_checkin_stops_plan_id")),
        sa.ForeignKeyConstraint(["round_id"], ["checkin_rounds.id"], name=op.f("fk_checkin_stops_round_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["checkin_visits.id"], name=op.f("fk_checkin_stops_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_stops")),
    )
    op.create_index(
        "ix_checkin_stops_reason", "checkin_stops", ["plan_id", "reason", "id"], **_where("reason IS NOT NULL")
    )
    op.create_index("ix_checkin_stops_round_id", "checkin_stops", ["round_id", "position"])
    op.create_index("ix_checkin_stops_visit_id", "checkin_stops", ["visit_id"])
    op.create_index("uq_checkin_stops_visit", "checkin_stops", ["plan_id", "visit_id", "second"], unique=True)
