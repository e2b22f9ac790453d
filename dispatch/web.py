"""The web process: gunicorn with threads, one process per instance."""

from __future__ import annotations

import gc
import sys
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError

from dispatch.bootstrap.process import StartRefused
from dispatch.loading import load
from dispatch.settings import Settings

SWITCH = 0.0005
"""Seconds a thread may keep the interpreter while others wait for it. A push to the consoles asks the database six
times and waits for the interpreter after each answer. With Python's own 5 ms that was half of the way to the screen
(bench/alarm_to_screen.py at 50 alarms/s: painted p99 286 ms with 5 ms, 227 ms with 0.5 ms).
"""


class Server(BaseApplication):  # type: ignore[misc]
    """The application is loaded after the fork: its threads live where its requests do, and gunicorn's parent process,
    which only watches, does not keep a second copy of it in memory.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": self._settings.threads,
            "worker_connections": 2000,
            "timeout": 60,
            "graceful_timeout": 3,
            "keepalive": 30,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        composition = load("dispatch.bootstrap.web")
        try:
            application = composition.start(self._settings)
        except StartRefused as refusal:
            raise AppImportError(f"Error: {refusal}") from refusal  # which ends the parent too, with these words
        # What is loaded stays: to look through it for garbage now and then held all requests up for 130 ms.
        gc.freeze()
        sys.setswitchinterval(SWITCH)
        return application


def run(settings: Settings) -> None:
    Server(settings).run()
