"""What unknown devices said is found by their number; a case that gets its area leaves those who saw it nowhere."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

STRANGE = sa.text("device_id IS NULL AND device_number IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_signals_strange",
        "signals",
        ["device_number", "received_at"],
        postgresql_where=STRANGE,
        sqlite_where=STRANGE,
    )
    op.add_column("live_ops", sa.Column("placed", sa.Boolean(), nullable=False, server_default=sa.false()))
