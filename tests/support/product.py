"""The product's own processes, started one by one against servers of the tests', so that each can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.factories import DATA_KEYS, SECRET
from tests.support.parts import free_port

DISPATCH = str(Path(sys.executable).with_name("dispatch"))


class Product:
    """Starts nothing by itself. Use as a context manager: whatever was started is ended, whatever happened."""

    def __init__(self, database_url: str, redis_url: str, data_dir: Path, **env: str) -> None:
        self.data_dir = data_dir
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")},
            "DISPATCH_DATABASE_URL": database_url,
            "DISPATCH_REDIS_URL": redis_url,
            "DISPATCH_DATA_DIR": str(data_dir),
            "DISPATCH_SECRET_KEY": SECRET,
            "DISPATCH_DATA_KEYS": DATA_KEYS,
            "DISPATCH_DEMO": "true",
            # Alarms of its own would count among those that a test sends; the test of the self-test switches it on.
            "DISPATCH_SELFTEST_URLS": "off",
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        (data_dir / "logs").mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Product:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run an administrative command to its end, for example ``db upgrade``."""
        done = subprocess.run(
            [DISPATCH, *arguments], env=self.env, capture_output=True, text=True, timeout=300, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"dispatch {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, role: str, name: str | None = None, **env: str) -> str:
        """Start `dispatch ROLE`; answers the name to kill it by. A web process gets a port of its own."""
        name = name or role
        own = {**self.env, **env}
        if role == "web":
            self.ports.setdefault(name, free_port())
            own |= {"DISPATCH_HOST": "127.0.0.1", "DISPATCH_PORT": str(self.ports[name])}
        with (self.data_dir / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [DISPATCH, role], env=own, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        return name

    def start_all(self, webs: int = 1) -> None:
        """The production set: webs, one worker, the active clock and its standby."""
        for number in range(1, webs + 1):
            self.start("web", f"web{number}")
        self.start("worker")
        self.start("clock", "clock1")
        self.start("clock", "clock2")
        self.wait_ready()

    def url(self, name: str = "web1") -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def wait_ready(self, within: float = 240) -> None:
        deadline = time.monotonic() + within
        for name in self.ports:
            while not answers(f"{self.url(name)}/readyz"):
                if self.processes[name].poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{name} is not ready:\n{self.log(name)}")
                time.sleep(0.05)

    def kill(self, name: str) -> None:
        """kill -9 of the process and of what it forked."""
        process = self.processes.pop(name)
        _signal_group(process, signal.SIGKILL)
        process.wait(10)

    def stop(self, within: float = 60) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + within
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
            _signal_group(process, signal.SIGKILL)
            process.wait(10)
        self.processes.clear()

    def log(self, name: str) -> str:
        return (self.data_dir / "logs" / f"{name}.log").read_text(errors="replace")[-4000:]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _signal_group(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)
