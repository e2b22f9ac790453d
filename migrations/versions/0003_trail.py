"""What people did and saw."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
WHY = "the audit trail is append-only"


def upgrade() -> None:
    op.create_table(
        "trail",
        sa.Column("id", BIG, nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.String(100), nullable=False),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject_kind", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trail_at"), "trail", ["at"])
    op.create_index(op.f("ix_trail_action"), "trail", ["action"])
    op.create_index("ix_trail_subject", "trail", ["subject_kind", "subject_id", "id"])
    for operation in ("UPDATE", "DELETE"):
        name = f"forbid_{operation.lower()}_trail"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {operation} ON trail"
                f" FOR EACH ROW EXECUTE FUNCTION dispatch_forbid('{WHY}')"
            )
        else:
            op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON trail BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER forbid_truncate_trail BEFORE TRUNCATE ON trail"
            " FOR EACH STATEMENT EXECUTE FUNCTION dispatch_forbid('never emptied')"
        )
