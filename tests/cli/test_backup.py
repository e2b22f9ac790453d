"""A backup taken while the centre works brings every row back, and never overwrites one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from dispatch.models.database import Database, connect
from dispatch.models.places import Area, add_area
from tests.support.postgres import Postgres
from tests.support.product import Product


def run(url: str, data: Path, *arguments: str) -> str:
    product = Product(url, "redis://127.0.0.1:1/0", data)
    if "DISPATCH_TEST_PG_BIN" in os.environ:
        product.env["PATH"] = f"{os.environ['DISPATCH_TEST_PG_BIN']}:{os.environ['PATH']}"
    done = product.command(*arguments, check=False)
    return f"{done.returncode} {done.stdout}{done.stderr}"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = connect(url)
    try:
        yield database
    finally:
        database.engine.dispose()


@pytest.fixture
def empty_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the same kind without any table."""
    if database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'elsewhere' / 'dispatch.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create_database("template0"))


def test_a_backup_brings_everything_back(database_url: str, empty_url: str, tmp_path: Path) -> None:
    with opened(database_url) as database, database.sessions.begin() as session:
        add_area(session, Area(level=2, name="银铃市", code="1"))
    file = tmp_path / f"{datetime.now(UTC):%Y%m%d}.backup"
    assert run(database_url, tmp_path, "backup", str(file)).startswith("0 Wrote")
    assert run(empty_url, tmp_path / "elsewhere", "restore", str(file)).startswith("0 Restored")
    with opened(empty_url) as database, database.reads() as session:
        assert list(session.scalars(select(Area.name))) == ["银铃市"]


def test_nothing_is_ever_overwritten(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "there.backup"
    file.write_bytes(b"precious")
    assert "exists" in run(database_url, tmp_path, "backup", str(file))
    assert file.read_bytes() == b"precious"
    assert run(database_url, tmp_path, "restore", str(file)).startswith("1 ")
