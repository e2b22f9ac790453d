"""The web process: gunicorn with threads, one process per instance."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from dispatch import bootstrap
from dispatch.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """The application is built after the fork, so that its threads live where its requests do."""

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

    def load(self) -> Flask:
        bootstrap.configure_logging()
        web = bootstrap.web(self._settings)
        web.relay.start()
        return web.app


def run(settings: Settings) -> None:
    Server(settings).run()
