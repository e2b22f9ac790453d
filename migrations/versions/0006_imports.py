"""Files that come in, and doubles to be merged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def partial(where: str) -> dict[str, sa.TextClause]:
    return {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", BIG, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("file_kind", sa.String(8), nullable=False),
        sa.Column("file_size", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("actor_kind", sa.String(20), nullable=False),
        sa.Column("actor_id", sa.String(100), nullable=False),
        sa.Column("actor_name", sa.String(100), nullable=False),
        sa.Column("paths", JSON, nullable=False),
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("checked_at", UTC, nullable=True),
        sa.Column("applied_at", UTC, nullable=True),
        sa.Column("ended_at", UTC, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("done", "new", "changed", "same", "errors", "doubles")
        ),
        sa.Column("headings", JSON, nullable=False),
        sa.Column("fault", JSON, nullable=True),
        sa.Column("claim", sa.String(40), nullable=True),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("forget_at", UTC, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_imports_key", "imports", ["actor_kind", "actor_id", "key"], unique=True, **partial("key IS NOT NULL")
    )
    op.create_index("ix_imports_next_try_at", "imports", ["next_try_at"], **partial("next_try_at IS NOT NULL"))
    op.create_index("ix_imports_forget_at", "imports", ["forget_at"], **partial("forget_at IS NOT NULL"))
    op.create_table(
        "import_chunks",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_chunks_import_id")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_chunks")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("faults", JSON, nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("target_id", BIG, nullable=True),
        sa.Column("original", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_rows")),
    )
    op.create_index("ix_import_rows_verdict", "import_rows", ["import_id", "verdict", "number"])
    op.create_table(
        "elder_origins",
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("import_id", BIG, nullable=False),
        sa.Column("external_id", sa.String(80), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_elder_origins_elder_id")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_elder_origins_import_id")),
        sa.PrimaryKeyConstraint("elder_id", name=op.f("pk_elder_origins")),
        sa.UniqueConstraint("external_id", name=op.f("uq_elder_origins_external_id")),
    )
    op.create_index(op.f("ix_elder_origins_import_id"), "elder_origins", ["import_id"])
    op.create_table(
        "doubles",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_a", BIG, nullable=False),
        sa.Column("elder_b", BIG, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("found_at", UTC, nullable=False),
        sa.Column("decided_at", UTC, nullable=True),
        sa.Column("decided_by", sa.String(100), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.CheckConstraint("elder_a < elder_b", name=op.f("ck_doubles_order")),
        sa.ForeignKeyConstraint(["elder_a"], ["elders.id"], name=op.f("fk_doubles_elder_a")),
        sa.ForeignKeyConstraint(["elder_b"], ["elders.id"], name=op.f("fk_doubles_elder_b")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doubles")),
    )
    op.create_index("uq_doubles_pair", "doubles", ["elder_a", "elder_b"], unique=True)
    op.create_index(op.f("ix_doubles_elder_b"), "doubles", ["elder_b"])
    op.create_index("ix_doubles_open", "doubles", ["score", "id"], **partial("state = 'proposed'"))
