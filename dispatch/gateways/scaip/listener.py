"""Telecare units over SIP: UDP, TCP and TLS, answered when their alarm is stored."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.domain.listening import Setup, Unknown
from dispatch.gateways import tls
from dispatch.gateways.copies import Copies
from dispatch.gateways.frame import Corridor, Message, Outcome
from dispatch.gateways.scaip import codes, mrq, sip
from dispatch.gateways.scaip.mrq import Asked, Voice
from dispatch.gateways.sockets import SILENCE, Limits, MakeTalk, Reply, Where, serve_tcp, serve_udp

OPTIONS: Mapping[str, Any] = {
    "answers": "body",
    "voice": False,
    "voice_number": "",
    "heartbeat_interval": "",
    **tls.OPTIONS,
}
LARGEST = 16 * 1024
SAME_WITHIN = timedelta(minutes=5)
UNANSWERED = frozenset({sip.AN_ANSWER, "ACK"})
STATUS = {"OPTIONS": 200, "CANCEL": 481}


@dataclass(frozen=True)
class Manner:
    """How this listener answers."""

    apart: bool
    """By a MESSAGE of our own instead of the body of the 200."""
    voice: Voice
    interval: str
    unknown: Unknown


class ScaipListener:
    def __init__(self, setup: Setup) -> None:
        options = setup.chosen(OPTIONS)
        if options["answers"] not in ("body", "message"):
            raise ValueError(f"answers is body or message, and not {options['answers']!r}")
        voice = Voice(options["voice"], options["voice_number"])
        self._manner = Manner(options["answers"] == "message", voice, options["heartbeat_interval"], setup.unknown)
        self._where = Where("scaip", setup.host, setup.port, Limits(message=LARGEST))
        self._tls_port = options["tls_port"]
        self._tls = tls.context_of(options)
        self._copies = Copies(SAME_WITHIN)

    async def run(self, corridor: Corridor) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(serve_udp(self._where, corridor, self._maker("UDP", corridor)))
            group.create_task(serve_tcp(self._where, corridor, self._maker("TCP", corridor)))
            if self._tls is not None:
                where = replace(self._where, port=self._tls_port, tls=self._tls)
                group.create_task(serve_tcp(where, corridor, self._maker("TLS", corridor)))

    def _maker(self, transport: str, corridor: Corridor) -> MakeTalk:
        return lambda source: ScaipTalk(source, transport, corridor, Common(self._manner, self._copies))


@dataclass(frozen=True)
class Common:
    manner: Manner
    copies: Copies


class ScaipTalk:
    """One connection, or the datagrams of one peer."""

    def __init__(self, source: str, transport: str, corridor: Corridor, common: Common) -> None:
        self._source = source
        self._peer = source.partition(" ")[2]
        self._transport = transport
        self._corridor = corridor
        self._manner = common.manner
        self._copies = common.copies

    def cut(self, buffer: bytearray) -> bytes | None:
        if not buffer:
            return None
        try:
            size = len(buffer) if self._transport == "UDP" else sip.cut(bytes(buffer))
        except sip.NotSip:
            size = len(buffer)
        if size is None or size > LARGEST:
            return None
        message = bytes(buffer[:size])
        del buffer[:size]
        return message

    async def heard(self, message: bytes) -> Reply:
        at = datetime.now(UTC)
        if not message.strip(b"\r\n\0 "):
            return Reply(sip.PONG) if message == sip.PING else SILENCE
        try:
            request = sip.parse(message)
        except sip.NotSip as error:
            return await self._refuse(message, str(error), at)
        if request.method in UNANSWERED:
            return SILENCE
        if request.missing:
            reply = await self._refuse(message, f"without {', '.join(request.missing)}", at)
            return replace(reply, data=self._plain(request, 400).data)
        if request.method == "MESSAGE":
            return await self._message(request, message, at)
        return self._plain(request, STATUS.get(request.method, 405))

    async def _refuse(self, message: bytes, reason: str, at: datetime) -> Reply:
        """In a stream nobody knows where the next message begins."""
        await self._corridor.unreadable(self._source, message, reason, at)
        return Reply(close=self._transport != "UDP")

    def _plain(self, request: sip.Request, status: int) -> Reply:
        return Reply(sip.answer(request, status, self._peer))

    async def _message(self, request: sip.Request, raw: bytes, at: datetime) -> Reply:
        if mrq.KIND not in request.one("content-type").lower() and b"<mrq" not in request.body:
            if b"<mrs" not in request.body:
                await self._corridor.unreadable(self._source, raw, "a MESSAGE that is no SCAIP", at)
            return self._plain(request, 415)
        asked = mrq.read(request.body, request.caller)
        status = await self._store(asked, request, raw, at)
        body = mrq.answered(asked, status, self._manner.voice, self._manner.interval)
        if not self._manner.apart:
            return Reply(sip.answer(request, 200, self._peer, body, mrq.KIND))
        branch = hashlib.sha256(request.one("call-id").encode() + body).hexdigest()[:24]
        way = sip.Way(self._transport, self._peer, branch)
        return Reply(sip.answer(request, 202, self._peer), also=sip.message_back(request, way, body, mrq.KIND))

    async def _store(self, asked: Asked, request: sip.Request, raw: bytes, at: datetime) -> str:
        """The status number that is true now."""
        if asked.message is None:
            outcome = await self._corridor.unreadable(self._source, raw, asked.reason, at)
        else:
            outcome = await self._corridor.take(self._source, raw, [self._named(asked, request, at)], at)
        if outcome is Outcome.NOT_TREATED:
            return codes.NOT_TREATED
        if outcome is Outcome.UNKNOWN and self._manner.unknown is Unknown.REFUSE:
            return codes.NOT_TREATED
        return asked.status

    def _named(self, asked: Asked, request: sip.Request, at: datetime) -> Message:
        """Sent again, it has the same Call-ID (by SIP) or at least the same reference and words (by the unit)."""
        message = asked.message
        assert message is not None
        call = hashlib.sha256(request.one("call-id").encode() + request.body).hexdigest()[:24]
        if not asked.ref:
            return replace(message, event_id=call)
        words = hashlib.sha256(request.body).digest()
        return replace(
            message, event_id=self._copies.name((message.device, asked.ref, words), f"{asked.ref}:{call}", at)
        )
