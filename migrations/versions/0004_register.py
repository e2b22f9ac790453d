"""The register of elders: telephones and identity numbers sealed, edits counted, keys of the homes."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from dispatch.domain.privacy import mask_phone
from dispatch.models.sealed import keyring, phone_index, tail_index

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
INDEX = sa.String(22)
BATCH = 2000

Derived = dict[str, Callable[[str], str | None]]


def upgrade() -> None:
    _elders()
    _seal("elders", "phone", {"phone_index": phone_index, "phone_tail_index": tail_index}, was="ix_elders_phone")
    _seal("contacts", "phone", {"phone_index": phone_index}, was="ix_contacts_phone", nullable=False)
    _seal("cases", "caller", {"caller_index": phone_index, "caller_masked": mask_phone}, was="ix_cases_caller")
    _seal("calls", "caller", {})
    _seal("messages", "phone", {}, nullable=False)
    for table, column in (
        ("elders", "phone_index"),
        ("elders", "phone_tail_index"),
        ("elders", "identity_index"),
        ("elders", "ability_level"),
        ("elders", "service_form"),
        ("contacts", "phone_index"),
        ("cases", "caller_index"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.add_column("households", sa.Column("keys", JSON, nullable=False, server_default="[]"))
    op.add_column("households", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("households", sa.Column("updated_at", UTC, nullable=True))


def _elders() -> None:
    for column in (
        sa.Column("identity_number", sa.Text(), nullable=True),
        sa.Column("identity_index", INDEX, nullable=True),
        sa.Column("phone_index", INDEX, nullable=True),
        sa.Column("phone_tail_index", INDEX, nullable=True),
        sa.Column("dialect", sa.String(40), nullable=True),
        sa.Column("service_form", sa.String(40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("updated_at", UTC, nullable=True),
        sa.Column("archived_at", UTC, nullable=True),
        sa.Column("archive_reason", sa.String(200), nullable=True),
    ):
        op.add_column("elders", column)
    big = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE elders ADD COLUMN merged_into {big} CONSTRAINT fk_elders_merged_into REFERENCES elders(id)"
    )
    op.add_column("contacts", sa.Column("phone_index", INDEX, nullable=True))
    op.add_column("cases", sa.Column("caller_index", INDEX, nullable=True))
    op.add_column("cases", sa.Column("caller_masked", sa.String(32), nullable=True))


def _seal(table: str, column: str, derived: Derived, *, was: str | None = None, nullable: bool = True) -> None:
    """Put the sealed values of ``column`` in its place, and what is derived from the plain ones beside it."""
    kind = "TEXT" if nullable else "TEXT NOT NULL DEFAULT ''"
    op.execute(f"ALTER TABLE {table} ADD COLUMN sealed_{column} {kind}")
    _fill(table, column, derived)
    if was is not None:
        op.drop_index(op.f(was), table)
    # Not by alembic's batches: for SQLite they would build the table anew, and lose its triggers on the way.
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN sealed_{column} TO {column}")
    if not nullable and op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")


def _fill(table: str, column: str, derived: Derived) -> None:
    connection = op.get_bind()
    names = (f"sealed_{column}", *derived)
    rows = sa.table(table, sa.column("id"), sa.column(column), *(sa.column(name) for name in names))
    plain_of = rows.c[column]
    plain = sa.select(rows.c.id, plain_of).where(plain_of.is_not(None)).order_by(rows.c.id).limit(BATCH)
    update = sa.update(rows).where(rows.c.id == sa.bindparam("key"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in names})
    last = 0
    while found := connection.execute(plain.where(rows.c.id > last)).all():
        connection.execute(update, [_new(key, value, table, column, derived) for key, value in found])
        last = found[-1][0]


def _new(key: int, value: str, table: str, column: str, derived: Derived) -> dict[str, object]:
    sealed = {f"new_sealed_{column}": keyring().seal(value, f"{table}.{column}")}
    return {"key": key, **sealed, **{f"new_{name}": derive(value) for name, derive in derived.items()}}
