"""Socket.IO namespace ``/console``: who may listen, and in which room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask, request
from flask_socketio import ConnectionRefusedError as Refused
from flask_socketio import SocketIO, join_room

from dispatch.api.context import actor, centre, tokens, visit
from dispatch.domain.actor import Sight, require
from dispatch.domain.errors import DispatchError
from dispatch.domain.permissions import May
from dispatch.services.access.sessions import still_open
from dispatch.services.centre import Centre

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


class Listeners:
    """The consoles that listen, by the session they came with. A session that has ended listens no longer."""

    def __init__(self) -> None:
        self._session_of: dict[str, int] = {}

    def add(self, sid: str, session_id: int) -> None:
        self._session_of[sid] = session_id

    def forget(self, sid: str) -> None:
        self._session_of.pop(sid, None)

    def dismiss(self, centre_: Centre, socketio: SocketIO, now_: datetime) -> None:
        """Send away those whose session has ended; the console then asks for a new sign-in."""
        listening = dict(self._session_of)
        if not listening:
            return
        still = still_open(centre_, set(listening.values()), now_)
        for sid, session_id in listening.items():
            if session_id not in still:
                socketio.server.disconnect(sid, namespace=NAMESPACE)
                self.forget(sid)


def create_socketio(app: Flask, rooms: Rooms, listeners: Listeners) -> SocketIO:
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
            come = None if isinstance(token, str) else visit()
            found = tokens.actor(centre(), token) if isinstance(token, str) else actor()
            require(found, May.CASES_READ)
        except DispatchError as error:
            raise Refused(error.code) from None
        sid = request.sid  # type: ignore[attr-defined]
        join_room(rooms.room(found.sight), sid)
        if come is not None:
            listeners.add(sid, come.id)

    def on_disconnect(*_reason: Any) -> None:
        listeners.forget(request.sid)  # type: ignore[attr-defined]

    socketio.on_event("connect", on_connect, namespace=NAMESPACE)
    socketio.on_event("disconnect", on_disconnect, namespace=NAMESPACE)
    return socketio
