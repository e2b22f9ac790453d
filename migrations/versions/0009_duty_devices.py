"""Who is on duty, and how the devices are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
ONE_WHO = "(user_id IS NULL) <> (phone_id IS NULL)"


def partial(condition: str) -> dict[str, sa.TextClause]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    _roster()
    _rounds()
    _devices()
    _tasks()
    op.add_column("duty_phones", sa.Column("last_resort", sa.Boolean(), nullable=False, server_default=sa.false()))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("messages", "case_id", nullable=True)
    else:
        with op.batch_alter_table("messages", table_kwargs={"sqlite_autoincrement": True}) as table:
            table.alter_column("case_id", existing_type=BIG, nullable=True)
    op.create_index("ix_signals_notable", "signals", ["received_at", "device_id"], **partial("kind <> 'heartbeat'"))


def _roster() -> None:
    op.create_table(
        "shift_patterns",
        sa.Column("id", BIG, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("phone_id", BIG, nullable=True),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("starts", sa.String(5), nullable=False),
        sa.Column("ends", sa.String(5), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("exceptions", JSON, nullable=False),
        sa.Column("generated_to", sa.Date(), nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(ONE_WHO, name=op.f("ck_shift_patterns_one_who")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_shift_patterns_area_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shift_patterns_user_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["duty_phones.id"], name=op.f("fk_shift_patterns_phone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_patterns")),
    )
    op.create_index(op.f("ix_shift_patterns_area_id"), "shift_patterns", ["area_id"])
    op.create_table(
        "shifts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("phone_id", BIG, nullable=True),
        sa.Column("starts_at", UTC, nullable=False),
        sa.Column("ends_at", UTC, nullable=False),
        sa.Column("pattern_id", BIG, nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("cancelled_at", UTC, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(ONE_WHO, name=op.f("ck_shifts_one_who")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shifts_forward")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_shifts_area_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_shifts_user_id")),
        sa.ForeignKeyConstraint(["phone_id"], ["duty_phones.id"], name=op.f("fk_shifts_phone_id")),
        sa.ForeignKeyConstraint(["pattern_id"], ["shift_patterns.id"], name=op.f("fk_shifts_pattern_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sa.UniqueConstraint("pattern_id", "day", name=op.f("uq_shifts_pattern_id_day")),
    )
    op.create_index("ix_shifts_area", "shifts", ["area_id", "ends_at"])
    op.create_index("ix_shifts_user", "shifts", ["user_id", "ends_at"])
    op.create_index("ix_shifts_ends_at", "shifts", ["ends_at"])
    op.create_table(
        "duty_gaps",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("next_page_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_duty_gaps_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_gaps")),
    )
    op.create_index("uq_duty_gaps_open", "duty_gaps", ["area_id", "role"], unique=True, **partial("ended_at IS NULL"))


def _rounds() -> None:
    op.create_table(
        "routines",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("next_due_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_routines")),
    )
    op.create_table(
        "selftest_paths",
        sa.Column("path", sa.String(120), nullable=False),
        sa.Column("expected_seconds", sa.Double(), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("tried_at", UTC, nullable=True),
        sa.Column("passed_at", UTC, nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("error", sa.String(200), nullable=True),
        sa.Column("passes", BIG, nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_selftest_paths")),
    )


def _devices() -> None:
    with op.batch_alter_table("devices") as table:
        table.add_column(sa.Column("last_alarm_at", UTC, nullable=True))
        table.add_column(sa.Column("gateway_id", BIG, nullable=True))
        table.add_column(sa.Column("area_id", BIG, nullable=True))
        table.add_column(sa.Column("registered_at", UTC, nullable=True))
        table.add_column(sa.Column("retired_at", UTC, nullable=True))
        table.add_column(sa.Column("on_test_since", UTC, nullable=True))
        table.add_column(sa.Column("on_test_until", UTC, nullable=True))
        table.add_column(sa.Column("on_test_reason", sa.String(200), nullable=True))
        table.add_column(sa.Column("on_test_by", BIG, nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.create_foreign_key(op.f("fk_devices_gateway_id"), "devices", ["gateway_id"], ["id"])
        table.create_foreign_key(op.f("fk_devices_area_id"), "areas", ["area_id"], ["id"])
        table.create_foreign_key(op.f("fk_devices_on_test_by"), "users", ["on_test_by"], ["id"])
        table.create_index(op.f("ix_devices_gateway_id"), ["gateway_id"])


def _tasks() -> None:
    op.create_table(
        "device_tasks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("device_id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("tried_at", UTC, nullable=True),
        sa.Column("assignee_id", BIG, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("closed_by", sa.String(100), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_tasks_device_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_device_tasks_assignee_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_device_tasks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_device_tasks_open", "device_tasks", ["device_id", "kind"], unique=True, **partial("closed_at IS NULL")
    )
    op.create_index("ix_device_tasks_open", "device_tasks", ["kind", "since"], **partial("closed_at IS NULL"))
