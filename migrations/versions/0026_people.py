"""Helpers are found by the sound of their names; who sits at which station; reminders of papers that end."""

import sqlalchemy as sa
from alembic import op

from dispatch.services.register.names import called

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("workers", sa.Column("pinyin", sa.String(200), nullable=False, server_default=""))
    op.add_column("workers", sa.Column("initials", sa.String(40), nullable=False, server_default=""))
    _sounds()
    op.create_table(
        "station_seats",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("station_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_station_seats_user_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_station_seats_station_id")),
        sa.PrimaryKeyConstraint("user_id", "station_id", name=op.f("pk_station_seats")),
    )
    op.create_index("ix_station_seats_station_id", "station_seats", ["station_id"])
    op.create_table(
        "expiry_notices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject", sa.String(60), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", UTC, nullable=False),
        sa.UniqueConstraint("subject", "until", "days", name=op.f("uq_expiry_notices_subject_until_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expiry_notices")),
    )


def _sounds() -> None:
    workers = sa.table("workers", *(sa.column(name) for name in ("id", "name", "pinyin", "initials")))
    bind = op.get_bind()
    for worker_id, name in bind.execute(sa.select(workers.c.id, workers.c.name)).all():
        bind.execute(sa.update(workers).where(workers.c.id == worker_id).values(called(name)))
