"""TCP and UDP servers for protocols of lines and frames: limits, time-outs and an orderly end in one place.

For whoever writes such a protocol: give ``serve_tcp`` or ``serve_udp`` a way to make a ``Talk`` for each peer. ``cut``
takes one whole message off the front of what has come so far, ``heard`` treats it and says what goes back. One message
of a peer is treated after the other, so a flood of one peer waits for itself alone. What is too long, comes too slowly
or ends in the middle is kept by ``corridor.unreadable`` and the connection closed; a message that ``heard`` fails at is
logged, and costs that connection alone. Both functions serve until they are cancelled and raise ``OSError`` where the
port cannot be had; both may run beside each other in an ``asyncio.TaskGroup``.

A ``Talk`` lives as long as its connection, or for UDP as long as its peer is busy: it may remember who speaks.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

import structlog

from dispatch.gateways.frame import OURS, Corridor

log = structlog.get_logger()
READ = 16 * 1024
SAY = 60.0
"""Seconds between two lines of log about the same limit: whoever floods us must not fill the disk by it."""


@dataclass(frozen=True)
class Limits:
    message: int = 16 * 1024
    """Bytes of one message."""
    connections: int = 4096
    of_a_peer: int = 1024
    """Connections, or datagrams that wait, of one address: a proxy speaks for many homes."""
    idle: float = 600.0
    """Seconds in which nothing comes between two messages."""
    within: float = 20.0
    """Seconds in which a message that has begun must be whole, and an answer be taken."""


@dataclass(frozen=True)
class Reply:
    data: bytes = b""
    close: bool = False
    also: bytes = b""
    """A second message; where there are datagrams, one of its own."""


SILENCE = Reply()


class Talk(Protocol):
    def cut(self, buffer: bytearray) -> bytes | None:
        """Take one whole message off the front, with what stands before it; None: it is not whole yet."""

    async def heard(self, message: bytes) -> Reply:
        """Treat one message; the answer, after the corridor has taken it."""


MakeTalk = Callable[[str], Talk]
"""By the source of its peer, as the corridor wants it: ``dc09 10.0.0.7``."""


@dataclass
class Where:
    """Where a server listens and for whom."""

    protocol: str
    host: str
    port: int
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None


async def _heard(talk: Talk, message: bytes, corridor: Corridor, source: str) -> Reply:
    """What a fault of ours ends stays unanswered, so that it is sent elsewhere; an operator sees it nevertheless."""
    try:
        return await talk.heard(message)
    except Exception:
        await corridor.unreadable(source, message, OURS, datetime.now(UTC))
        raise


class Said:
    """What was logged lately, so that it is not logged a thousand times."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def __call__(self, event: str, **values: object) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._last.get(event, -SAY) >= SAY:
            self._last[event] = now
            log.warning(event, **values)


async def serve_tcp(where: Where, corridor: Corridor, make: MakeTalk) -> None:
    server = _Connections(where, corridor, make)
    listening = await asyncio.start_server(
        server.accept, where.host, where.port, ssl=where.tls, limit=2 * READ, backlog=512
    )
    corridor.connected(0)
    corridor.at_work(_addresses("tcp" if where.tls is None else "tls", listening.sockets))
    try:
        await listening.serve_forever()
    finally:
        listening.close()
        await server.close()


def _addresses(kind: str, sockets: object) -> str:
    names = [one.getsockname() for one in sockets]  # type: ignore[attr-defined]
    return ", ".join(f"{kind} {name[0]}:{name[1]}" for name in names)


class _Connections:
    def __init__(self, where: Where, corridor: Corridor, make: MakeTalk) -> None:
        self._where = where
        self._limits = where.limits
        self._corridor = corridor
        self._make = make
        self._of_peer: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._said = Said()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("?",))[0])
        task = asyncio.current_task()
        assert task is not None
        if len(self._tasks) >= self._limits.connections or self._of_peer[peer] >= self._limits.of_a_peer:
            self._said("too_many_connections", protocol=self._where.protocol, open=len(self._tasks))
            writer.transport.abort()
            return
        self._tasks.add(task)
        self._of_peer[peer] += 1
        self._corridor.connected(1)
        try:
            await self._talk(reader, writer, f"{self._where.protocol} {peer}")
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # the peer has gone, or we go; to raise it here would only be printed
        except Exception:
            log.exception("connection_failed", protocol=self._where.protocol)
        finally:
            self._tasks.discard(task)
            self._corridor.connected(-1)
            self._of_peer[peer] -= 1
            if not self._of_peer[peer]:
                del self._of_peer[peer]
            writer.close()

    async def close(self) -> None:
        """Whoever is being answered gets a moment for it."""
        tasks = list(self._tasks)
        if not tasks:
            return
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=2)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: str) -> None:
        talk, buffer = self._make(source), bytearray()
        whole_by: float | None = None
        while True:
            chunk = await self._read(reader, whole_by)
            before = len(buffer)
            buffer += chunk or b""
            if not await self._treat(talk, buffer, writer, source):
                return
            if fault := self._fault(chunk, buffer):
                await self._keep(source, buffer, fault)
            if fault or not chunk:
                return
            if not buffer:
                whole_by = None
            elif whole_by is None or len(buffer) < before + len(chunk):  # another message has begun
                whole_by = asyncio.get_running_loop().time() + self._limits.within

    async def _treat(self, talk: Talk, buffer: bytearray, writer: asyncio.StreamWriter, source: str) -> bool:
        """All whole messages, one after the other; False: the connection ends."""
        while (message := talk.cut(buffer)) is not None:
            reply = await _heard(talk, message, self._corridor, source)
            if reply.data:
                writer.write(reply.data)
                async with asyncio.timeout(self._limits.within):
                    await writer.drain()
            if reply.close:
                return False
        return True

    def _fault(self, chunk: bytes | None, buffer: bytearray) -> str:
        """What is wrong with the message that is not whole, if anything is."""
        if len(buffer) > self._limits.message:
            return f"longer than {self._limits.message} bytes"
        if not buffer or chunk:
            return ""
        return "it did not come to its end in time" if chunk is None else "it was cut off"

    async def _read(self, reader: asyncio.StreamReader, whole_by: float | None) -> bytes | None:
        """None: too late. Empty: the peer has finished."""
        loop = asyncio.get_running_loop()
        until = whole_by if whole_by is not None else loop.time() + self._limits.idle
        try:
            async with asyncio.timeout_at(until):
                return await reader.read(READ)
        except TimeoutError:
            return None

    async def _keep(self, source: str, buffer: bytearray, reason: str) -> None:
        self._said("message_not_whole", protocol=self._where.protocol, reason=reason)
        await self._corridor.unreadable(source, bytes(buffer), reason, datetime.now(UTC))


async def serve_udp(where: Where, corridor: Corridor, make: MakeTalk) -> None:
    loop = asyncio.get_running_loop()
    transport, datagrams = await loop.create_datagram_endpoint(
        lambda: _Datagrams(where, corridor, make), local_addr=(where.host, where.port)
    )
    name = transport.get_extra_info("sockname")
    corridor.at_work(f"udp {name[0]}:{name[1]}")
    try:
        await loop.create_future()
    finally:
        transport.close()
        await datagrams.close()


class _Datagrams(asyncio.DatagramProtocol):
    """Datagrams of one address one after the other, those of several beside each other."""

    def __init__(self, where: Where, corridor: Corridor, make: MakeTalk) -> None:
        self._where = where
        self._limits = where.limits
        self._corridor = corridor
        self._make = make
        self._waiting: dict[tuple[str, int], deque[bytes]] = {}
        self._of_peer: Counter[str] = Counter()
        self._held = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.DatagramTransport | None = None
        self._said = Said()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._of_peer[addr[0]] >= self._limits.of_a_peer or self._held >= self._limits.connections:
            self._said("too_many_datagrams", protocol=self._where.protocol)
            return  # unanswered, so it is sent again
        self._of_peer[addr[0]] += 1
        self._held += 1
        if addr in self._waiting:
            self._waiting[addr].append(data)
            return
        self._waiting[addr] = deque([data])
        task = asyncio.get_running_loop().create_task(self._treat(addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _treat(self, addr: tuple[str, int]) -> None:
        source = f"{self._where.protocol} {addr[0]}"
        waiting = self._waiting[addr]
        try:
            talk = self._make(source)
            while waiting:
                data = waiting.popleft()
                try:
                    await self._treat_one(talk, source, data, addr)
                except OSError:
                    pass  # it cannot be answered any more
                except Exception:
                    log.exception("datagram_failed", protocol=self._where.protocol)
                finally:
                    self._leave(addr[0])
        finally:
            for _ in waiting:
                self._leave(addr[0])
            del self._waiting[addr]

    def _leave(self, peer: str) -> None:
        self._held -= 1
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]

    async def _treat_one(self, talk: Talk, source: str, data: bytes, addr: tuple[str, int]) -> None:
        buffer = bytearray(data)
        if len(buffer) > self._limits.message:
            await self._corridor.unreadable(
                source, data, f"longer than {self._limits.message} bytes", datetime.now(UTC)
            )
            return
        while (message := talk.cut(buffer)) is not None:
            reply = await _heard(talk, message, self._corridor, source)
            for each in filter(None, (reply.data, reply.also)):
                if self._transport is not None:
                    self._transport.sendto(each, addr)
        if buffer:
            await self._corridor.unreadable(source, data, "the datagram is not a whole message", datetime.now(UTC))

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2)
