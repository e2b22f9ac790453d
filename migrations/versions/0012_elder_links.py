"""Personal links of elders to their own page."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "elder_links",
        sa.Column("id", BIG, nullable=False),
        sa.Column("elder_id", BIG, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", UTC, nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("revoked_at", UTC, nullable=True),
        sa.Column("used_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_elder_links_elder_id")),
        sa.UniqueConstraint("digest", name=op.f("uq_elder_links_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elder_links")),
    )
    op.create_index(op.f("ix_elder_links_elder_id"), "elder_links", ["elder_id"])
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_elder_links_live", "elder_links", ["elder_id"], unique=True, postgresql_where=live, sqlite_where=live
    )
