"""The events of an Asterisk as its REST interface sends them: JSON over a WebSocket, from connection to its end."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

PATIENCE = 10.0
ASK = 5.0
SILENT = 16.0
"""Seconds without a byte, and three questions unanswered."""
MOST = 1024 * 1024
CHUNK = 64 * 1024


async def events(base: str, app: str, user: str, secret: str) -> AsyncIterator[dict[str, Any]]:
    """Everything that the application hears; an empty one first, as soon as it is registered.

    Raises ``OSError`` when the connection cannot be had, or has ended.
    """
    url = urlsplit(base)
    tls = ssl.create_default_context() if url.scheme == "https" else None
    port = url.port or (443 if tls else 80)
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(url.hostname, port, ssl=tls)
    except TimeoutError as error:
        raise ConnectionError("the exchange does not answer") from error
    try:
        socket = WSConnection(ConnectionType.CLIENT)
        key = base64.b64encode(f"{user}:{secret}".encode()).decode()
        asked = Request(
            host=f"{url.hostname}:{port}",
            target=f"{url.path.rstrip('/')}/ari/events?{urlencode({'app': app})}",
            extra_headers=[(b"Authorization", f"Basic {key}".encode())],
        )
        writer.write(socket.send(asked))
        asking = asyncio.create_task(_ask(socket, writer))
        try:
            async for event in _read(socket, reader, writer):
                yield event
        finally:
            asking.cancel()
    except (LocalProtocolError, RemoteProtocolError) as error:
        raise ConnectionError(f"the exchange breaks the rules of a WebSocket: {error}") from error
    finally:
        writer.close()


async def _ask(socket: WSConnection, writer: asyncio.StreamWriter) -> None:
    """Asterisk may have nothing to say for hours; that it is there it says when asked."""
    while True:
        await asyncio.sleep(ASK)
        writer.write(socket.send(Ping()))


async def _read(
    socket: WSConnection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[dict[str, Any]]:
    text = ""
    while True:
        try:
            async with asyncio.timeout(SILENT):
                data = await reader.read(CHUNK)
        except TimeoutError as error:
            raise ConnectionError("the exchange has fallen silent") from error
        if not data:
            raise ConnectionError("the exchange has closed the connection")
        socket.receive_data(data)
        for event in socket.events():
            if isinstance(event, AcceptConnection):
                yield {}
            elif isinstance(event, TextMessage):
                text += event.data
                if len(text) > MOST:
                    raise ConnectionError(f"an event of more than {MOST} characters")
                if event.message_finished:
                    whole, text = text, ""
                    yield _event(whole)
            else:
                _answer(socket, writer, event)


def _answer(socket: WSConnection, writer: asyncio.StreamWriter, event: Event) -> None:
    if isinstance(event, Ping):
        writer.write(socket.send(event.response()))
    elif isinstance(event, RejectConnection | RejectData):
        raise ConnectionError(f"the exchange refuses: {getattr(event, 'status_code', 'it speaks no WebSocket')}")
    elif isinstance(event, CloseConnection | BytesMessage):
        raise ConnectionError("the exchange has ended the events")


def _event(text: str) -> dict[str, Any]:
    """An empty one for what is no event."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
