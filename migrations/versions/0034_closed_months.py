"""The board of a closed month, corrections and snapshots, which nobody changes; since when a plan is being made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
LISTS = ("checkin_month_elders", "checkin_month_lines")
CLOSED = "this month is closed"


def upgrade() -> None:
    _lines()
    _corrections()
    _snapshots()
    postgres = op.get_bind().dialect.name == "postgresql"
    (_freeze_on_postgresql if postgres else _freeze_on_sqlite)()
    _append_only(postgres)
    op.add_column("checkin_plans", sa.Column("begun_at", UTC, nullable=True))
    op.execute("UPDATE checkin_plans SET begun_at = asked_at WHERE state IN ('open', 'publishing')")


def _lines() -> None:
    op.create_table(
        "checkin_month_lines",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("need", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("states", JSON, nullable=False),
        sa.Column("worker_id", BIG, nullable=True),
        sa.Column("days", JSON, nullable=False),
        sa.Column("away", JSON, nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_month_lines_elder_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_checkin_month_lines_worker_id")),
        sa.PrimaryKeyConstraint("month", "elder_id", name=op.f("pk_checkin_month_lines")),
    )


def _corrections() -> None:
    op.create_table(
        "checkin_corrections",
        sa.Column("id", BIG, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("said_in", sa.String(7), nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_checkin_corrections_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_corrections")),
        sa.UniqueConstraint("month", "elder_id", "kind", name=op.f("uq_checkin_corrections_month_elder_id_kind")),
    )
    op.create_index("ix_checkin_corrections_said_in", "checkin_corrections", ["said_in"])


def _snapshots() -> None:
    op.create_table(
        "checkin_snapshots",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("first", sa.String(7), nullable=False),
        sa.Column("last", sa.String(7), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkin_snapshots")),
        sa.UniqueConstraint("name", name=op.f("uq_checkin_snapshots_name")),
    )


def _freeze_on_postgresql() -> None:
    """Rows neither leave a closed month nor come into it, and the month itself stays as it was signed."""
    op.execute(
        "CREATE OR REPLACE FUNCTION dispatch_freeze_month() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF EXISTS (SELECT 1 FROM checkin_months WHERE closed_at IS NOT NULL AND"
        " ((TG_OP <> 'INSERT' AND month = OLD.month) OR (TG_OP <> 'DELETE' AND month = NEW.month)))"
        f" THEN RAISE EXCEPTION '{CLOSED}' USING ERRCODE = 'check_violation'; END IF;"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
    )
    for operation in ("INSERT", "UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER freeze_line_{operation.lower()} BEFORE {operation} ON checkin_month_lines"
            " FOR EACH ROW EXECUTE FUNCTION dispatch_freeze_month()"
        )
    for operation in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER freeze_close_{operation.lower()} BEFORE {operation} ON checkin_months"
            f" FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION dispatch_forbid('{CLOSED}')"
        )
    for table in (*LISTS, "checkin_months"):
        op.execute(
            f"CREATE TRIGGER forbid_truncate_{table} BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
        )


def _freeze_on_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{CLOSED}'); END"
    rows = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
    op.execute("DROP TRIGGER freeze_month_update")
    for table, name in zip(LISTS, ("freeze_month", "freeze_line"), strict=True):
        for operation, sides in rows.items():
            if (name, operation) in {("freeze_month", "INSERT"), ("freeze_month", "DELETE")}:
                continue  # as it was
            months = ", ".join(f"{side}.month" for side in sides)
            op.execute(
                f"CREATE TRIGGER {name}_{operation.lower()} BEFORE {operation} ON {table} WHEN EXISTS"
                f" (SELECT 1 FROM checkin_months WHERE month IN ({months}) AND closed_at IS NOT NULL) {refuse}"
            )
    for operation in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER freeze_close_{operation.lower()} BEFORE {operation} ON checkin_months"
            f" WHEN OLD.closed_at IS NOT NULL {refuse}"
        )


FACTS = "id, month, said_in, elder_id, kind, day, made_at, made_by"
FORBIDDEN = (
    ("checkin_corrections", f"UPDATE OF {FACTS}", "", "corrections are only added"),
    # What somebody wrote about a person goes when the person is erased.
    ("checkin_corrections", "UPDATE OF reason", "WHEN (NEW.reason <> '')", "corrections are only added"),
    ("checkin_corrections", "DELETE", "", "corrections are only added"),
    ("checkin_snapshots", "UPDATE", "", "a snapshot never changes"),
    ("checkin_snapshots", "DELETE", "", "a snapshot never changes"),
)


def _append_only(postgres: bool) -> None:
    for number, (table, operation, when, why) in enumerate(FORBIDDEN):
        trigger = f"CREATE TRIGGER forbid_{number}_{table} BEFORE {operation} ON {table}"
        if postgres:
            op.execute(f"{trigger} FOR EACH ROW {when} EXECUTE FUNCTION dispatch_forbid('{why}')")
        else:
            op.execute(f"{trigger} {when} BEGIN SELECT RAISE(ABORT, '{why}'); END")
    for table in ("checkin_corrections", "checkin_snapshots") if postgres else ():
        op.execute(
            f"CREATE TRIGGER forbid_truncate_{table} BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
        )
