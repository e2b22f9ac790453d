"""The chain over the audit trail, and somebody with the keys of the database."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.domain.actor import SYSTEM
from dispatch.services import chain, trail
from dispatch.services.centre import Centre
from dispatch.services.chain import TIMELINE, TRAIL
from dispatch.services.trail import Deed, Subject
from dispatch.settings import ROOT
from tests.support.factories import DATA_KEYS, SECRET, START, Town

LATER = START + timedelta(hours=1)


def write(centre: Centre, number: int) -> None:
    for n in range(number):
        trail.note(centre, SYSTEM, Deed("reveal", Subject("elder", n), reason="why", data={"n": n}), START)


@pytest.fixture
def kept(centre: Centre) -> Centre:
    """Five entries, sealed."""
    write(centre, 5)
    assert chain.seal(centre, TRAIL, START) == 5
    assert chain.seal(centre, TRAIL, START) == 0
    return centre


def tamper(centre: Centre, *statements: str) -> None:
    """What only somebody who owns the database can do: first the triggers, then the rows."""
    with centre.database.engine.begin() as connection:
        for table in ("trail", "trail_seals"):
            on = f" ON {table}" if centre.database.is_postgresql else ""
            for operation in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER forbid_{operation}_{table}{on}"))
        for statement in statements:
            connection.execute(text(statement))


def verdict(centre: Centre) -> tuple[int, int | None, str | None]:
    found = chain.verify(centre, TRAIL, LATER)
    return found.held, found.broken_at, found.why


COPY = "at, actor_kind, actor_id, actor_name, action, subject_kind, subject_id, reason, data"


def test_a_whole_chain_holds(kept: Centre) -> None:
    assert verdict(kept) == (5, None, None)
    write(kept, 1)
    assert chain.verify(kept, TRAIL, LATER).waiting == 1
    assert chain.seal(kept, TRAIL, LATER) == 1
    assert verdict(kept) == (6, None, None)


@pytest.mark.parametrize("table", ["trail", "trail_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 100", "DELETE FROM {}"])
def test_the_database_refuses(kept: Centre, table: str, statement: str) -> None:
    with pytest.raises(DBAPIError), kept.database.engine.begin() as connection:
        connection.execute(text(statement.format(table)))
    assert verdict(kept) == (5, None, None)


@pytest.mark.parametrize(
    "change",
    ["reason = 'none'", "actor_name = 'Somebody'", "subject_id = '77'", "action = 'read'", "data = '{}'", "at = at"],
)
def test_a_changed_entry_is_named(kept: Centre, change: str) -> None:
    tamper(kept, f"UPDATE trail SET {change} WHERE id = 3")
    assert verdict(kept) == ((5, None, None) if change == "at = at" else (2, 3, "changed"))


def test_a_deleted_entry_is_named(kept: Centre) -> None:
    tamper(kept, "DELETE FROM trail_seals WHERE entry_id = 3", "DELETE FROM trail WHERE id = 3")
    assert verdict(kept) == (2, 4, "changed")


def test_an_entry_deleted_under_its_seal_is_named(kept: Centre) -> None:
    if kept.database.is_postgresql:
        pytest.skip("its foreign key is enforced for everybody")
    with kept.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for statement in ("DROP TRIGGER forbid_delete_trail", "DELETE FROM trail WHERE id = 3"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("BEGIN")
    assert verdict(kept) == (2, 3, "gone")


def test_an_entry_put_in_between_is_never_sealed_and_named(kept: Centre) -> None:
    tamper(
        kept,
        "DELETE FROM trail_seals WHERE entry_id > 2",
        "DELETE FROM trail WHERE id > 2",
        f"INSERT INTO trail (id, {COPY}) SELECT 9, {COPY} FROM trail WHERE id = 1",
    )
    assert chain.seal(kept, TRAIL, START) == 1
    tamper_in = f"INSERT INTO trail (id, {COPY}) SELECT 5, {COPY} FROM trail WHERE id = 1"
    with kept.database.engine.begin() as connection:
        connection.execute(text(tamper_in))
    assert chain.seal(kept, TRAIL, LATER) == 0
    assert verdict(kept) == (3, 5, "slipped_in")


def test_what_a_slow_transaction_commits_late_is_sealed_late(kept: Centre) -> None:
    with kept.database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO trail (id, {COPY}) SELECT 9, {COPY} FROM trail WHERE id = 1"))
    assert chain.seal(kept, TRAIL, START) == 1
    with kept.database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO trail (id, {COPY}) SELECT 8, {COPY} FROM trail WHERE id = 1"))
    assert chain.seal(kept, TRAIL, START + timedelta(seconds=15)) == 1
    assert verdict(kept) == (7, None, None)


def test_a_chain_cut_off_at_its_end_shows_by_a_note_kept_elsewhere(kept: Centre) -> None:
    head = chain.verify(kept, TRAIL, LATER).head
    assert chain.had(kept, TRAIL, 5, head)
    tamper(kept, "DELETE FROM trail_seals WHERE entry_id > 3", "DELETE FROM trail WHERE id > 3")
    assert verdict(kept) == (3, None, None)
    assert not chain.had(kept, TRAIL, 5, head)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_command_says_where_it_breaks(kept: Centre, town: Town, tmp_path: Path) -> None:
    env = {
        "DISPATCH_DATABASE_URL": kept.database.engine.url.render_as_string(hide_password=False),
        "DISPATCH_DATA_DIR": str(tmp_path / "data"),
        "DISPATCH_SECRET_KEY": SECRET,
        "DISPATCH_DATA_KEYS": DATA_KEYS,
    }

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-c", "from dispatch.cli.main import main; main()", *arguments]
        done = subprocess.run(command, env=os.environ | env, cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    status, said = run("trail", "verify")
    assert (status, "timeline   0 links hold" in said) == (0, True)
    note = next(line for line in said.splitlines() if line.startswith("trail")).rpartition(" ")[2]
    assert run("trail", "verify", "--expect", note)[0] == 0
    status, said = run("trail", "verify", "--expect", f"5:{'0' * 64}")
    assert (status, "BROKEN: what 5 links" in said) == (1, True)
    tamper(kept, "UPDATE trail SET actor_name = 'Somebody else' WHERE id = 2")
    for command in (["trail", "verify"], ["doctor"]):
        status, said = run(*command)
        assert (status, "trail      1 links hold, BROKEN at entry 2" in said) == (1, True)


def test_both_chains_are_sealed_by_one_function(town: Town) -> None:
    assert [each.name for each in chain.CHAINS] == ["timeline", "trail"]
    write(town.centre, 1)
    assert (chain.seal(town.centre, TIMELINE, START), chain.seal(town.centre, TRAIL, START)) == (0, 1)
