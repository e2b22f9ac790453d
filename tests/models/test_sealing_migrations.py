"""What an older version stored is sealed, indexed and found after the migrations, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, select, text

from dispatch.models import schema
from dispatch.models.cases import Case
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import has_identity_tail, has_phone, has_tail, keyring
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.register.search import ROWS, look
from tests.support import factories
from tests.support.postgres import Postgres

PLAIN = (
    "INSERT INTO areas (id, level, name, path) VALUES (1, 2, 'Town', '/1/')",
    "INSERT INTO households (id, area_id, address, address_short) VALUES (1, 1, 'Road 1', 'Road 1')",
    (
        "INSERT INTO elders (id, household_id, name, pinyin, initials, sex, birth_date, phone, flags, languages)"
        " VALUES (1, 1, 'Wang', 'wang', 'w', 'F', '1940-01-02', '13800001001', '[]', '[]'),"
        " (2, 1, 'Zhao', 'zhao', 'z', 'M', '1940-01-02', NULL, '[]', '[]')"
    ),
    (
        "INSERT INTO contacts (id, elder_id, position, name, relation, phone, has_key, answered, tried)"
        " VALUES (1, 1, 1, 'Li', 'kin', '13700000001', false, 0, 0)"
    ),
)


def _to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    server.execute("DROP DATABASE IF EXISTS before_0004")
    server.execute("CREATE DATABASE before_0004")
    return server.url("before_0004")


def _plain(engine: Engine) -> None:
    """A database from before telephones were sealed, with people in it."""
    _to(engine, "0003")
    with engine.begin() as connection:
        for statement in PLAIN:
            connection.execute(text(statement))


def test_plain_telephones_are_sealed_by_the_migration(empty_url: str, tmp_path: Path) -> None:
    database = factories.make_centre(empty_url, tmp_path).database
    try:
        _plain(database.engine)
        _to(database.engine, "head")
        with database.engine.connect() as connection:
            raw = connection.execute(text("SELECT phone FROM elders WHERE id = 1")).scalar_one()
        assert raw.startswith("t1.")
        with database.reads() as session:
            wang, zhao = session.scalars(select(Elder).order_by(Elder.id))
            assert (wang.phone, wang.version, zhao.phone, zhao.phone_index) == ("13800001001", 1, None, None)
            found = select(Elder.id)
            assert session.scalars(found.where(has_phone(Elder.phone_index, "13800001001"))).all() == [1]
            assert session.scalars(found.where(has_tail(Elder.phone_tail_index, "1001"))).all() == [1]
            (contact,) = session.scalars(select(Contact).where(has_phone(Contact.phone_index, "13700000001")))
            assert contact.phone == "13700000001"
            assert session.scalars(select(Case.caller_masked)).all() == []
    finally:
        database.engine.dispose()


def test_sealed_identity_numbers_are_found_by_their_end_after_the_upgrade(empty_url: str, tmp_path: Path) -> None:
    database = factories.make_centre(empty_url, tmp_path).database
    try:
        _plain(database.engine)
        _to(database.engine, "0012")
        write = text("UPDATE elders SET identity_number = :sealed WHERE id = :key")
        with database.engine.begin() as connection:
            sealed = keyring().seal("23030219400102001X", "elders.identity_number")
            connection.execute(write, [{"key": 1, "sealed": sealed}, {"key": 2, "sealed": "t1.scribble"}])
        _to(database.engine, "head")
        with database.reads() as session:
            found = session.scalars(select(Elder.id).where(has_identity_tail(Elder.identity_tail_index, "001X")))
            assert found.all() == [1]
    finally:
        database.engine.dispose()


def test_who_was_there_before_is_found_by_a_row_of_their_own_after_the_upgrade(empty_url: str, tmp_path: Path) -> None:
    database = factories.make_centre(empty_url, tmp_path).database
    try:
        _plain(database.engine)
        _to(database.engine, "0017")
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE elders SET archived_at = '2026-11-24 08:00:00' WHERE id = 2"))
        _to(database.engine, "head")
        with database.reads() as session:
            rows = session.execute(select(ROWS).order_by(ROWS.c.elder_id)).all()
            assert [tuple(row) for row in rows] == [
                (1, 1, False, "wang", "wang", "w", "road 1"),
                (2, 1, True, "zhao", "zhao", "z", "road 1"),
            ]
            assert session.scalars(look(session, "oad wang").ids).all() == [1]
            assert session.scalars(look(session, "road").ids.order_by(ROWS.c.elder_id)).all() == [1, 2]
    finally:
        database.engine.dispose()


def test_skills_of_a_list_are_rows_after_the_upgrade(empty_url: str, tmp_path: Path) -> None:
    """And whoever worked in an area serves it."""
    centre = factories.make_centre(empty_url, tmp_path)
    engine = centre.database.engine
    _plain(engine)
    _to(engine, "0019")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO workers (id, name, phone, skills, area_id) VALUES"
                """ (1, 'Hua', '13700000009', '["meal", "bath", "meal"]', 1), (2, 'Lan', '13700000008', '[]', 1)"""
            )
        )
    _to(engine, "0020")
    with centre.database.reads() as session:
        held = session.execute(select(WorkerSkill.worker_id, WorkerSkill.skill, WorkerSkill.level)).all()
        assert sorted(map(tuple, held)) == [(1, "bath", 1), (1, "meal", 1)]
        assert sorted(session.scalars(select(WorkerArea.worker_id))) == [1, 2]
        columns = (Worker.kind, Worker.active, Worker.capacity, Worker.languages)
        hua = session.execute(select(*columns).where(Worker.id == 1)).one()
        assert (hua.kind, hua.active, hua.capacity, hua.languages) == ("worker", True, 6, [])
    engine.dispose()
