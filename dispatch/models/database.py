"""The engine, the two kinds of session, the wake-up and the lock of the one active clock."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import Session, sessionmaker

LIVE_LOCK = 0x11FE
CLOCK_LOCK = 0xC10C
SEAL_LOCK = 0x5EA1
RIGHTS_LOCK = 0x2164
LIVE_CHANNEL = "dispatch_live"
SQLITE_POLL = 0.02


@dataclass(frozen=True)
class Database:
    """``sessions`` write, each in one transaction; ``reads`` see one consistent moment and block nobody."""

    engine: Engine
    sessions: sessionmaker[Session]
    reads: sessionmaker[Session]

    @property
    def is_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"


class Reading(Session):
    """Ends with a commit, though it has nothing to commit: with each rollback psycopg throws away what it has prepared,
    and the server would plan each statement anew, every time.
    """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self.in_transaction():
            self.commit()
        super().__exit__(kind, error, trace)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own would be DEFERRED
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # A writer that begins DEFERRED and upgrades later fails at once with "database is locked"; IMMEDIATE waits.
    read_only = connection.get_execution_options().get("dispatch_read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


ALONE = "-c jit=off -c max_parallel_workers_per_gather=0"
"""Compiling takes longer than any statement of ours runs, and so do other processes to come. Who counts a whole
register with every processor would keep an alarm waiting besides.
"""


def connect(url: str, *, pool_size: int = 20) -> Database:
    """Open ``url`` (``postgresql+psycopg://`` or ``sqlite:///``). Connects when first used."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_size=pool_size, max_overflow=pool_size)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        reader = engine.execution_options(dispatch_read_only=True)
    else:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_pre_ping=False,  # a broken connection is met by the spool and by retries; a ping costs a round trip
            connect_args={
                "connect_timeout": 3,
                "options": "-c statement_timeout=15000 -c idle_in_transaction_session_timeout=15000 " + ALONE,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
            },
        )
        reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(
        engine,
        sessionmaker(engine, expire_on_commit=False),
        sessionmaker(reader, class_=Reading, expire_on_commit=False),
    )


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class Wakeup(Protocol):
    """Something that returns early when another connection may have committed. A hint: callers look for themselves."""

    def wait(self, seconds: float, pace: float = 0.0) -> None:
        """``pace``: how much later than at once is soon enough, in seconds."""

    def close(self) -> None: ...


class PostgresWakeup:
    """LISTEN on ``dispatch_live``; triggers notify on commit. Raises ``psycopg.OperationalError`` when away."""

    def __init__(self, url: URL) -> None:
        self._connection = psycopg.connect(_libpq(url), autocommit=True, connect_timeout=3)
        self._connection.execute(f"LISTEN {LIVE_CHANNEL}")

    def wait(self, seconds: float, pace: float = 0.0) -> None:
        for _ in self._connection.notifies(timeout=seconds, stop_after=1):
            return

    def close(self) -> None:
        self._connection.close()


class SqliteWakeup:
    """``PRAGMA data_version`` changes when another connection commits: a few microseconds, no statement to plan."""

    def __init__(self, url: URL) -> None:
        self._connection = sqlite3.connect(url.database or ":memory:", check_same_thread=False)
        self._seen = self._version()

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def wait(self, seconds: float, pace: float = 0.0) -> None:
        until = time.monotonic() + seconds
        while (version := self._version()) == self._seen:
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(max(SQLITE_POLL, pace), left))
        self._seen = version

    def close(self) -> None:
        self._connection.close()


def wakeup(database: Database) -> Wakeup:
    url = database.engine.url
    return PostgresWakeup(url) if database.is_postgresql else SqliteWakeup(url)


class Leadership:
    """The right to be the active clock. The operating system or PostgreSQL takes it back the moment the holder dies."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: psycopg.Connection[Any] | None = None
        self._file: int | None = None
        self._hold: Callable[[], bool] = self._hold_row if database.is_postgresql else self._hold_file

    def hold(self) -> bool:
        """Take the right or confirm that it is still ours. False: somebody else has it, or the database is away."""
        return self._hold()

    def _hold_row(self) -> bool:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    _libpq(self._database.engine.url), autocommit=True, connect_timeout=3
                )
                row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (CLOCK_LOCK,)).fetchone()
                if not (row and row[0]):
                    self.release()
            else:
                self._connection.execute("SELECT 1")
        except psycopg.Error:
            self.release()
        return self._connection is not None

    def evict(self) -> None:
        """End the session of a holder that has stopped working without dying. PostgreSQL only."""
        if not self._database.is_postgresql:
            return
        with psycopg.connect(_libpq(self._database.engine.url), autocommit=True, connect_timeout=3) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND objid = %s AND granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())",
                (CLOCK_LOCK,),
            )

    def _hold_file(self) -> bool:
        if self._file is not None:
            return True
        path = f"{self._database.engine.url.database}.clock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._file = descriptor
        return True

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._file is not None:
            os.close(self._file)
            self._file = None
