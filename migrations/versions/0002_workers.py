"""Those who go to the homes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column("skills", JSON, nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_workers_area_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_workers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("user_id", name=op.f("uq_workers_user_id")),
    )
    op.create_index(op.f("ix_workers_area_id"), "workers", ["area_id"], unique=False)
    op.create_index("ix_workers_name", "workers", ["name"], unique=False)
    op.create_index(op.f("ix_workers_phone"), "workers", ["phone"], unique=False)
