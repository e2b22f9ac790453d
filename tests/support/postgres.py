"""A PostgreSQL server of the tests' own, which they may also kill."""

from __future__ import annotations

import functools
import getpass
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.support.parts import free_port, roomy_memory

USER = "dispatch"
# The tests kill the server but not the machine, so nothing is gained by waiting for the disk.
OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "jit": "off",
}


def find_binaries() -> Path | None:
    """The directory of initdb and postgres, newest version first."""
    if given := os.environ.get("DISPATCH_TEST_PG_BIN"):
        return Path(given)
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -int(p.parent.name.split(".")[0]))
    on_path = shutil.which("initdb")
    places += [Path(on_path).resolve().parent] if on_path else []
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


class Postgres:
    def __init__(self, binaries: Path, kept: Path | None = None, **options: str) -> None:
        """``options`` are settings of the server, over those above. What lies in ``kept`` is there again next time."""
        self.binaries = binaries
        self.options = {**OPTIONS, **options}
        self.port = free_port()
        self.kept = kept is not None
        self.home = kept or self._new_home()
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        if not (self.home / "data").exists():
            self._initialise()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def dsn(self, database: str = "postgres") -> str:
        return f"host=127.0.0.1 port={self.port} user={USER} dbname={database}"

    @functools.cached_property
    def version(self) -> int:
        with psycopg.connect(self.dsn()) as connection:
            return connection.info.server_version // 10_000

    def create_database(self, template: str = "template1", name: str | None = None) -> str:
        """A fresh database, named anew each time if no name is given; answers its name."""
        name = name or f"test_{os.getpid()}_{next(self._numbers)}"
        # Copying files needs a checkpoint, which costs nothing without fsync; writing all of them to the log does.
        how = " STRATEGY FILE_COPY" if self.version >= 15 else ""  # before 15 there was no other way
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{how}')
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # statements of the tests' own

    def start(self, within: float = 30) -> None:
        deadline = time.monotonic() + within
        command = [str(self.binaries / "postgres"), "-D", str(self.home / "data"), "-k", str(self.home)]
        command += ["-p", str(self.port)]
        for name, value in self.options.items():
            command += ["-c", f"{name}={value}"]
        while True:
            if self.process is None or self.process.poll() is not None:
                # After a kill -9 the old children need a moment to notice; until then the new server refuses to start.
                self.process = self._as_owner(command, stdout=self._log(), stderr=subprocess.STDOUT)
            try:
                psycopg.connect(self.dsn(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log_tail()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is on disk."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def remove(self) -> None:
        self.stop()
        if not self.kept:
            shutil.rmtree(self.home, ignore_errors=True)

    def log_tail(self) -> str:
        return (self.home / "server.log").read_text(errors="replace")[-3000:]

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(30)
        self.process = None

    def _new_home(self) -> Path:
        """In memory where nothing is synced anyway: a fresh database, a thousand files, costs a tenth there."""
        memory = roomy_memory() if self.options["fsync"] == "off" else None
        if memory:
            self.options.setdefault("max_wal_size", "256MB")
        return Path(tempfile.mkdtemp(prefix="dispatch-pg-", dir=memory or "/tmp"))

    def _initialise(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self._owner())
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
        command = [str(self.binaries / "initdb"), "-D", str(self.home / "data"), "-U", USER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        done = self._as_owner(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, _ = done.communicate(timeout=60)
        if done.returncode:
            raise RuntimeError(f"initdb failed:\n{output.decode(errors='replace')}")

    def _log(self) -> int:
        return os.open(self.home / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def _as_owner(self, command: list[str], stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        """PostgreSQL refuses to run as root."""
        as_root = os.geteuid() == 0
        owner = pwd.getpwnam(self._owner())
        process = subprocess.Popen(
            command,
            stdout=stdout,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
            cwd=self.home,
            start_new_session=True,
            user=owner.pw_uid if as_root else None,
            group=owner.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        if stdout >= 0:
            os.close(stdout)
        return process

    @staticmethod
    def _owner() -> str:
        if os.geteuid() != 0:
            return getpass.getuser()
        known = {entry.pw_name for entry in pwd.getpwall()}
        return "postgres" if "postgres" in known else "nobody"
