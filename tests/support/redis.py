"""A Redis server of the tests' own, which they may also kill."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from dispatch.cli.broker import find_program
from tests.support.parts import free_port


class Redis:
    def __init__(self, program: str | None = None) -> None:
        self.program = program or find_program()
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix="dispatch-redis-", dir="/tmp"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, within: float = 10) -> None:
        options = {"bind": "127.0.0.1", "port": self.port, "dir": self.home, "appendonly": "yes", "save": ""}
        command = [self.program, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + within
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError((self.home / "server.log").read_text()[-2000:])
            time.sleep(0.02)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(10)
            self.process = None
