"""A console as the contract describes it: numbers are compared, a gap is read back over HTTP, a push is only a hint."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from typing import Any

import requests
import socketio


class Follower:
    """Listens at one web process, and comes back by itself after every cut."""

    def __init__(self, ports: Sequence[int], token: str) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.seq = -1
        self.cuts = 0
        self.gaps = 0
        self._ports = ports
        self._token = token
        self._lock = threading.Lock()
        self._client = socketio.Client(reconnection=True, reconnection_delay=0.2, reconnection_delay_max=1)
        self._client.on("connect", self._catch_up, namespace="/console")
        self._client.on("disconnect", self._cut, namespace="/console")
        self._client.on("live", self._live, namespace="/console")
        self._client.on("beat", self._beat, namespace="/console")

    def connect(self) -> None:
        url = f"http://127.0.0.1:{self._ports[0]}"
        self._client.connect(
            url, namespaces=["/console"], transports=["websocket"], auth={"token": self._token}, wait_timeout=60
        )

    def close(self) -> None:
        self._client.shutdown()

    def wait_for(self, seq: int, within: float) -> None:
        deadline = time.monotonic() + within
        while self.seq < seq and time.monotonic() < deadline:
            time.sleep(0.05)

    def _cut(self, *_reason: Any) -> None:
        self.cuts += 1

    def _live(self, message: dict[str, Any]) -> None:
        with self._lock:
            if message["seq"] == self.seq + 1:
                self._apply(message)
                return
        if message["seq"] > self.seq:
            self.gaps += 1
            self._catch_up(message["seq"])

    def _beat(self, message: dict[str, Any]) -> None:
        if message["seq"] > self.seq:
            self._catch_up(message["seq"])

    def _catch_up(self, to: int | None = None) -> None:
        """``to``: what was told of. Each message comes in a thread of its own, and many wait for the first one."""
        with self._lock:
            if to is not None and self.seq >= to:
                return
            for port in self._ports:
                with contextlib.suppress(requests.RequestException):
                    if self._read_back(f"http://127.0.0.1:{port}/api/v1/live"):
                        return

    def _read_back(self, live: str) -> bool:
        headers = {"Authorization": f"Bearer {self._token}"}
        if self.seq >= 0:
            answer = requests.get(f"{live}/since", params={"seq": self.seq}, headers=headers, timeout=10)
            if answer.status_code == 200:
                self._apply(answer.json())
                return True
            if answer.status_code != 410:
                return False
        answer = requests.get(f"{live}/snapshot", headers=headers, timeout=10)
        if answer.status_code != 200:
            return False
        self.rows = {row["id"]: row for row in answer.json()["cases"]}
        self.seq = answer.json()["seq"]
        return True

    def _apply(self, message: dict[str, Any]) -> None:
        for op in message["ops"]:
            row = op["row"]
            shown = self.rows.get(row["id"])
            if shown is not None and shown["version"] > row["version"]:
                continue
            if op["op"] == "put":
                self.rows[row["id"]] = row
            else:
                self.rows.pop(row["id"], None)
        self.seq = message["seq"]
