"""Elder watches over TCP: an alarm is answered when it is stored, and else sent again by the watch."""

from __future__ import annotations

from datetime import UTC, datetime

from dispatch.domain.listening import Setup
from dispatch.gateways.frame import Corridor, Outcome
from dispatch.gateways.sockets import SILENCE, Limits, Reply, Where, serve_tcp
from dispatch.gateways.watch import frames
from dispatch.gateways.watch.frames import Frame, Junk
from dispatch.gateways.watch.memory import Memory
from dispatch.gateways.watch.reading import read
from dispatch.gateways.watch.rules import WatchRules

OPTIONS = {"timezone": "UTC", "alarms": {}, "limits": {}, "idle_minutes": 30, "connections": 20_000}
MOST_JUNK = 8
"""Unreadable pieces of one connection before it is closed: it is no watch."""


class WatchListener:
    def __init__(self, setup: Setup) -> None:
        options = setup.chosen(OPTIONS)
        self._rules = WatchRules.load(options)
        # A carrier may bring half a city's watches from one address.
        most = options["connections"]
        limits = Limits(frames.LONGEST, connections=most, of_a_peer=most // 2, idle=60.0 * options["idle_minutes"])
        self._where = Where("watch", setup.host, setup.port, limits)
        self._memory = Memory()

    async def run(self, corridor: Corridor) -> None:
        await serve_tcp(self._where, corridor, lambda source: WatchTalk(source, corridor, self._rules, self._memory))


class WatchTalk:
    """One connection; usually of one watch, but a relay may speak for many."""

    def __init__(self, source: str, corridor: Corridor, rules: WatchRules, memory: Memory) -> None:
        self._source = source
        self._corridor = corridor
        self._rules = rules
        self._memory = memory
        self._found: Frame | Junk | None = None
        self._junk = 0

    def cut(self, buffer: bytearray) -> bytes | None:
        blanks = len(buffer) - len(buffer.lstrip(frames.BETWEEN))
        del buffer[:blanks]
        self._found = frames.first(bytes(buffer)) if buffer else None
        if self._found is None:
            return None
        del buffer[: len(self._found.raw)]
        return self._found.raw

    async def heard(self, message: bytes) -> Reply:
        at = datetime.now(UTC)
        found = self._found
        if isinstance(found, Frame):
            return await self._treat(found, at)
        self._junk += 1
        reason = found.reason if found is not None else "not a frame"
        await self._corridor.unreadable(self._source, message, reason, at)
        return Reply(close=self._junk >= MOST_JUNK)

    async def _treat(self, frame: Frame, at: datetime) -> Reply:
        reading = read(frame, at, self._rules, self._memory.last_fix(frame.device))
        news = self._memory.news(frame.device, reading, at)
        outcome = Outcome.STORED
        if news:
            outcome = await self._corridor.take(self._source, frame.raw, news, at)
        if outcome is Outcome.NOT_TREATED:
            return SILENCE  # it sends the same again, within a minute
        self._memory.stored(frame.device, reading, at)
        return Reply(frames.answer(frame, reading.reply)) if reading.reply is not None else SILENCE
