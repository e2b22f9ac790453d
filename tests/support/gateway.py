"""The gateway process, started with a configuration of the test's own, and the peers that speak to it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from dispatch.models.listening import Listening
from dispatch.services.centre import Centre
from dispatch.settings import ROOT
from tests.support.factories import DATA_KEYS, SECRET

WITHIN = 60.0
OWN = (str(Path(sys.executable).with_name("dispatch")), "gateway")
FAKE = (sys.executable, "-m", "tests.support.fake_protocol", "gateway")


class GatewayProcess:
    """`dispatch gateway` over ``centre``'s database. Use as a context manager."""

    def __init__(self, centre: Centre, listeners: str, command: tuple[str, ...] = OWN, **env: str) -> None:
        """``listeners``: ``config/gateways.yaml`` of this test."""
        self.centre = centre
        self._command = command
        self._home = centre.data_dir.parent / "gateway"
        if not self._home.exists():
            shutil.copytree(ROOT / "config", self._home)
        (self._home / "gateways.yaml").write_text(listeners)
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")},
            "DISPATCH_DATABASE_URL": centre.database.engine.url.render_as_string(hide_password=False),
            "DISPATCH_DATA_DIR": str(centre.data_dir),
            "DISPATCH_CONFIG_DIR": str(self._home),
            "DISPATCH_SECRET_KEY": SECRET,
            "DISPATCH_DATA_KEYS": DATA_KEYS,
            "DISPATCH_CALLBACK_NUMBER": "own",
            "PYTHONPATH": str(ROOT),
            **env,
        }
        centre.data_dir.mkdir(parents=True, exist_ok=True)
        self._log = centre.data_dir / "gateway.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> GatewayProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def stop(self) -> int:
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise
        finally:
            self.process = None

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")[-6000:]

    def row(self, name: str) -> Listening | None:
        with self.centre.database.reads() as session:
            return session.scalar(select(Listening).where(Listening.name == name))

    def port(self, name: str, since: datetime | None = None, kind: str = "") -> int:
        """Where it listens (``kind``: tcp, udp or tls); waits until it does, in a process started after ``since``."""

        def found() -> str | None:
            row = self.row(name)
            if row is None or row.state != "hearing" or (since is not None and row.since < since):
                return None
            return next((each for each in row.address.split(", ") if each.startswith(kind)), None)

        return int(self.wait(found).rpartition(":")[2])

    def wait(self, holds: Callable[[], Any], within: float = WITHIN) -> Any:
        until = time.monotonic() + within
        while True:
            try:
                if found := holds():
                    return found
            except SQLAlchemyError:
                pass
            assert self.process is None or self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.05)


class Line:
    """A peer that speaks in lines."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=WITHIN)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def say(self, text: str) -> str:
        self.send(f"{text}\n".encode())
        return self.read()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> str:
        """Empty: the other side has closed."""
        try:
            return self._file.readline().decode().strip()
        except ConnectionResetError:
            return ""

    def close(self) -> None:
        self._file.close()
        self._socket.close()
