"""What this centre says to an Asterisk by its Manager Interface: the end of a call, asked for until it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime

from dispatch.domain.calls import CallReport
from dispatch.domain.errors import Unavailable
from dispatch.domain.messages import Report
from dispatch.gateways.pbx.ami import Access, Manager
from dispatch.gateways.pbx.door import Seen
from dispatch.gateways.pbx.following import Exchange
from dispatch.gateways.pbx.wire import Packet

WITHIN = 60


class Door:
    def __init__(self, *wanted: str) -> None:
        self.wanted = list(wanted)
        self.away = 0

    async def open_calls(self) -> list[str]:
        return []

    async def call(self, report: CallReport) -> None: ...

    async def heard(self, report: Report) -> None: ...

    async def text_of(self, channel: str) -> str | None:
        return None

    async def to_end(self) -> list[str]:
        if self.away:
            self.away -= 1
            raise Unavailable
        return self.wanted

    async def seen(self, seen: Seen, at: datetime) -> None: ...


class Asterisk:
    """Says what it is told to after the login, and keeps what it is asked to hang up."""

    def __init__(self, *events: str) -> None:
        self.events = events
        self.asked: asyncio.Queue[str] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/5.0.2\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                asked = (await reader.readuntil(b"\r\n\r\n")).decode()
                if "Action: Login" in asked:
                    writer.write(b"Response: Success\r\nActionID: login\r\n\r\n")
                    writer.write("".join(f"{event}\r\n\r\n" for event in self.events).encode())
                elif "Action: Hangup" in asked:
                    self.asked.put_nowait(asked)
        writer.close()


async def asked_of(asterisk: Asterisk, door: Door, exchange: Exchange | None = None) -> str:
    """The first thing that it is asked to hang up."""
    server = await asyncio.start_server(asterisk.serve, "127.0.0.1", 0)
    access = Access("127.0.0.1", server.sockets[0].getsockname()[1], "dispatch", "secret")
    following = asyncio.create_task(Manager(access, exchange or Exchange((), r"/(\d+)"), door).follow(lambda: None))
    try:
        async with asyncio.timeout(WITHIN):
            return await asterisk.asked.get()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        server.close()
        await server.wait_closed()


def waits(linked: str) -> str:
    return f"Event: QueueCallerJoin\r\nQueue: hotline\r\nLinkedid: {linked}\r\nCallerIDNum: 13800001000"


def test_the_channel_of_the_caller_is_hung_up_and_that_of_nobody_else() -> None:
    asterisk = Asterisk(waits("7.1"), waits("8.1"))
    asked = asyncio.run(asked_of(asterisk, Door("asterisk:9.1", "asterisk:8.1")))
    assert "Channel: 8.1\r\n" in asked


class Stumbling(Exchange):
    """Fails at the calls of one queue."""

    def hear(self, event: Packet, at: datetime) -> Sequence[CallReport | Report]:
        if event.get("Queue") == "poison":
            raise AttributeError("'int' object has no attribute 'items'")
        return super().hear(event, at)


def test_an_event_that_we_fail_at_ends_no_other_call() -> None:
    asterisk = Asterisk("Event: QueueCallerJoin\r\nQueue: poison", waits("7.1"))
    asked = asyncio.run(asked_of(asterisk, Door("asterisk:7.1"), Stumbling((), r"/(\d+)")))
    assert "Channel: 7.1\r\n" in asked


def test_a_database_that_is_away_is_asked_again() -> None:
    door = Door("asterisk:7.1")
    door.away = 2
    assert "Channel: 7.1\r\n" in asyncio.run(asked_of(Asterisk(waits("7.1")), door))
