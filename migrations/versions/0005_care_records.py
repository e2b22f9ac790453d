"""Assessments, groups, consents, and the rights of persons."""

import json
from datetime import UTC as NOW_ZONE
from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
GROUPS = (
    "destitute",
    "subsistence_allowance",
    "near_subsistence",
    "without_carer",
    "living_alone",
    "no_family",
    "empty_nest",
    "left_behind",
    "severe_disability",
    "disabled_ability",
    "dementia",
    "advanced_age",
    "family_planning_special",
)


def upgrade() -> None:
    op.create_table(
        "answered_acts",
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("answer", JSON, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_answered_acts")),
    )
    op.create_index(op.f("ix_answered_acts_at"), "answered_acts", ["at"], unique=False)
    op.create_table(
        "impact_assessments",
        sa.Column("id", BIG, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("lawful", sa.Text(), nullable=False),
        sa.Column("impact", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("document", sa.String(length=300), nullable=True),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("assessed_by", sa.String(length=100), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_impact_assessments")),
    )
    op.create_index(op.f("ix_impact_assessments_assessed_on"), "impact_assessments", ["assessed_on"], unique=False)
    op.create_table(
        "privacy_incidents",
        sa.Column("id", BIG, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("occurred_at", UTC, nullable=True),
        sa.Column("discovered_at", UTC, nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("persons", sa.Integer(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("harm", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("authority_told_at", UTC, nullable=True),
        sa.Column("persons_told_at", UTC, nullable=True),
        sa.Column("not_told_reason", sa.Text(), nullable=True),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_incidents")),
    )
    op.create_index(op.f("ix_privacy_incidents_discovered_at"), "privacy_incidents", ["discovered_at"], unique=False)
    op.create_table(
        "retention_runs",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("counts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_retention_runs")),
    )
    op.create_table(
        "assessments",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("standard", sa.String(length=40), nullable=False),
        sa.Column("standard_version", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=False),
        sa.Column("assessors", JSON, nullable=False),
        sa.Column("scores", JSON, nullable=False),
        sa.Column("answers", JSON, nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("by_group", JSON, nullable=False),
        sa.Column("preliminary_level", sa.Integer(), nullable=True),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("final_level", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("voided_at", UTC, nullable=True),
        sa.Column("voided_by", sa.String(length=100), nullable=True),
        sa.Column("void_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_assessments_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index("ix_assessments_elder", "assessments", ["elder_id", "standard", "assessed_on", "id"], unique=False)
    op.create_table(
        "consents",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("read_by", sa.String(length=100), nullable=True),
        sa.Column("notice", sa.String(length=40), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=True),
        sa.Column("at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_consents_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index("ix_consents_elder", "consents", ["elder_id", "purpose", "id"], unique=False)
    op.create_table(
        "elder_tags",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.String(length=300), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("recorded_at", UTC, nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("ended_by", sa.String(length=100), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_elder_tags_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder_tags")),
    )
    op.create_index(op.f("ix_elder_tags_code"), "elder_tags", ["code"], unique=False)
    op.create_index(
        "ix_elder_tags_due_at",
        "elder_tags",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_elder_tags_elder", "elder_tags", ["elder_id", "id"], unique=False)
    op.create_index(
        "uq_elder_tags_open",
        "elder_tags",
        ["elder_id", "code"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL AND ended_at IS NULL"),
        sqlite_where=sa.text("valid_to IS NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "rights_requests",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("asker", sa.String(length=20), nullable=False),
        sa.Column("asker_name", sa.String(length=100), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("identity_check", sa.String(length=200), nullable=True),
        sa.Column("checked_by", sa.String(length=100), nullable=True),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("outcome", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_rights_requests_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_requests")),
    )
    op.create_index(
        "ix_rights_requests_due_at",
        "rights_requests",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'checked')"),
        sqlite_where=sa.text("state IN ('open', 'checked')"),
    )
    op.create_index("ix_rights_requests_elder", "rights_requests", ["elder_id", "id"], unique=False)
    op.create_table(
        "assessment_states",
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("assessment_id", BIG, nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_assessment_states_assessment_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_assessment_states_elder_id")),
        sa.PrimaryKeyConstraint("elder_id", name=op.f("pk_assessment_states")),
    )
    op.create_index(op.f("ix_assessment_states_next_due_on"), "assessment_states", ["next_due_on"], unique=False)
    op.create_table(
        "care_forms",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("form", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("assessment_id", BIG, nullable=True),
        sa.Column("decided_at", UTC, nullable=False),
        sa.Column("decided_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name=op.f("fk_care_forms_assessment_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_forms_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_forms")),
    )
    op.create_index("ix_care_forms_elder", "care_forms", ["elder_id", "id"], unique=False)
    op.create_table(
        "erased_persons",
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("request_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_erased_persons_elder_id")),
        sa.ForeignKeyConstraint(["request_id"], ["rights_requests.id"], name=op.f("fk_erased_persons_request_id")),
        sa.PrimaryKeyConstraint("elder_id", name=op.f("pk_erased_persons")),
    )
    op.create_table(
        "restricted_cases",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_restricted_cases_case_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_restricted_cases")),
    )
    op.create_table(
        "sharings",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("elder_id", BIG, nullable=True),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.Column("receiver", sa.String(length=100), nullable=False),
        sa.Column("receiver_kind", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("consent_id", BIG, nullable=True),
        sa.Column("case_id", BIG, nullable=True),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_sharings_case_id")),
        sa.ForeignKeyConstraint(["consent_id"], ["consents.id"], name=op.f("fk_sharings_consent_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_sharings_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharings")),
    )
    op.create_index(op.f("ix_sharings_at"), "sharings", ["at"], unique=False)
    op.create_index("ix_sharings_elder", "sharings", ["elder_id", "id"], unique=False)
    op.create_table(
        "tell_duties",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("arose_at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=False),
        sa.Column("done_at", UTC, nullable=True),
        sa.Column("done_by", sa.String(length=100), nullable=True),
        sa.Column("how", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_tell_duties_case_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_tell_duties_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tell_duties")),
    )
    op.create_index(
        "ix_tell_duties_due_at",
        "tell_duties",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
        sqlite_where=sa.text("done_at IS NULL"),
    )
    op.create_index("uq_tell_duties_once", "tell_duties", ["elder_id", "case_id", "purpose"], unique=True)

    _tags_from_flags()


def _tags_from_flags() -> None:
    """Elders had bare flags before: each that is a group becomes a tag, so that the flags can follow the tags."""
    connection = op.get_bind()
    elders = sa.table("elders", sa.column("id", BIG), sa.column("flags", JSON))
    tags = sa.table(
        "elder_tags",
        *(sa.column(name) for name in ("elder_id", "code", "source", "version", "recorded_by")),
        sa.column("valid_from", sa.Date()),
        sa.column("recorded_at", UTC),
    )
    now = datetime.now(NOW_ZONE)
    rows = []
    for elder_id, flags in connection.execute(sa.select(elders.c.id, elders.c.flags)).all():
        found = json.loads(flags) if isinstance(flags, str) else flags or []
        rows += [
            {
                "elder_id": elder_id,
                "code": code,
                "source": "earlier_flag",
                "version": 1,
                "recorded_by": "migration",
                "valid_from": now.date(),
                "recorded_at": now,
            }
            for code in dict.fromkeys(found)
            if code in GROUPS
        ]
    for start in range(0, len(rows), 1000):
        connection.execute(tags.insert(), rows[start : start + 1000])
