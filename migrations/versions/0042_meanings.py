"""What the words of devices mean is said at the console, version by version; what devices announced is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql")
WHY = "what words meant is only added to"


def upgrade() -> None:
    op.create_table(
        "mapping_versions",
        sa.Column("id", BIG, nullable=False),
        sa.Column("scope", sa.String(10), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("follows", BIG, nullable=False),
        sa.Column("words", JSON, nullable=True),
        sa.Column("at", UTC, nullable=False),
        sa.Column("by", sa.String(60), nullable=False),
        sa.Column("by_name", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mapping_versions")),
        sa.UniqueConstraint("scope", "key", "follows", name=op.f("uq_mapping_versions_scope_key_follows")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device_announcements",
        sa.Column("listener", sa.String(40), nullable=False),
        sa.Column("topic", sa.String(500), nullable=False),
        sa.Column("number", sa.String(100), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.PrimaryKeyConstraint("listener", "topic", name=op.f("pk_device_announcements")),
    )
    op.create_index("ix_device_announcements_number", "device_announcements", ["number"])
    _append_only()


def _append_only() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    for operation in ("UPDATE", "DELETE"):
        trigger = f"CREATE TRIGGER forbid_{operation.lower()}_mapping BEFORE {operation} ON mapping_versions"
        if postgres:
            op.execute(f"{trigger} FOR EACH ROW EXECUTE FUNCTION dispatch_forbid('{WHY}')")
        else:
            op.execute(f"{trigger} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
    if postgres:
        op.execute(
            "CREATE TRIGGER forbid_truncate_mapping_versions BEFORE TRUNCATE ON mapping_versions"
            " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
        )
