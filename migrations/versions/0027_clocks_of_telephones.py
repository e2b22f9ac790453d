"""How far the centre's clock was ahead of a helper's telephone."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("work_records", "work_photos"):
        op.add_column(table, sa.Column("clock_offset_ms", sa.BigInteger(), nullable=True))
