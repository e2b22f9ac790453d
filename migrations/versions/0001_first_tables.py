"""The tables, and what the database itself forbids."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")

FORBIDDEN = [
    # table, operation, why: said by the database to whoever tries, administrators included
    ("case_events", "UPDATE", "the timeline is append-only"),
    ("case_events", "DELETE", "the timeline is append-only"),
    ("event_seals", "UPDATE", "the chain of seals is append-only"),
    ("event_seals", "DELETE", "the chain of seals is append-only"),
    ("cases", "DELETE", "a case is never deleted"),
    ("signals", "DELETE", "a signal is never deleted"),
    (
        "signals",
        "UPDATE OF id, device_number, kind, event_id, received_at, occurred_at, data, raw, source",
        "a signal is kept as it came",
    ),
]


def _forbid() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE FUNCTION dispatch_forbid() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"
        )
    for number, (table, operation, why) in enumerate(FORBIDDEN):
        name = f"forbid_{number}_{table}"
        if postgres:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {operation} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION dispatch_forbid('{why}')"
            )
        else:
            op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END")
    if postgres:
        for table in ("case_events", "event_seals", "cases", "signals"):
            op.execute(
                f"CREATE TRIGGER forbid_truncate_{table} BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
            )


def _notify() -> None:
    """Wake the web processes at commit; PostgreSQL folds the notices of one transaction into one."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE FUNCTION dispatch_wake() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_notify('dispatch_live', ''); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER wake_live AFTER INSERT OR UPDATE ON live_ops"
        " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_wake()"
    )


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )
    op.create_table(
        "areas",
        sa.Column("id", BIG, nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("code", name=op.f("uq_areas_code")),
        sa.UniqueConstraint("path", name=op.f("uq_areas_path")),
    )
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_table(
        "job_runs",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("expected_seconds", sa.Double(), nullable=False),
        sa.Column("last_run_at", UTC, nullable=True),
        sa.Column("cycle", BIG, nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("detail", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_runs")),
    )
    op.create_table(
        "sim_network",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delay_ms", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("duplicate", sa.Double(), nullable=False),
        sa.Column("down", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sim_network")),
    )
    op.create_table(
        "sim_phones",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("robot", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sim_phones")),
    )
    op.create_table(
        "sim_traffic",
        sa.Column("id", BIG, nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("due_at", UTC, nullable=True),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sim_traffic")),
        sa.UniqueConstraint("reference", name=op.f("uq_sim_traffic_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_sim_traffic_due_at",
        "sim_traffic",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_sim_traffic_phone"), "sim_traffic", ["phone"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", BIG, nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("area_ids", JSON, nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("failed_sign_ins", sa.Integer(), nullable=False),
        sa.Column("locked_until", UTC, nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "duty_phones",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_duty_phones_area_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_duty_phones_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_phones")),
    )
    op.create_index(op.f("ix_duty_phones_area_id"), "duty_phones", ["area_id"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", BIG, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("address_short", sa.String(length=80), nullable=False),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("access_notes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_households_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
    )
    op.create_index(op.f("ix_households_area_id"), "households", ["area_id"], unique=False)
    op.create_table(
        "elders",
        sa.Column("id", BIG, nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("pinyin", sa.String(length=200), nullable=False),
        sa.Column("initials", sa.String(length=40), nullable=False),
        sa.Column("sex", sa.String(length=1), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("flags", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("hearing", sa.String(length=40), nullable=True),
        sa.Column("ability_level", sa.Integer(), nullable=True),
        sa.Column("absence_kind", sa.String(length=20), nullable=True),
        sa.Column("absence_until", UTC, nullable=True),
        sa.Column("absence_note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_elders_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elders")),
    )
    op.create_index(op.f("ix_elders_household_id"), "elders", ["household_id"], unique=False)
    op.create_index("ix_elders_initials", "elders", ["initials"], unique=False)
    op.create_index("ix_elders_name", "elders", ["name"], unique=False)
    op.create_index(op.f("ix_elders_phone"), "elders", ["phone"], unique=False)
    op.create_index(op.f("ix_elders_pinyin"), "elders", ["pinyin"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("help", sa.String(length=20), nullable=True),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("household_id", BIG, nullable=True),
        sa.Column("elder_id", BIG, nullable=True),
        sa.Column("origin_device", sa.String(length=100), nullable=True),
        sa.Column("caller", sa.String(length=32), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("wanted_at", UTC, nullable=True),
        sa.Column("opened_at", UTC, nullable=False),
        sa.Column("waiting_since", UTC, nullable=False),
        sa.Column("answer_due_at", UTC, nullable=True),
        sa.Column("answered_at", UTC, nullable=True),
        sa.Column("closed_at", UTC, nullable=True),
        sa.Column("owner_id", BIG, nullable=True),
        sa.Column("owned_since", UTC, nullable=True),
        sa.Column("last_act_at", UTC, nullable=True),
        sa.Column("changed_by", sa.String(length=100), nullable=False),
        sa.Column("changed_at", UTC, nullable=False),
        sa.Column("policy", JSON, nullable=False),
        sa.Column("due", sa.String(length=20), nullable=True),
        sa.Column("next_due_at", UTC, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("held_until", UTC, nullable=True),
        sa.Column("hold_reason", sa.String(length=200), nullable=True),
        sa.Column("signals", sa.Integer(), nullable=False),
        sa.Column("last_signal_at", UTC, nullable=True),
        sa.Column("flags", JSON, nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=True),
        sa.Column("follow_up_at", UTC, nullable=True),
        sa.Column("merged_into", BIG, nullable=True),
        sa.Column("last_event_kind", sa.String(length=30), nullable=False),
        sa.Column("last_event_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_cases_area_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_cases_elder_id")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_cases_household_id")),
        sa.ForeignKeyConstraint(["merged_into"], ["cases.id"], name=op.f("fk_cases_merged_into")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_cases_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_cases_area_id"), "cases", ["area_id"], unique=False)
    op.create_index(op.f("ix_cases_caller"), "cases", ["caller"], unique=False)
    op.create_index(op.f("ix_cases_elder_id"), "cases", ["elder_id"], unique=False)
    op.create_index(op.f("ix_cases_household_id"), "cases", ["household_id"], unique=False)
    op.create_index(
        "ix_cases_next_due_at",
        "cases",
        ["next_due_at"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cases_open",
        "cases",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text(
            "state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned', 'pending_follow_up')"
        ),
        sqlite_where=sa.text("state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned', 'pending_follow_up')"),
    )
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"], unique=False)
    op.create_index(op.f("ix_cases_owner_id"), "cases", ["owner_id"], unique=False)
    op.create_index(
        "uq_cases_open_emergency_device",
        "cases",
        ["origin_device"],
        unique=True,
        postgresql_where=sa.text(
            "household_id IS NULL AND origin_device IS NOT NULL AND kind = 'emergency' AND state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned')"
        ),
        sqlite_where=sa.text(
            "household_id IS NULL AND origin_device IS NOT NULL AND kind = 'emergency' AND state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned')"
        ),
    )
    op.create_index(
        "uq_cases_open_emergency_household",
        "cases",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text(
            "household_id IS NOT NULL AND kind = 'emergency' AND state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned')"
        ),
        sqlite_where=sa.text(
            "household_id IS NOT NULL AND kind = 'emergency' AND state IN ('assigned', 'dispatching', 'in_service', 'new', 'owned')"
        ),
    )
    op.create_table(
        "contacts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("relation", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("minutes_away", sa.Integer(), nullable=True),
        sa.Column("has_key", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_contacts_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_elder_id"), "contacts", ["elder_id"], unique=False)
    op.create_index(op.f("ix_contacts_phone"), "contacts", ["phone"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("protocol", sa.String(length=40), nullable=False),
        sa.Column("household_id", BIG, nullable=True),
        sa.Column("elder_id", BIG, nullable=True),
        sa.Column("location", sa.String(length=80), nullable=True),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("low_battery_at", UTC, nullable=True),
        sa.Column("fault_at", UTC, nullable=True),
        sa.Column("last_seen_at", UTC, nullable=True),
        sa.Column("last_test_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_devices_elder_id")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_devices_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("number", name=op.f("uq_devices_number")),
    )
    op.create_index(op.f("ix_devices_elder_id"), "devices", ["elder_id"], unique=False)
    op.create_index(op.f("ix_devices_household_id"), "devices", ["household_id"], unique=False)
    op.create_table(
        "facts",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("confirmed_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_facts_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
    )
    op.create_index(op.f("ix_facts_elder_id"), "facts", ["elder_id"], unique=False)
    op.create_table(
        "calls",
        sa.Column("id", BIG, nullable=False),
        sa.Column("call_id", sa.String(length=200), nullable=False),
        sa.Column("caller", sa.String(length=32), nullable=True),
        sa.Column("called", sa.String(length=32), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("first_at", UTC, nullable=False),
        sa.Column("answered_at", UTC, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("missed", sa.Boolean(), nullable=False),
        sa.Column("recording_url", sa.String(length=500), nullable=True),
        sa.Column("events", JSON, nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_calls_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("call_id", name=op.f("uq_calls_call_id")),
    )
    op.create_index(op.f("ix_calls_case_id"), "calls", ["case_id"], unique=False)
    op.create_table(
        "case_events",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.String(length=100), nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.Column("once_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        sa.UniqueConstraint("case_id", "once_key", name=op.f("uq_case_events_case_id_once_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_case_events_case", "case_events", ["case_id", "id"], unique=False)
    op.create_table(
        "commands",
        sa.Column("actor", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_commands_case_id")),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_commands")),
    )
    op.create_index(op.f("ix_commands_at"), "commands", ["at"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drafts_case_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id")),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "live_ops",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("seq", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_live_ops_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_ops")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_live_ops_seq"), "live_ops", ["seq"], unique=False)
    op.create_index(
        "ix_live_ops_waiting",
        "live_ops",
        ["id"],
        unique=False,
        postgresql_where=sa.text("seq IS NULL"),
        sqlite_where=sa.text("seq IS NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("id", BIG, nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("case_round", sa.Integer(), nullable=False),
        sa.Column("contact_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("sent_at", UTC, nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.Column("provider_id", sa.String(length=120), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("receipt", JSON, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_messages_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_messages_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("reference", name=op.f("uq_messages_reference")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_messages_case_id"), "messages", ["case_id"], unique=False)
    op.create_index(
        "ix_messages_next_try_at",
        "messages",
        ["next_try_at"],
        unique=False,
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_messages_provider_id"), "messages", ["provider_id"], unique=False)
    op.create_table(
        "signals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device_number", sa.String(length=100), nullable=True),
        sa.Column("device_id", BIG, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("event_id", sa.String(length=200), nullable=True),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("occurred_at", UTC, nullable=True),
        sa.Column("clock_off", sa.Boolean(), nullable=False),
        sa.Column("data", JSON, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("raw_size", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("understood", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("spooled", sa.Boolean(), nullable=False),
        sa.Column("case_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_signals_case_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_signals_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
    )
    op.create_index(op.f("ix_signals_case_id"), "signals", ["case_id"], unique=False)
    op.create_index(op.f("ix_signals_device_id"), "signals", ["device_id"], unique=False)
    op.create_index(op.f("ix_signals_received_at"), "signals", ["received_at"], unique=False)
    op.create_index(
        "ix_signals_unreadable",
        "signals",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("NOT understood"),
        sqlite_where=sa.text("NOT understood"),
    )
    op.create_index(
        "uq_signals_device_event",
        "signals",
        ["device_number", "event_id"],
        unique=True,
        postgresql_where=sa.text("event_id IS NOT NULL"),
        sqlite_where=sa.text("event_id IS NOT NULL"),
    )
    op.create_table(
        "event_seals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["case_events.id"], name=op.f("fk_event_seals_event_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_seals")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_seals_event_id")),
        sqlite_autoincrement=True,
    )
    _forbid()
    _notify()
