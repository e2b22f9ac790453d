"""The few devices of which it was said that they are away are asked for every few seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    few = sa.text("away_since IS NOT NULL")
    op.create_index("ix_devices_away", "devices", ["away_since"], postgresql_where=few, sqlite_where=few)


def downgrade() -> None:
    op.drop_index("ix_devices_away", "devices")
