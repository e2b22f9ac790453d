"""Out to the operators' consoles: what changed, and that we live."""

from __future__ import annotations

from typing import Any, Protocol


class Emitter(Protocol):
    def emit(self, event: str, data: Any, **options: Any) -> None: ...


class ConsoleGateway:
    """Emits to the consoles that are connected to this process; each web process has its own.

    A push is a hint: a console that misses one sees the gap in the numbers and reads the stream back over HTTP.
    """

    def __init__(self, emitter: Emitter, namespace: str) -> None:
        self._emitter = emitter
        self._namespace = namespace

    def live(self, room: str, payload: dict[str, Any]) -> None:
        self._emitter.emit("live", payload, to=room, namespace=self._namespace)

    def beat(self, payload: dict[str, Any]) -> None:
        self._emitter.emit("beat", payload, namespace=self._namespace)
