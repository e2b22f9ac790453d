"""Wrong tries to sign in, by address, for all web processes together."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_tries",
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("full_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_address_tries")),
    )
    op.create_index(op.f("ix_address_tries_full_at"), "address_tries", ["full_at"])
