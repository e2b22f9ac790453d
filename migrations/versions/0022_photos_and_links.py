"""Pictures from visits, and links by which an offer is answered once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    op.create_table(
        "work_photos",
        sa.Column("id", BIG, nullable=False),
        sa.Column("assignment_id", BIG, nullable=False),
        sa.Column("client_uuid", sa.String(50), nullable=False),
        sa.Column("device_at", UTC, nullable=False),
        sa.Column("received_at", UTC, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("flags", JSON, nullable=False),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignments.id"], name=op.f("fk_work_photos_assignment_id")),
        sa.UniqueConstraint("client_uuid", name=op.f("uq_work_photos_client_uuid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_photos")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_work_photos_assignment_id", "work_photos", ["assignment_id"])
    op.create_index("ix_work_photos_sha256", "work_photos", ["sha256"])
    op.create_table(
        "offer_links",
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("offer_id", BIG, nullable=False),
        sa.Column("made_at", UTC, nullable=False),
        sa.Column("expires_at", UTC, nullable=False),
        sa.Column("used_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_links_offer_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_offer_links")),
    )
    op.create_index("ix_offer_links_offer_id", "offer_links", ["offer_id"])
