"""The messages of one device are read newest first, also of one that has sent a million."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_signals_of_device", "signals", ["device_id", "received_at"])
    op.drop_index("ix_signals_device_id", table_name="signals")
