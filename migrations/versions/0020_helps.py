"""Providers, orders, offers and assignments."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
LIVE = "state IN ('accepted', 'arrived', 'en_route')"


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _column(name: str, kind: Any, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _table(
    name: str, *columns: sa.Column[Any], key: tuple[str, ...] = ("id",), to: dict[str, str], **more: Any
) -> None:
    """``to`` names the table that each column points to."""
    foreign = [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{name}_{column}"))
        for column, target in to.items()
    ]
    unique = [sa.UniqueConstraint(column, name=op.f(f"uq_{name}_{column}")) for column in more.pop("unique", ())]
    op.create_table(name, *columns, *foreign, *unique, sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")), **more)


def _link(table: str, column: str, target: str) -> None:
    # Alembic cannot add a column with a foreign key on SQLite; SQLite itself can.
    big = "BIGINT" if _on_postgresql() else "INTEGER"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {big} CONSTRAINT fk_{table}_{column} REFERENCES {target}(id)")


def upgrade() -> None:
    _providers()
    _workers()
    _skills()
    _times()
    _wishes()
    _orders()
    _offers()
    _assignments()
    _cases()


def _providers() -> None:
    _table(
        "organisations",
        _column("id", BIG),
        _column("name", sa.String(100)),
        _column("kind", sa.String(20)),
        _column("ownership", sa.String(30)),
        _column("area_id", BIG),
        _column("licence", sa.String(50), null=True),
        _column("licence_until", sa.Date(), null=True),
        _column("contract", sa.String(50), null=True),
        _column("contract_from", sa.Date(), null=True),
        _column("contract_until", sa.Date(), null=True),
        _column("prices", JSON),
        _column("active", sa.Boolean()),
        _column("version", sa.Integer()),
        to={"area_id": "areas"},
    )
    op.create_index(op.f("ix_organisations_area_id"), "organisations", ["area_id"])
    _table(
        "stations",
        _column("id", BIG),
        _column("name", sa.String(100)),
        _column("kind", sa.String(20)),
        _column("organisation_id", BIG, null=True),
        _column("parent_id", BIG, null=True),
        _column("area_id", BIG),
        _column("address", sa.String(200), null=True),
        _column("phone", sa.String(32), null=True),
        _column("lat", sa.Double(), null=True),
        _column("lon", sa.Double(), null=True),
        _column("functions", JSON),
        _column("active", sa.Boolean()),
        _column("version", sa.Integer()),
        to={"organisation_id": "organisations", "parent_id": "stations", "area_id": "areas"},
    )
    for column in ("organisation_id", "parent_id", "area_id"):
        op.create_index(op.f(f"ix_stations_{column}"), "stations", [column])


def _workers() -> None:
    for column in (
        sa.Column("kind", sa.String(20), nullable=False, server_default="worker"),
        sa.Column("sex", sa.String(1), nullable=True),
        sa.Column("languages", JSON, nullable=False, server_default="[]"),
        sa.Column("capacity", sa.Integer(), nullable=False, server_default="6"),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
    ):
        op.add_column("workers", column)
    _link("workers", "station_id", "stations")
    op.create_index(op.f("ix_workers_station_id"), "workers", ["station_id"])


def _skills() -> None:
    """What stood in a list becomes rows, each at the first level and without a certificate."""
    _table(
        "worker_skills",
        _column("worker_id", BIG),
        _column("skill", sa.String(20)),
        _column("level", sa.Integer()),
        _column("certificate", sa.String(50), null=True),
        _column("valid_until", sa.Date(), null=True),
        key=("worker_id", "skill"),
        to={"worker_id": "workers"},
    )
    op.create_index("ix_worker_skills_skill", "worker_skills", ["skill", "worker_id"])
    op.create_index("ix_worker_skills_valid_until", "worker_skills", ["valid_until"])
    each = "jsonb_array_elements_text(w.skills) AS s(value)" if _on_postgresql() else "json_each(w.skills) AS s"
    op.execute(
        "INSERT INTO worker_skills (worker_id, skill, level)"
        f" SELECT DISTINCT w.id, s.value, 1 FROM workers AS w, {each}"
    )
    op.execute("ALTER TABLE workers DROP COLUMN skills")
    _table(
        "worker_areas",
        _column("worker_id", BIG),
        _column("area_id", BIG),
        key=("worker_id", "area_id"),
        to={"worker_id": "workers", "area_id": "areas"},
    )
    op.create_index("ix_worker_areas_area_id", "worker_areas", ["area_id", "worker_id"])
    op.execute("INSERT INTO worker_areas (worker_id, area_id) SELECT id, area_id FROM workers")


def _times() -> None:
    _table(
        "worker_shifts",
        _column("id", BIG),
        _column("worker_id", BIG),
        _column("weekday", sa.Integer()),
        _column("starts", sa.String(5)),
        _column("ends", sa.String(5)),
        to={"worker_id": "workers"},
    )
    op.create_index("ix_worker_shifts_worker_id", "worker_shifts", ["worker_id"])
    _table(
        "worker_days",
        _column("worker_id", BIG),
        _column("day", sa.Date()),
        _column("starts", sa.String(5), null=True),
        _column("ends", sa.String(5), null=True),
        _column("reason", sa.String(50), null=True),
        key=("worker_id", "day"),
        to={"worker_id": "workers"},
    )
    _table(
        "worker_positions",
        _column("worker_id", BIG),
        _column("lat", sa.Double()),
        _column("lon", sa.Double()),
        _column("accuracy_m", sa.Double(), null=True),
        _column("at", UTC),
        key=("worker_id",),
        to={"worker_id": "workers"},
    )
    op.create_index("ix_worker_positions_place", "worker_positions", ["lat", "lon"])


def _wishes() -> None:
    _table(
        "wishes",
        _column("elder_id", BIG),
        _column("worker_id", BIG),
        _column("wanted", sa.Boolean()),
        _column("at", UTC),
        _column("recorded_by", sa.String(100)),
        key=("elder_id", "worker_id"),
        to={"elder_id": "elders", "worker_id": "workers"},
    )


def _orders() -> None:
    _table(
        "orders",
        _column("id", BIG),
        _column("case_id", BIG),
        _column("item", sa.String(30)),
        _column("minutes", sa.Integer()),
        _column("price_fen", sa.Integer()),
        _column("sex", sa.String(1), null=True),
        _column("ordered_at", UTC),
        _column("version", sa.Integer()),
        to={"case_id": "cases"},
        unique=("case_id",),
    )


def _offers() -> None:
    _table(
        "offer_plans",
        _column("id", BIG),
        _column("case_id", BIG),
        _column("state", sa.String(20)),
        _column("mode", sa.String(20)),
        _column("size", sa.Integer()),
        _column("seconds", sa.Integer()),
        _column("voice_seconds", sa.Integer(), null=True),
        _column("queue", JSON),
        _column("alone", sa.Integer()),
        _column("round", sa.Integer()),
        _column("due", sa.String(20), null=True),
        _column("next_due_at", UTC, null=True),
        _column("started_at", UTC),
        _column("started_by", sa.String(100)),
        _column("ended_at", UTC, null=True),
        _column("end_reason", sa.String(40), null=True),
        to={"case_id": "cases"},
        sqlite_autoincrement=True,
    )
    op.create_index("uq_offer_plans_running", "offer_plans", ["case_id"], unique=True, **_where("state = 'running'"))
    op.create_index("ix_offer_plans_case_id", "offer_plans", ["case_id", "id"])
    op.create_index("ix_offer_plans_next_due_at", "offer_plans", ["next_due_at"], **_where("next_due_at IS NOT NULL"))
    _table(
        "offers",
        _column("id", BIG),
        _column("case_id", BIG),
        _column("plan_id", BIG),
        _column("worker_id", BIG),
        _column("state", sa.String(20)),
        _column("mode", sa.String(20)),
        _column("round", sa.Integer()),
        _column("number", sa.String(32)),
        _column("code", sa.String(3)),
        _column("open", sa.Boolean()),
        _column("eta_minutes", sa.Integer(), null=True),
        _column("distance_m", sa.Integer(), null=True),
        _column("offered_at", UTC),
        _column("expires_at", UTC),
        _column("answered_at", UTC, null=True),
        _column("channel", sa.String(20), null=True),
        _column("reason", sa.String(40), null=True),
        _column("hang_up_at", UTC, null=True),
        _column("version", sa.Integer()),
        to={"case_id": "cases", "plan_id": "offer_plans", "worker_id": "workers"},
        sqlite_autoincrement=True,
    )
    op.create_index("uq_offers_accepted", "offers", ["case_id"], unique=True, **_where("state = 'accepted'"))
    op.create_index("uq_offers_asked", "offers", ["case_id", "worker_id"], unique=True, **_where("state = 'offered'"))
    op.create_index("uq_offers_code", "offers", ["number", "code"], unique=True, **_where("open"))
    op.create_index("ix_offers_case_id", "offers", ["case_id", "id"])
    op.create_index("ix_offers_worker_id", "offers", ["worker_id", "offered_at"])
    op.create_index("ix_offers_hang_up_at", "offers", ["hang_up_at"], **_where("hang_up_at IS NOT NULL"))
    _link("messages", "offer_id", "offers")
    op.create_index("ix_messages_offer_id", "messages", ["offer_id"], **_where("offer_id IS NOT NULL"))


def _assignments() -> None:
    _table(
        "assignments",
        _column("id", BIG),
        _column("case_id", BIG),
        _column("offer_id", BIG),
        _column("worker_id", BIG),
        _column("state", sa.String(20)),
        _column("emergency", sa.Boolean()),
        _column("channel", sa.String(20)),
        _column("accepted_at", UTC),
        _column("due_at", UTC),
        _column("starts_at", UTC),
        _column("ends_at", UTC),
        _column("arrival_id", BIG, null=True),
        _column("departed_at", UTC, null=True),
        _column("arrived_at", UTC, null=True),
        _column("completed_at", UTC, null=True),
        _column("ended_at", UTC, null=True),
        _column("end_reason", sa.String(40), null=True),
        _column("flags", JSON),
        _column("version", sa.Integer()),
        to={"case_id": "cases", "offer_id": "offers", "worker_id": "workers", "arrival_id": "arrivals"},
        unique=("offer_id",),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_assignments_live_case", "assignments", ["case_id"], unique=True, **_where(LIVE))
    op.create_index(
        "uq_assignments_live_emergency", "assignments", ["worker_id"], unique=True, **_where(f"emergency AND {LIVE}")
    )
    op.create_index("ix_assignments_case_id", "assignments", ["case_id"])
    op.create_index("ix_assignments_worker_id", "assignments", ["worker_id", "starts_at"])
    _table(
        "work_records",
        _column("id", BIG),
        _column("assignment_id", BIG),
        _column("client_uuid", sa.String(50)),
        _column("kind", sa.String(20)),
        _column("channel", sa.String(20)),
        _column("device_at", UTC),
        _column("received_at", UTC),
        _column("lat", sa.Double(), null=True),
        _column("lon", sa.Double(), null=True),
        _column("accuracy_m", sa.Double(), null=True),
        _column("distance_m", sa.Double(), null=True),
        _column("done", JSON),
        _column("ok", sa.Boolean(), null=True),
        _column("note", sa.Text(), null=True),
        _column("opened_case_id", BIG, null=True),
        _column("flags", JSON),
        to={"assignment_id": "assignments", "opened_case_id": "cases"},
        unique=("client_uuid",),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_work_records_assignment_id", "work_records", ["assignment_id"])


def _cases() -> None:
    op.add_column("cases", sa.Column("expected_at", UTC, nullable=True))
