"""Servers and databases for all tests; everything they start is their own and ends with them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from dispatch.cli.broker import NoBroker
from dispatch.services.centre import Centre
from tests.support import databases, factories
from tests.support.lanes import BROWSER, Lanes
from tests.support.parts import missing, roomy_memory
from tests.support.postgres import Postgres, find_binaries
from tests.support.product import Product
from tests.support.redis import Redis
from tests.support.story import Story
from tests.support.web import compile_rules_once


def pytest_configure() -> None:
    # The default draws a frame around each line of a traceback: seconds, for each fault that a test provokes.
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)])
    compile_rules_once()
    # SQLite waits for the disk at each commit, as it must; the tests kill processes but never the machine.
    if memory := roomy_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes | None:
    return Lanes(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins, else it would be waited for at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(BROWSER))


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What a test has measured is told at the end, whichever process it ran in."""
    return lambda told: record_property("figures", told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, told in report.user_properties:
            if name == "figures":
                terminalreporter.write_line(f"\n{told}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server programs (Debian: apt-get install postgresql)")
    server = Postgres(binaries)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    try:
        server = Redis()
    except NoBroker as error:
        missing(str(error))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """An empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    return databases.postgres_template(postgres, tmp_path_factory.mktemp("postgres-template"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.sqlite_template(tmp_path_factory.mktemp("sqlite-template"))


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A fresh migrated database on PostgreSQL, of the same name each time: engines are kept by address."""
    name = postgres.create_database(postgres_template, "test_again")
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path) -> str:
    """A fresh migrated database in a file, of the same name each time."""
    return databases.copy_sqlite(sqlite_template, sqlite_template.parent)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh migrated database, once on each of the two that the product runs on."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def product(tmp_path: Path, redis_url: str) -> Iterator[Callable[[str], Product]]:
    """``product(database_url)``: the processes of a centre, to start and to kill one by one."""
    made: list[Product] = []

    def make(database_url: str, **env: str) -> Product:
        made.append(Product(database_url, redis_url, tmp_path / f"product{len(made)}", **env))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.stop()


@pytest.fixture
def centre(database_url: str, tmp_path: Path) -> Iterator[Centre]:
    """The use cases over a fresh database, on each of the two."""
    made = factories.make_centre(database_url, tmp_path / "data")
    yield made
    made.database.engine.dispose()


@pytest.fixture
def town(centre: Centre) -> factories.Town:
    return factories.town_in_fresh(centre)


@pytest.fixture
def story(town: factories.Town) -> Iterator[Story]:
    """A movable clock, fake telephones and real everything else; at the end nothing unexpected may have been sent."""
    told = Story(town)
    yield told
    told.finish()
