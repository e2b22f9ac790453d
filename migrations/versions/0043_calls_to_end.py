"""A call that came in is ended from the console: whoever listens to the exchange finds the wish in its row."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

OPEN = sa.text("end_asked_at IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    op.add_column("calls", sa.Column("end_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_calls_to_end", "calls", ["end_asked_at"], postgresql_where=OPEN, sqlite_where=OPEN)
