"""A protocol of the tests' own: ``number kind event`` in a line; the real gateway process runs it.

``python -m tests.support.fake_protocol gateway`` is `dispatch gateway` with this protocol among its own. The answer is
a word and the event: ``ACK``, ``DUP``, ``WHO`` or ``NAK``.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from dispatch.bootstrap import gateway
from dispatch.cli.main import main
from dispatch.domain.listening import Setup
from dispatch.domain.signals import SignalKind
from dispatch.gateways.frame import Corridor, Message, Outcome
from dispatch.gateways.sockets import Limits, Reply, Where, serve_tcp, serve_udp

WORDS = {Outcome.STORED: "ACK", Outcome.DUPLICATE: "DUP", Outcome.UNKNOWN: "WHO", Outcome.NOT_TREATED: "NAK"}
DEFAULTS = {"udp": False, "message": 200, "connections": 64, "of_a_peer": 48, "idle": 30.0, "within": 1.0}
CONFIG = """
fake: {on: true, host: 127.0.0.1, port: 0}
"""


class FakeTalk:
    def __init__(self, corridor: Corridor, source: str) -> None:
        self._corridor = corridor
        self._source = source

    def cut(self, buffer: bytearray) -> bytes | None:
        end = buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(buffer[: end + 1])
        del buffer[: end + 1]
        return line

    async def heard(self, message: bytes) -> Reply:
        now = datetime.now(UTC)
        if message == b"crash\n":
            raise RuntimeError("asked to crash")
        words = message.decode("utf-8", "replace").split()
        try:
            device, kind, event = words[0], SignalKind(words[1]), words[2]
            data = {"battery": int(words[3])} if len(words) > 3 else {}
        except (IndexError, ValueError):
            await self._corridor.unreadable(self._source, message, "not three words", now)
            return Reply(b"NAK\n")
        said = Message(device, kind, None if event == "-" else event, data=data)
        outcome = await self._corridor.take(self._source, message, [said], now)
        return Reply(f"{WORDS[outcome]} {event}\n".encode())


class FakeListener:
    def __init__(self, setup: Setup) -> None:
        options = setup.chosen(DEFAULTS)
        self._serve = serve_udp if options.pop("udp") else serve_tcp
        self._where = Where("fake", setup.host, setup.port, Limits(**options))

    async def run(self, corridor: Corridor) -> None:
        await self._serve(self._where, corridor, lambda source: FakeTalk(corridor, source))


class Crashing:
    """Ends at once, each time."""

    def __init__(self, setup: Setup) -> None:
        pass

    async def run(self, corridor: Corridor) -> None:
        await asyncio.sleep(0)
        raise ValueError("it is broken")


if __name__ == "__main__":
    gateway.LISTENERS = {
        "fake": "tests.support.fake_protocol:FakeListener",
        "crashing": "tests.support.fake_protocol:Crashing",
    }
    main(sys.argv[1:])
