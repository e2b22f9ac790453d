"""What an elder is found by, in one narrow row: name, sound, initials, address, area, and whether they have left.

The search looked into elders and homes by an index each, and met their rows, which are many times as wide, by the
thousand. One row for both is read ten times as fast, and one index knows in whom all words of a query meet. The
database writes it itself, as it did the two indexes that this one replaces, so that no writer can forget it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

COLUMNS = "elder_id, area_id, archived, name, pinyin, initials, address"
TABLE = """CREATE TABLE search_rows (
    elder_id {big} PRIMARY KEY,
    area_id {big} NOT NULL,
    archived boolean NOT NULL,
    name text NOT NULL,
    pinyin text NOT NULL,
    initials text NOT NULL,
    address text NOT NULL
)"""
FILL = f"""INSERT INTO search_rows ({COLUMNS})
SELECT new.id, home.area_id, new.archived_at IS NOT NULL, lower(new.name), new.pinyin, new.initials, lower(home.address)
FROM elders AS new JOIN households AS home ON home.id = new.household_id ORDER BY new.id"""
AREA = "CREATE INDEX search_rows_area ON search_rows (archived, area_id, elder_id)"

WRITE = f"""INSERT INTO search_rows ({COLUMNS})
SELECT new.id, home.area_id, new.archived_at IS NOT NULL, lower(new.name), new.pinyin, new.initials, lower(home.address)
FROM households AS home WHERE home.id = new.household_id{{lock}}
ON CONFLICT (elder_id) DO UPDATE SET area_id = excluded.area_id, archived = excluded.archived, name = excluded.name,
    pinyin = excluded.pinyin, initials = excluded.initials, address = excluded.address;"""
MOVE = """UPDATE search_rows SET area_id = new.area_id, address = lower(new.address)
WHERE elder_id IN (SELECT id FROM elders WHERE household_id = new.id);"""
FORGET = "DELETE FROM search_rows WHERE elder_id = old.id;"
OF_ELDERS = "household_id, name, pinyin, initials, archived_at"
OF_HOMES = "area_id, address"
TEXTS = "name, pinyin, initials, address"


def upgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _postgresql() if postgresql else _sqlite():
        op.execute(sa.text(statement.replace(":", "\\:")))


def _postgresql() -> list[str]:
    """The home is locked while its elder's row is written: who changes its address meanwhile comes after that."""
    return [
        "DROP INDEX search_elders",
        "DROP INDEX search_households",
        TABLE.format(big="bigint"),
        FILL,
        # So dear that no plan calls it for rows that it could have found by the index.
        """CREATE FUNCTION search_row_grams(name text, pinyin text, initials text, address text) RETURNS text[]
        LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000 AS $$
        BEGIN
            RETURN search_name_grams(name, pinyin, initials) || search_grams(address);
        END $$""",
        # Without its list of pending entries, which every search reads from end to end until somebody vacuums.
        """CREATE INDEX search_rows_grams ON search_rows
        USING gin (search_row_grams(name, pinyin, initials, address)) WITH (fastupdate = off)""",
        AREA,
        "ANALYZE search_rows",
        _function("search_row_written", WRITE.format(lock=" FOR SHARE")),
        _function("search_row_moved", MOVE),
        _function("search_row_gone", FORGET),
        _trigger("search_row_written", f"INSERT OR UPDATE OF {OF_ELDERS} ON elders"),
        _trigger("search_row_moved", f"UPDATE OF {OF_HOMES} ON households"),
        _trigger("search_row_gone", "DELETE ON elders"),
    ]


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"


def _trigger(name: str, when: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {when} FOR EACH ROW EXECUTE FUNCTION {name}()"


def _sqlite() -> list[str]:
    grams = " || ' ' || ".join(
        (
            "'1' || substr(new.initials, 1, 1) || ' 1' || substr(new.pinyin, 1, 2)",
            _pieces("new.name", 1),
            _pieces("new.name", 2),
            _pieces("new.pinyin", 3),
            _pieces("new.initials", 2),
            _pieces("new.address", 2),
        )
    )
    write = WRITE.format(lock="")
    known = f"INSERT INTO search_words(rowid, grams) SELECT new.elder_id, {grams};"
    unknown = "DELETE FROM search_words WHERE rowid = old.elder_id;"
    return [
        *(f"DROP TRIGGER search_{table}_{what}" for table in ("elders", "households") for what in OLD_TRIGGERS),
        "DROP TABLE search_elders",
        "DROP TABLE search_households",
        TABLE.format(big="INTEGER"),
        FILL,
        AREA,
        "CREATE VIRTUAL TABLE search_words USING fts5(grams, detail=none, tokenize='unicode61')",
        f"INSERT INTO search_words(rowid, grams) SELECT new.elder_id, {grams} FROM search_rows AS new",
        f"CREATE TRIGGER search_row_written AFTER INSERT ON elders BEGIN {write} END",
        f"CREATE TRIGGER search_row_rewritten AFTER UPDATE OF {OF_ELDERS} ON elders BEGIN {write} END",
        f"CREATE TRIGGER search_row_moved AFTER UPDATE OF {OF_HOMES} ON households BEGIN {MOVE} END",
        f"CREATE TRIGGER search_row_gone AFTER DELETE ON elders BEGIN {FORGET} END",
        f"CREATE TRIGGER search_words_known AFTER INSERT ON search_rows BEGIN {known} END",
        f"CREATE TRIGGER search_words_changed AFTER UPDATE OF {TEXTS} ON search_rows BEGIN {unknown} {known} END",
        f"CREATE TRIGGER search_words_gone AFTER DELETE ON search_rows BEGIN {unknown} END",
    ]


OLD_TRIGGERS = ("added", "gone", "changed")


def _pieces(value: str, size: int) -> str:
    """SQL: the pieces of ``value``, with blanks between."""
    return (
        f"(WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n <= length({value}) - {size})"
        f" SELECT coalesce(group_concat(substr({value}, n, {size}), ' '), '') FROM i WHERE length({value}) >= {size})"
    )
