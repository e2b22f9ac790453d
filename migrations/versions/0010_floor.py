"""Area events, handovers, call-backs, positions, reviews."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")

URGENT_ONCE_POSTGRESQL = (
    "UPDATE cases SET top_priority = 1 WHERE id IN"
    " (SELECT case_id FROM case_events WHERE kind = 'priority' AND data ->> 'from' = '1')"
)
URGENT_ONCE_SQLITE = (
    "UPDATE cases SET top_priority = 1 WHERE id IN"
    " (SELECT case_id FROM case_events WHERE kind = 'priority' AND json_extract(data, '$.from') = 1)"
)


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def upgrade() -> None:
    _area_events()
    _cases()
    _drafts()
    _callbacks()
    _handovers()
    _positions()
    _reviews()
    _walls()


def _cases() -> None:
    # Alembic cannot add a column with a foreign key on SQLite; SQLite itself can.
    big = "BIGINT" if _on_postgresql() else "INTEGER"
    op.execute(
        f"ALTER TABLE cases ADD COLUMN area_event_id {big} CONSTRAINT fk_cases_area_event_id REFERENCES area_events(id)"
    )
    op.create_index("ix_cases_area_event_id", "cases", ["area_event_id"], **_where("area_event_id IS NOT NULL"))
    # 1, the strictest, for whoever still writes rows without it.
    op.add_column("cases", sa.Column("top_priority", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.execute("UPDATE cases SET top_priority = priority")
    op.execute(URGENT_ONCE_POSTGRESQL if _on_postgresql() else URGENT_ONCE_SQLITE)


def _drafts() -> None:
    """A draft belongs to a window now."""
    if _on_postgresql():
        op.add_column("drafts", sa.Column("tab", sa.String(32), nullable=False, server_default=""))
        op.alter_column("drafts", "tab", server_default=None)
        op.drop_constraint("pk_drafts", "drafts")
        op.create_primary_key("pk_drafts", "drafts", ["case_id", "user_id", "tab"])
        return
    op.rename_table("drafts", "old_drafts")
    op.create_table(
        "drafts",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("tab", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drafts_case_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id")),
        sa.PrimaryKeyConstraint("case_id", "user_id", "tab", name=op.f("pk_drafts")),
    )
    op.execute("INSERT INTO drafts SELECT case_id, user_id, '', text, updated_at FROM old_drafts")
    op.drop_table("old_drafts")


def _area_events() -> None:
    op.create_table(
        "area_events",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("place", sa.String(100), nullable=False),
        sa.Column("cause", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", UTC, nullable=False),
        sa.Column("last_at", UTC, nullable=False),
        sa.Column("proposed_at", UTC, nullable=False),
        sa.Column("declared_at", UTC, nullable=True),
        sa.Column("declared_by", BIG, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("ended_by", BIG, nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("quiet_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_area_events_area_id")),
        sa.ForeignKeyConstraint(["declared_by"], ["users.id"], name=op.f("fk_area_events_declared_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name=op.f("fk_area_events_ended_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area_events")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_area_events_ended_at", "area_events", ["ended_at"])
    op.create_index("ix_area_events_quiet_at", "area_events", ["quiet_at"], **_where("quiet_at IS NOT NULL"))
    op.create_index(
        "uq_area_events_lasting",
        "area_events",
        ["area_id", "cause"],
        unique=True,
        **_where("state IN ('proposed', 'declared')"),
    )


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("promised_by", BIG, nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("reminded_at", UTC, nullable=True),
        sa.Column("late_at", UTC, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("settled_at", UTC, nullable=True),
        sa.Column("settled_by", BIG, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("once_key", sa.String(260), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_callbacks_case_id")),
        sa.ForeignKeyConstraint(["promised_by"], ["users.id"], name=op.f("fk_callbacks_promised_by")),
        sa.ForeignKeyConstraint(["settled_by"], ["users.id"], name=op.f("fk_callbacks_settled_by")),
        sa.UniqueConstraint("once_key", name=op.f("uq_callbacks_once_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_callbacks_case_id", "callbacks", ["case_id"])
    op.create_index("ix_callbacks_next_due_at", "callbacks", ["next_due_at"], **_where("next_due_at IS NOT NULL"))
    op.create_index("ix_callbacks_open", "callbacks", ["promised_by"], **_where("state = 'open'"))


def _handovers() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("from_id", BIG, nullable=False),
        sa.Column("from_name", sa.String(100), nullable=False),
        sa.Column("to_id", BIG, nullable=True),
        sa.Column("to_name", sa.String(100), nullable=True),
        sa.Column("paths", JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("offered_at", UTC, nullable=True),
        sa.Column("returned_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["from_id"], ["users.id"], name=op.f("fk_handovers_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["users.id"], name=op.f("fk_handovers_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handovers_ended_at", "handovers", ["ended_at"])
    op.create_index("ix_handovers_to_id", "handovers", ["to_id"])
    op.create_index(
        "uq_handovers_unfinished", "handovers", ["from_id"], unique=True, **_where("state IN ('draft', 'offered')")
    )
    op.create_table(
        "handover_items",
        sa.Column("id", BIG, nullable=False),
        sa.Column("handover_id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("keep", sa.Boolean(), nullable=False),
        sa.Column("root_id", BIG, nullable=True),
        sa.Column("cleared_at", UTC, nullable=True),
        sa.Column("given_at", UTC, nullable=True),
        sa.Column("opened_at", UTC, nullable=True),
        sa.Column("taken_at", UTC, nullable=True),
        sa.Column("taken_by", BIG, nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["handover_id"], ["handovers.id"], name=op.f("fk_handover_items_handover_id")),
        sa.ForeignKeyConstraint(["taken_by"], ["users.id"], name=op.f("fk_handover_items_taken_by")),
        sa.UniqueConstraint("handover_id", "kind", "ref", name=op.f("uq_handover_items_handover_id_kind_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_items")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_handover_items_root_id", "handover_items", ["root_id"])


def _positions() -> None:
    op.create_table(
        "positions",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("seat", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("status_since", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.Column("viewing_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_positions_user_id")),
        sa.ForeignKeyConstraint(["viewing_id"], ["cases.id"], name=op.f("fk_positions_viewing_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_positions")),
    )
    op.create_index("ix_positions_seen_at", "positions", ["seen_at"])
    op.create_index("ix_positions_viewing_id", "positions", ["viewing_id"])
    op.create_table(
        "broadcasts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("sent_by", BIG, nullable=False),
        sa.Column("sent_name", sa.String(100), nullable=False),
        sa.Column("sent_at", UTC, nullable=False),
        sa.Column("ends_at", UTC, nullable=False),
        sa.Column("wall", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sent_by"], ["users.id"], name=op.f("fk_broadcasts_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_broadcasts_ends_at", "broadcasts", ["ends_at"])
    op.create_table(
        "broadcast_seats",
        sa.Column("broadcast_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("confirmed_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_seats_broadcast_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_broadcast_seats_user_id")),
        sa.PrimaryKeyConstraint("broadcast_id", "user_id", name=op.f("pk_broadcast_seats")),
    )
    op.create_index("ix_broadcast_seats_user_id", "broadcast_seats", ["user_id"])


def _reviews() -> None:
    op.create_table(
        "review_lots",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("drawn_at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_review_lots")),
    )
    op.create_table(
        "reviews",
        sa.Column("id", BIG, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("operator_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drawn_at", UTC, nullable=False),
        sa.Column("scores", JSON, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reviewer_id", BIG, nullable=True),
        sa.Column("done_at", UTC, nullable=True),
        sa.Column("read_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["operator_id"], ["users.id"], name=op.f("fk_reviews_operator_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reviews_case_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name=op.f("fk_reviews_reviewer_id")),
        sa.UniqueConstraint("case_id", name=op.f("uq_reviews_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reviews_month", "reviews", ["month", "operator_id"])
    op.create_index("ix_reviews_operator_id", "reviews", ["operator_id"])


def _walls() -> None:
    op.create_table(
        "wall_tokens",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_wall_tokens_area_id")),
        sa.UniqueConstraint("digest", name=op.f("uq_wall_tokens_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_tokens")),
    )
