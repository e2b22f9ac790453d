"""Whatever comes from outside: it is understood or kept, and answered or not, and nothing ends the listener.

A protocol with a socket is found by its name in ``bootstrap.gateway.LISTENERS``: the listener's own talk is driven,
over a corridor that stores nothing, so a fault in the reading, in the answering and in the treatment is found alike.
The others are those of ``fuzz_readers``. What is tried begins as the files of ``tests/corpus/<protocol>``, where also
lies what once broke it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from dispatch.bootstrap import gateway
from dispatch.domain.listening import Setup, load_setups
from dispatch.gateways import sockets
from dispatch.gateways.dc09 import cipher, frames
from dispatch.gateways.frame import Corridor, Message, Outcome
from dispatch.gateways.sockets import MakeTalk, Reply, Talk
from dispatch.settings import ROOT, read_yaml
from dispatch.workers.corridor import incoming_of, unusable
from tests.support import fuzz_readers

CORPUS = ROOT / "tests" / "corpus"
LARGEST = 4096
KEY = "0123456789abcdef"
SECRETS = {"dc09": {"2222": KEY}, "sos_access": {"": "123456789012345", "key": "a-long-key-of-the-centre"}}
READERS: Mapping[str, Callable[[], Callable[[bytes], None]]] = {
    "ami": fuzz_readers.Manager,
    "mqtt": fuzz_readers.Broker,
    "webhooks": fuzz_readers.Clouds,
}
PROTOCOLS = sorted({*gateway.LISTENERS, *READERS})


class Nowhere:
    """Implements ``Corridor``: takes all, forgets all, and is as strict as the real one about what it is given."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    async def take(self, source: str, raw: bytes, messages: Sequence[Message], at: datetime) -> Outcome:
        assert raw
        for message in messages:
            assert isinstance(message.device, str)
            if not unusable(message):
                made = incoming_of(source, raw, message, at)
                assert made.occurred_at is None or made.occurred_at.tzinfo is not None
                repr(made.data).encode()
        return self._outcome

    async def unreadable(
        self, source: str, raw: bytes, reason: str, at: datetime, about: Mapping[str, str] | None = None
    ) -> Outcome:
        assert raw
        assert reason
        reason.encode()
        return Outcome.STORED

    def connected(self, more: int) -> None: ...

    def at_work(self, where: str) -> None: ...

    def interrupted(self, reason: str) -> None: ...


def maker(protocol: str, corridor: Corridor) -> MakeTalk:
    """The way in which the listener of ``protocol`` makes its talks."""
    setup = next(
        s for s in load_setups(read_yaml(ROOT / "config" / "gateways.yaml")).values() if s.protocol == protocol
    )
    setup = Setup(**{**vars(setup), "secrets": SECRETS.get(protocol, {})})
    module, _, name = gateway.LISTENERS[protocol].partition(":")
    found: list[MakeTalk] = []

    async def serve(_where: Any, _corridor: Any, make: MakeTalk) -> None:
        found.append(make)

    at: Any = import_module(module)
    names = [each for each in ("serve_tcp", "serve_udp") if hasattr(at, each)]
    try:
        for each in names:
            setattr(at, each, serve)
        asyncio.run(getattr(at, name)(setup).run(corridor))
    finally:
        for each in names:
            setattr(at, each, getattr(sockets, each))
    return found[0]


class Target:
    """Call it with what a peer sends; it raises what the gateway would have raised."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self._try = READERS[protocol]() if protocol in READERS else Listening(protocol)

    def __call__(self, data: bytes) -> None:
        self._try(data)

    def close(self) -> None:
        if isinstance(self._try, Listening):
            self._try.close()


class Listening:
    """What has a socket of its own."""

    def __init__(self, protocol: str) -> None:
        self._name = protocol
        self._makers = [maker(protocol, Nowhere(outcome)) for outcome in Outcome]
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        self._loop.close()

    def __call__(self, data: bytes) -> None:
        make = self._makers[len(data) % len(self._makers)]
        # Once whole, once in two pieces: no cut may depend on how the network cuts.
        for pieces in ((data,), (data[: len(data) // 2], data[len(data) // 2 :])):
            self._loop.run_until_complete(_hear(make(f"{self._name} 192.0.2.1"), pieces))


async def _hear(talk: Talk, pieces: Sequence[bytes]) -> None:
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        left = len(buffer) + 1
        while (message := talk.cut(buffer)) is not None:
            assert len(buffer) < left, "a message that takes nothing away is found for ever"
            left = len(buffer)
            reply = await talk.heard(message)
            assert isinstance(reply, Reply)
            if reply.close:
                return


def corpus(protocol: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / protocol).iterdir())]


def keep(protocol: str, data: bytes) -> Path:
    path = CORPUS / protocol / f"broke-{random.getrandbits(32):08x}.bin"
    path.write_bytes(data)
    return path


NUMBERS = re.compile(rb"\d+")
PIECES = (
    b"",
    b"\0",
    b"\r",
    b"\n",
    b"\xff",
    b"[",
    b"]",
    b"|",
    b"<",
    b">",
    b'"',
    b"_",
    b",",
    b"#",
    b"&",
    b"-1",
    b"9" * 30,
    b"nan",
)


def mutated(chance: random.Random, seeds: Sequence[bytes], protocol: str) -> bytes:
    """One of ``seeds``, changed in some places, and mended so that it is read and not only refused."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        _change(chance, data, seeds)
    mend = MENDED.get(protocol)
    made = mend(chance, bytes(data[:LARGEST])) if mend is not None and chance.random() < 0.8 else bytes(data[:LARGEST])
    return made or b"\0"


def _change(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = chance.randint(0, len(data))
    match chance.randint(0, 6):
        case 0:
            data[at : at + 1] = bytes([chance.randint(0, 255)])
        case 1:
            data[at:at] = chance.choice(PIECES)
        case 2:
            del data[at : at + chance.randint(1, 12)]
        case 3:
            other = chance.choice(seeds)
            begin = chance.randint(0, len(other))
            data[at:at] = other[begin : begin + chance.randint(1, 60)]
        case 4:
            data[at:at] = data[at : at + chance.randint(1, 40)]
        case 5:
            found = list(NUMBERS.finditer(data))
            if found:
                number = chance.choice(found)
                data[number.start() : number.end()] = b"%d" % chance.choice((0, 1, 9, 99, 255, 65536, 2**31, 10**25))
        case 6 if chance.random() < 0.2:
            del data[at:]


def _dc09(chance: random.Random, data: bytes) -> bytes:
    """With the right checksum, now and then encrypted: nobody gets further without."""
    body = data[data.find(b'"') :].removesuffix(b"\r").decode("latin-1")
    if chance.random() < 0.3:
        head, bracket, inside = body.partition("[")
        with suppress(ValueError):
            body = f'"*SIA-DCS"{head[-12:]}#2222{bracket}{cipher.sealed(inside, cipher.key_of(KEY))}'
    return frames.written(body, binary=chance.random() < 0.2)


MENDED: dict[str, Callable[[random.Random, bytes], bytes]] = {"dc09": _dc09}
