"""Elders by the end of the identity number (a blind index of four characters); incidents by area."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from dispatch.models.sealed import INDEX_LENGTH, CannotOpen, identity_tail_index, keyring

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BATCH = 2000


def upgrade() -> None:
    op.add_column("elders", sa.Column("identity_tail_index", sa.String(INDEX_LENGTH), nullable=True))
    connection = op.get_bind()
    elders = sa.table("elders", sa.column("id"), sa.column("identity_number"), sa.column("identity_tail_index"))
    sealed = sa.select(elders.c.id, elders.c.identity_number).where(elders.c.identity_number.is_not(None))
    update = sa.update(elders).where(elders.c.id == sa.bindparam("key")).values(identity_tail_index=sa.bindparam("new"))
    last = 0
    while found := connection.execute(sealed.where(elders.c.id > last).order_by(elders.c.id).limit(BATCH)).all():
        connection.execute(update, [_new(key, value) for key, value in found])
        last = found[-1][0]
    op.create_index(op.f("ix_elders_identity_tail_index"), "elders", ["identity_tail_index"])
    present = sa.text("archived_at IS NULL")
    op.create_index(
        "ix_elders_present",
        "elders",
        ["household_id", "ability_level", "service_form", "id"],
        postgresql_where=present,
        sqlite_where=present,
    )
    op.drop_index(op.f("ix_elder_tags_code"), "elder_tags")
    lasting = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_elder_tags_held",
        "elder_tags",
        ["code", "elder_id", "valid_from", "valid_to"],
        postgresql_where=lasting,
        sqlite_where=lasting,
    )
    op.add_column("privacy_incidents", sa.Column("scope", sa.Text(), nullable=False, server_default=""))
    # Those that are there belong to the whole centre.
    tops = connection.execute(sa.text("SELECT path FROM areas WHERE parent_id IS NULL ORDER BY id")).scalars()
    whole = "".join(f"|{path}" for path in tops)
    connection.execute(sa.text("UPDATE privacy_incidents SET scope = :whole"), {"whole": whole})


def _new(key: int, value: str) -> dict[str, Any]:
    """A number that does not open stays unfindable, as it is by its whole; it must not stop the upgrade."""
    try:
        return {"key": key, "new": identity_tail_index(keyring().open(value, "elders.identity_number"))}
    except CannotOpen:
        return {"key": key, "new": None}
