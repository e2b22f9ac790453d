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
    for statement in SEARCH_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else search_sqlite():
        op.execute(sa.text(statement.replace(":", "\\:")))


# Search by any part: pieces of two and three characters. Of PostgreSQL's own: pg_trgm needs a right that a managed
# database may not give, finds no word of two characters, and sees no Chinese where the locale is C.
SEARCH_POSTGRESQL = (
    """CREATE FUNCTION search_grams(value text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        found text[] := '{}';
    BEGIN
        FOR i IN 1 .. length(value) - 1 LOOP
            found := found || lower(substr(value, i, 2));
        END LOOP;
        RETURN found;
    END $$""",
    """CREATE FUNCTION search_name_grams(name text, pinyin text, initials text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
    DECLARE
        found text[] := ARRAY['1' || substr(initials, 1, 1), '1' || substr(pinyin, 1, 2)];
    BEGIN
        FOR i IN 1 .. length(name) LOOP
            found := found || lower(substr(name, i, 1)) || lower(substr(name, i, 2));
        END LOOP;
        FOR i IN 1 .. length(pinyin) - 2 LOOP
            found := found || substr(pinyin, i, 3);
        END LOOP;
        FOR i IN 1 .. length(initials) - 1 LOOP
            found := found || substr(initials, i, 2);
        END LOOP;
        RETURN found;
    END $$""",
    # Without its list of pending entries, which every search reads from end to end until somebody vacuums.
    "CREATE INDEX search_elders ON elders USING gin (search_name_grams(name, pinyin, initials)) WITH (fastupdate = off)",
    "CREATE INDEX search_households ON households USING gin (search_grams(address)) WITH (fastupdate = off)",
)


def _pieces(value: str, size: int, least: int = 0) -> str:
    """SQL: the pieces of ``value``, at least ``least`` of them, with blanks between."""
    return (
        f"(WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n <= length({value}) - {size})"
        f" SELECT coalesce(group_concat(lower(substr({value}, n, {size})), ' '), '') FROM i"
        f" WHERE length({value}) >= {max(size, least)})"
    )


def search_sqlite() -> list[str]:
    """The same as words of FTS5, kept by triggers."""
    grams = {
        "elders": " || ' ' || ".join(
            (
                "'1' || substr(new.initials, 1, 1) || ' 1' || substr(new.pinyin, 1, 2)",
                _pieces("new.name", 1),
                _pieces("new.name", 2),
                _pieces("new.pinyin", 3),
                _pieces("new.initials", 2),
            )
        ),
        "households": _pieces("new.address", 2),
    }
    watched = {"elders": "id, name, pinyin, initials", "households": "id, address"}
    found = []
    for table, document in grams.items():
        index = f"search_{table}"
        add = f"INSERT INTO {index}(rowid, grams) SELECT new.id, {document};"
        drop = f"DELETE FROM {index} WHERE rowid = old.id;"
        found += [
            f"CREATE VIRTUAL TABLE {index} USING fts5(grams, detail=none, tokenize='unicode61')",
            f"CREATE TRIGGER {index}_added AFTER INSERT ON {table} BEGIN {add} END",
            f"CREATE TRIGGER {index}_gone AFTER DELETE ON {table} BEGIN {drop} END",
            f"CREATE TRIGGER {index}_changed AFTER UPDATE OF {watched[table]} ON {table} BEGIN {drop} {add} END",
            f"INSERT INTO {index}(rowid, grams) SELECT new.id, {document} FROM {table} AS new",
        ]
    return found


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
