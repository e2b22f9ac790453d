"""Homes by area, with their ids: a page of the list reads the index alone."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_households_area_id"), "households")
    op.create_index("ix_households_area_id", "households", ["area_id", "id"])
