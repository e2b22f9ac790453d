"""SIA DC-09 over TCP and UDP: answered when stored, encrypted as asked, with our time where the sender's is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from dispatch.domain.listening import Setup, Unknown
from dispatch.domain.signals import SignalKind
from dispatch.gateways.copies import Copies
from dispatch.gateways.dc09 import cipher, content, frames
from dispatch.gateways.dc09.content import Content
from dispatch.gateways.dc09.frames import Frame, Unreadable
from dispatch.gateways.frame import Corridor, Message, Outcome
from dispatch.gateways.sockets import SILENCE, Limits, Reply, Said, Where, serve_tcp, serve_udp

log = structlog.get_logger()
OPTIONS: Mapping[str, Any] = {
    "number": "{account}",
    "strict_length": False,
    "clock_behind": 40.0,
    "clock_ahead": 20.0,
    "refusal": "nak",
    "same_within": 300.0,
    "connections": 4096,
    "of_a_peer": 1024,
    "idle": 1200.0,
}
OPEN_ENDS = 16
"""How often what has come is looked at for a frame without an end: each look costs its whole length."""
ALIVE = b"\x06"


@dataclass(frozen=True)
class Manner:
    """How this listener reads and answers."""

    keys: Mapping[str, bytes]
    number: str
    strict_length: bool
    behind: timedelta
    ahead: timedelta
    refusal: str
    unknown: Unknown
    copies: Copies
    corrected: Copies
    """Accounts that were told the time: what they send within the next minutes is taken, however their clock is."""
    said: Said = field(default_factory=Said)


class Dc09Listener:
    def __init__(self, setup: Setup) -> None:
        options = setup.chosen(OPTIONS)
        if options["refusal"] not in ("nak", "silence"):
            raise ValueError(f"refusal is nak or silence, and not {options['refusal']!r}")
        try:
            options["number"].format(account="1", zone="1", line="1", receiver="1")
        except (KeyError, IndexError, ValueError):
            raise ValueError("number is made of {account}, {zone}, {line} and {receiver}") from None
        within = timedelta(seconds=options["same_within"])
        self._manner = Manner(
            keys=cipher.keys_of(setup.secrets),
            number=options["number"],
            strict_length=options["strict_length"],
            behind=timedelta(seconds=options["clock_behind"]),
            ahead=timedelta(seconds=options["clock_ahead"]),
            refusal=options["refusal"],
            unknown=setup.unknown,
            copies=Copies(within),
            corrected=Copies(within),
        )
        limits = Limits(frames.LONGEST, options["connections"], options["of_a_peer"], options["idle"])
        self._where = Where(setup.name, setup.host, setup.port, limits)

    async def run(self, corridor: Corridor) -> None:
        async with asyncio.TaskGroup() as group:
            for serve in (serve_tcp, serve_udp):
                group.create_task(serve(self._where, corridor, self._maker(corridor)))

    def _maker(self, corridor: Corridor) -> Any:
        return lambda source: Dc09Talk(source, corridor, self._manner)


class Dc09Talk:
    """One connection, or the datagrams of one peer."""

    def __init__(self, source: str, corridor: Corridor, manner: Manner) -> None:
        self._source = source
        self._corridor = corridor
        self._manner = manner
        self._looks = OPEN_ENDS

    def cut(self, buffer: bytearray) -> bytes | None:
        if buffer and not buffer.strip(b"\r\n\0 "):
            buffer.clear()  # what some senders put between two frames
        found = frames.cut(buffer)
        if found is None and buffer and self._looks:
            self._looks -= 1
            found = frames.cut_open_end(buffer)
        return found

    async def heard(self, message: bytes) -> Reply:
        now = datetime.now(UTC)
        self._looks = OPEN_ENDS
        alive = frames.HEARTBEAT.search(message)
        if alive is not None and frames.HEAD.search(message) is None:
            said = Message(self._number(alive["account"].decode("latin-1"), "", "", ""), SignalKind.HEARTBEAT)
            outcome = await self._corridor.take(self._source, message, [said], now)
            return SILENCE if self._is_refused(outcome) else Reply(ALIVE)
        frame: Frame | None = None
        try:
            frame = frames.read(message, strict_length=self._manner.strict_length)
            return await self._treat(message, frame, now)
        except Unreadable as fault:
            await self._corridor.unreadable(self._source, message, str(fault), now)
            return self._refused(fault, frame, now)

    async def _treat(self, raw: bytes, frame: Frame, now: datetime) -> Reply:
        """Raises ``Unreadable``."""
        read = content.read(self._opened(frame))
        account = frame.account or read.account
        if not account:
            raise Unreadable("it names no account", "NAK")
        if frame.length_is_wrong:
            self._manner.said("dc09_length_wrong", source=self._source)
        messages = self._messages(frame, read, account, now)
        if self._must_correct(frame, read, account, now):
            # Kept by nobody's fault: the sender says it again as soon as its clock is right, and then it is stored.
            raise Unreadable("its clock is wrong; it was told the time", "NAK")
        outcome = await self._corridor.take(self._source, raw, messages, now)
        if self._is_refused(outcome):
            return self._no(frame, now)
        return Reply(self._answer("ACK", frame, now))

    def _opened(self, frame: Frame) -> str:
        if not frame.encrypted:
            return frame.content
        key = self._key(frame)
        if key is None:
            raise Unreadable("it is encrypted, and its account has no key here", "NAK")
        return cipher.opened(frame.content, key)

    def _key(self, frame: Frame) -> bytes | None:
        return self._manner.keys.get(frame.account) or self._manner.keys.get("")

    def _must_correct(self, frame: Frame, read: Content, account: str, now: datetime) -> bool:
        if read.sent_at is None:
            if not frame.encrypted:
                return False  # it need not say
        elif now - self._manner.behind <= read.sent_at <= now + self._manner.ahead:
            return False
        mark = now.isoformat()
        return self._manner.corrected.name(account, mark, now) == mark

    def _messages(self, frame: Frame, read: Content, account: str, now: datetime) -> list[Message]:
        more = dict(read.further)
        if frame.encrypted:
            more["encrypted"] = True
        if read.account and read.account != account:
            more["account"] = read.account
        events = content.events(frame.token, read)
        name = self._name(frame, read, account, now)
        return [
            Message(
                device=self._number(account, str(event.data.get("zone", "")), frame.line, frame.receiver),
                kind=event.kind,
                event_id=None if frame.token == "NULL" else f"{name}.{index}" if index else name,  # noqa: S105
                occurred_at=read.happened_at or read.sent_at,
                data=more | event.data,
            )
            for index, event in enumerate(events)
        ]

    def _number(self, account: str, zone: str, line: str, receiver: str) -> str:
        return self._manner.number.format(account=account, zone=zone, line=line[1:], receiver=receiver[1:])

    def _name(self, frame: Frame, read: Content, account: str, now: datetime) -> str:
        """Of the event. A copy has the sequence and the data of the first one, and another time and padding."""
        event = (account, frame.token, frame.sequence, read.body)
        digest = sha256("\0".join(event).encode("utf-8", "replace")).hexdigest()[:24]
        return self._manner.copies.name(event, f"{frame.sequence}.{digest}.{now:%Y%m%dT%H%M}", now)

    def _is_refused(self, outcome: Outcome) -> bool:
        if outcome is Outcome.NOT_TREATED:
            return True
        return outcome is Outcome.UNKNOWN and self._manner.unknown is Unknown.REFUSE

    def _refused(self, fault: Unreadable, frame: Frame | None, now: datetime) -> Reply:
        if fault.answer == "DUH" and frame is not None:
            return Reply(self._answer("DUH", frame, now))
        if fault.answer == "NAK":
            return Reply(frames.nak(now, binary=frame is not None and frame.binary))
        return SILENCE

    def _no(self, frame: Frame, now: datetime) -> Reply:
        return SILENCE if self._manner.refusal == "silence" else Reply(frames.nak(now, binary=frame.binary))

    def _answer(self, word: str, frame: Frame, now: datetime) -> bytes:
        account = f"#{frame.account}" if frame.account else ""
        head = f"{frame.sequence}{frame.receiver}{frame.line}{account}["
        key = self._key(frame) if frame.encrypted else None
        if key is None:
            return frames.written(f'"{word}"{head}]', binary=frame.binary)
        inside = cipher.sealed(f"]{frames.stamp(now)}", key)
        return frames.written(f'"*{word}"{head}{inside}', binary=frame.binary)
