"""How far each home is from the nearest station and helpers, and the runs that find out."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KINDS = ("worker", "nurse", "volunteer", "grid_worker", "social_worker", "rescue")


def upgrade() -> None:
    op.create_table(
        "home_circles",
        sa.Column("household_id", BIG, nullable=False, autoincrement=False),
        sa.Column("station_id", BIG, nullable=True),
        sa.Column("station_minutes", sa.Integer(), nullable=True),
        *(sa.Column(kind, sa.Integer(), nullable=True) for kind in KINDS),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_home_circles_household_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_home_circles_station_id")),
        sa.PrimaryKeyConstraint("household_id", name=op.f("pk_home_circles")),
    )
    op.create_index("ix_home_circles_station_minutes", "home_circles", ["station_minutes", "household_id"])
    op.create_table(
        "circle_runs",
        sa.Column("id", BIG, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("asked_at", UTC, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=True),
        sa.Column("homes", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reached", BIG, nullable=False),
        sa.Column("next_try_at", UTC, nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(16), nullable=True),
        sa.Column("finished_at", UTC, nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_circle_runs_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circle_runs")),
        sqlite_autoincrement=True,
    )
    is_open, waits = sa.text("state = 'open'"), sa.text("next_try_at IS NOT NULL")
    op.create_index(
        "uq_circle_runs_open", "circle_runs", ["state"], unique=True, postgresql_where=is_open, sqlite_where=is_open
    )
    op.create_index(
        "ix_circle_runs_next_try_at", "circle_runs", ["next_try_at"], postgresql_where=waits, sqlite_where=waits
    )


def downgrade() -> None:
    op.drop_table("circle_runs")
    op.drop_table("home_circles")
