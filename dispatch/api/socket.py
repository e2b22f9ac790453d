"""Socket.IO namespace ``/console``: who may listen, and in which room."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import SocketIO, join_room

from dispatch.api.context import centre, person, tokens
from dispatch.domain.actor import Sight, require
from dispatch.domain.errors import DispatchError
from dispatch.domain.permissions import May

NAMESPACE = "/console"


class Rooms:
    """One room for each set of areas; operators of the same areas share one."""

    def __init__(self) -> None:
        self._sights: dict[str, Sight] = {}

    def room(self, sight: Sight) -> str:
        name = f"areas:{'*' if sight.unplaced else ''}:{','.join(sight.paths)}"
        self._sights[name] = sight
        return name

    def all(self) -> list[tuple[str, Sight]]:
        return list(self._sights.items())


def create_socketio(app: Flask, rooms: Rooms) -> SocketIO:
    socketio = SocketIO(
        app,
        async_mode="threading",
        ping_interval=5,
        ping_timeout=5,
        manage_session=False,
        max_http_buffer_size=64 * 1024,
    )

    def on_connect(auth: Any = None) -> None:
        try:
            token = auth.get("token") if isinstance(auth, dict) else None
            actor = tokens.actor(centre(), token) if isinstance(token, str) else person().actor
            require(actor, May.CASES_READ)
        except DispatchError as error:
            raise Refused(error.code) from None
        join_room(rooms.room(actor.sight), request.sid)  # type: ignore[attr-defined]

    socketio.on_event("connect", on_connect, namespace=NAMESPACE)
    return socketio
