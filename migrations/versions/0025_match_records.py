"""Who could have gone when helpers were asked, for a replay under other weights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "match_records",
        sa.Column("id", BIG, nullable=False),
        sa.Column("case_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", JSON, nullable=False),
        sa.Column("candidates", JSON, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_match_records_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_records")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_match_records_at", "match_records", ["at"])
    op.create_index("ix_match_records_case_id", "match_records", ["case_id"])


def downgrade() -> None:
    op.drop_table("match_records")
