"""Sessions, passwords, second factors, the chain over the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WHY = "the chain over the audit trail is append-only"


def upgrade() -> None:
    _users()
    _sessions()
    _second_factors()
    _chain()


def _users() -> None:
    op.add_column("users", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("password_set_at", UTC))
    op.add_column("users", sa.Column("password_ends_at", UTC))
    op.add_column("users", sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("api_tokens") as table:
        table.add_column(sa.Column("created_by", BIG))
        table.create_foreign_key(op.f("fk_api_tokens_created_by"), "users", ["created_by"], ["id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("began_at", UTC, nullable=False),
        sa.Column("active_at", UTC, nullable=False),
        sa.Column("ended_at", UTC),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("digest", name=op.f("uq_sessions_digest")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])
    op.create_index(
        "ix_sessions_open",
        "sessions",
        ["user_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "former_passwords",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("until", UTC, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_former_passwords_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_passwords")),
    )
    op.create_index(op.f("ix_former_passwords_user_id"), "former_passwords", ["user_id"])


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("begun_at", UTC, nullable=False),
        sa.Column("confirmed_at", UTC),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used_at", UTC),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_user_id"), "recovery_codes", ["user_id"])


def _chain() -> None:
    op.create_index("ix_trail_actor", "trail", ["actor_kind", "actor_id", "id"])
    op.add_column("event_seals", sa.Column("sealed_at", UTC))
    op.create_table(
        "trail_seals",
        sa.Column("id", BIG, nullable=False),
        sa.Column("entry_id", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sealed_at", UTC, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["trail.id"], name=op.f("fk_trail_seals_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_seals")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_trail_seals_entry_id")),
        sqlite_autoincrement=True,
    )
    _forbid("trail_seals")


def _forbid(table: str) -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for operation in ("UPDATE", "DELETE"):
        name = f"forbid_{operation.lower()}_{table}"
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {operation} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION dispatch_forbid('{WHY}')"
            )
        else:
            op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
    if postgresql:
        op.execute(
            f"CREATE TRIGGER forbid_truncate_{table} BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
        )
