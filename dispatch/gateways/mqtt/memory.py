"""What must outlive a restart: what each device said last, what brokers told of who is who, and what supervisors said
that words mean. One small file.

It is written after the corridor has stored what it came with. A crash in between makes an alarm a repeat of itself,
which joins its case; never does it hide one. A file that is lost or broken costs no more than that.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

import structlog

from dispatch.domain.overlay import Overlay
from dispatch.gateways.mqtt.understand import Last

log = structlog.get_logger()
TABLES = """
CREATE TABLE IF NOT EXISTS last (device TEXT PRIMARY KEY, states TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (topic TEXT PRIMARY KEY, payload BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS overlay (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
"""


class Memory:
    """Used from several threads, one at a time."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(path)
        except sqlite3.DatabaseError:
            log.error("mqtt_memory_broken", file=path.name)
            path.replace(path.with_suffix(".broken"))
            for left in (f"{path}-wal", f"{path}-shm"):
                Path(left).unlink(missing_ok=True)
            self._connection = _open(path)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def lasts(self) -> dict[str, Last]:
        with self._lock:
            found = self._connection.execute("SELECT device, states FROM last").fetchall()
        return {device: Last(json.loads(states)) for device, states in found}

    def facts(self) -> list[tuple[str, bytes]]:
        with self._lock:
            return [(topic, bytes(payload)) for topic, payload in self._connection.execute("SELECT * FROM facts")]

    def knows(self, topic: str, payload: bytes) -> bool:
        with self._lock:
            found = self._connection.execute("SELECT payload FROM facts WHERE topic = ?", (topic,)).fetchone()
        return found is not None and bytes(found[0]) == payload

    def keep(self, device: str, states: Mapping[str, str]) -> None:
        with self._lock, self._connection:
            self._connection.execute("REPLACE INTO last VALUES (?, ?)", (device, json.dumps(states)))

    def keep_fact(self, topic: str, payload: bytes) -> None:
        with self._lock, self._connection:
            if payload:
                self._connection.execute("REPLACE INTO facts VALUES (?, ?)", (topic, payload))
            else:
                self._connection.execute("DELETE FROM facts WHERE topic = ?", (topic,))

    def overlay(self) -> Overlay:
        """As it was kept last; empty where there is none, or none that can be read."""
        with self._lock:
            found = self._connection.execute("SELECT body FROM overlay").fetchone()
        try:
            return Overlay.load(json.loads(found[0])) if found is not None else Overlay()
        except (ValueError, KeyError, TypeError) as fault:
            log.error("mqtt_overlay_forgotten", reason=str(fault))
            return Overlay()

    def keep_overlay(self, overlay: Overlay) -> None:
        with self._lock, self._connection:
            self._connection.execute("REPLACE INTO overlay VALUES (1, ?)", (json.dumps(overlay.dump()),))


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(TABLES)
        connection.execute("SELECT count(*) FROM last").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection
