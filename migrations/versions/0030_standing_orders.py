"""Standing orders, and what an order knows of its day, its helper and its reminders."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _link(table: str, column: str, target: str) -> None:
    # Alembic cannot add a column with a foreign key on SQLite; SQLite itself can.
    big = "BIGINT" if _on_postgresql() else "INTEGER"
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {big} CONSTRAINT fk_{table}_{column} REFERENCES {target}(id)")


def upgrade() -> None:
    _standing()
    _orders()
    _silence()


def _standing() -> None:
    op.create_table(
        "standing_orders",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("item", sa.String(30), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("sex", sa.String(1), nullable=True),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("remind", sa.Boolean(), nullable=False),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("every_weeks", sa.Integer(), nullable=False),
        sa.Column("starts", sa.String(5), nullable=False),
        sa.Column("until", sa.String(5), nullable=True),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("skip_holidays", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("applicant", JSON, nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("planned_to", sa.Date(), nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("end_reason", sa.String(200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_standing_orders_elder_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_standing_orders_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_orders")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_standing_orders_elder_id", "standing_orders", ["elder_id"])
    op.create_index("ix_standing_orders_planned_to", "standing_orders", ["planned_to"], **_where("ended_at IS NULL"))
    op.create_table(
        "standing_pauses",
        sa.Column("id", BIG, nullable=False),
        sa.Column("standing_id", BIG, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["standing_id"], ["standing_orders.id"], name=op.f("fk_standing_pauses_standing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_pauses")),
    )
    op.create_index("ix_standing_pauses_standing_id", "standing_pauses", ["standing_id"])


def _orders() -> None:
    _link("orders", "worker_id", "workers")
    _link("orders", "standing_id", "standing_orders")
    for column in (
        sa.Column("wanted_until", UTC, nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("off", sa.String(20), nullable=True),
        sa.Column("remind_at", UTC, nullable=True),
        sa.Column("remind", sa.String(20), nullable=True),
        sa.Column("evening_sent", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("orders", column)
    days = _where("standing_id IS NOT NULL")
    op.create_index("uq_orders_standing_day", "orders", ["standing_id", "day"], unique=True, **days)
    op.create_index("ix_orders_remind_at", "orders", ["remind_at"], **_where("remind_at IS NOT NULL"))
    op.create_index("ix_orders_worker_id", "orders", ["worker_id"], **_where("worker_id IS NOT NULL"))
    # What is to come and what was there on a day, for the calendar and the board.
    op.create_index("ix_cases_wanted_at", "cases", ["wanted_at"], **_where("wanted_at IS NOT NULL"))


def _silence() -> None:
    """Thousands of services are planned in a night, and no console has anything to show of it."""
    if _on_postgresql():
        op.execute(
            "CREATE OR REPLACE FUNCTION dispatch_tell_live() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN IF NEW.kind <> 'planned' THEN"
            " INSERT INTO live_ops (case_id, at) VALUES (NEW.case_id, NEW.at); END IF; RETURN NULL; END $$"
        )
    else:
        op.execute("DROP TRIGGER tell_live")
        op.execute(
            "CREATE TRIGGER tell_live AFTER INSERT ON case_events WHEN NEW.kind <> 'planned'"
            " BEGIN INSERT INTO live_ops (case_id, at) VALUES (NEW.case_id, NEW.at); END"
        )
