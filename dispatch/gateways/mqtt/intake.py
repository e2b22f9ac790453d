"""From the broker's messages to the corridor: read at once and in order, stored device by device, then acknowledged."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.overlay import Mark, Overlay
from dispatch.domain.signals import SignalKind
from dispatch.gateways.frame import OURS, Corridor, Message, Outcome
from dispatch.gateways.mqtt.memory import Memory
from dispatch.gateways.mqtt.proposals import Proposal
from dispatch.gateways.mqtt.reading import Heard, Reading, read
from dispatch.gateways.mqtt.understand import Last
from dispatch.gateways.mqtt.values import NotRead, clean
from dispatch.gateways.mqtt.world import Learned, World

log = structlog.get_logger()
FACTS = "\0facts"
STRANGE = "\0strange"
"""Lines of work that belong to no device."""
CROWDED = 20
"""Messages of one device that wait: from here on one that says the same as the one before it waits with it."""
LONGEST_SOURCE = 100
MOST_REMEMBERED = 500_000
"""Devices: whoever may write to a broker can invent names. One more is believed each time that it says so."""
DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries while neither database nor disk takes it."""
POISON_AFTER = 4
"""So often it is tried before it is asked whether anything at all can be stored."""
LAST_MOMENT = 1.5
"""Seconds for what is being stored while the process ends."""


class Register(Protocol):
    """What the register of devices says, and hears. Nothing of it raises but for cancellation."""

    async def is_known(self, number: str) -> bool:
        """Is a device with this number registered? Yes, where nobody can tell."""

    async def propose(self, proposals: Sequence[Proposal]) -> bool:
        """Put devices before a person who may register them. False: not now."""

    async def announced(self, topic: str, device: str | None, payload: bytes) -> bool:
        """Keep what ``device`` announced by ``topic``, for trying another mapping on what it says; None: forget it.
        False: not now.
        """

    async def overlay(self, known: Mark) -> Overlay | None:
        """What supervisors said that words mean, where that is other than ``known``. None: the same, or nobody can
        tell.
        """


@dataclass(frozen=True)
class Around:
    """What an intake works with."""

    corridor: Corridor
    register: Register
    memory: Memory
    mapping: DeviceMapping
    world: World


@dataclass
class Ticket:
    """One message of the broker. It is acknowledged when all that it said is stored."""

    acknowledge: Callable[[], None]
    open: int = 1

    def done(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.acknowledge()


@dataclass
class Work:
    """What is to be stored of one message for one device."""

    source: str
    raw: bytes
    at: datetime
    messages: tuple[Message, ...] = ()
    reason: str | None = None
    """Why it, or a word of it, was not understood."""
    about: dict[str, str] | None = None
    """Whose word it was, and which."""
    states: dict[str, str] | None = None
    """What is to be remembered afterwards."""
    by_radio: bool = False
    learned: tuple[str, bytes, Learned] | None = None
    tickets: list[Ticket] = field(default_factory=list)

    def says_the_same(self, other: Work) -> bool:
        return (
            self.states is None
            and self.reason is None
            and bool(self.messages)
            and [(m.kind, m.data.get("code")) for m in self.messages]
            == [(m.kind, m.data.get("code")) for m in other.messages]
        )


class Intake:
    """Lives in one event loop; ``hear`` is called there for each message in the order in which they came."""

    def __init__(self, name: str, around: Around) -> None:
        self._name = name
        self._corridor = around.corridor
        self._register = around.register
        self._memory = around.memory
        self._mapping = around.mapping
        self._world = around.world
        self._last: dict[str, Last] = around.memory.lasts()
        self._lines: dict[str, deque[Work]] = {}
        self._beats: dict[str, Work | None] = {}
        """By device, while one of its signs of life is being written: the newest that came meanwhile."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(self, heard: Heard, acknowledge: Callable[[], None]) -> frozenset[str]:
        """Read it and let it be stored; ``acknowledge`` is called afterwards. Answers topics to ask the broker for."""
        ticket = Ticket(acknowledge)
        topics: frozenset[str] = frozenset()
        try:
            if self._world.is_fact(heard.topic):
                learned = self._world.learn(heard.topic, heard.payload)
                topics = learned.topics
                self._queue(FACTS, self._work(heard, learned=(heard.topic, heard.payload, learned)), ticket)
            readings = read(heard, self._mapping, self._world, self.last)
        except NotRead as fault:
            self._queue(STRANGE, self._work(heard, reason=str(fault)), ticket)
        except Exception:
            # The broker would bring it again with each connection, and nothing behind it.
            log.exception("mqtt_not_read", listener=self._name, topic=heard.topic)
            self._queue(STRANGE, self._work(heard, reason=OURS), ticket)
        else:
            for reading in readings:
                self._take(heard, reading, ticket)
        ticket.done()
        return topics

    def use(self, mapping: DeviceMapping) -> None:
        """From the next message on."""
        self._mapping = mapping

    def last(self, device: str) -> Last:
        return self._last.get(device) or Last()

    async def finish(self) -> None:
        """Give what waits a moment, and let go of the rest: it was not acknowledged and comes again."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_MOMENT)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.broken.done():
            self.broken.exception()  # seen

    def _take(self, heard: Heard, reading: Reading, ticket: Ticket) -> None:
        before = self.last(reading.device)
        if reading.last != before and (reading.device in self._last or len(self._last) < MOST_REMEMBERED):
            self._last[reading.device] = reading.last
        changed = dict(reading.last.states) if reading.last.states != before.states else None
        reason = about = None
        if reading.unmapped is not None:
            reason = f"no mapping knows the word {reading.unmapped!r}"
            about = {"device": reading.device, "word": reading.unmapped}
        messages = reading.messages
        if messages and all(m.kind is SignalKind.HEARTBEAT for m in messages):
            self._beat(reading.device, self._work(heard, messages))
            messages = ()
        if messages or changed is not None or reason:
            work = self._work(heard, messages, reason, changed, by_radio=reading.by_radio)
            work.about = about
            self._queue(reading.device, work, ticket)

    def _beat(self, device: str, work: Work) -> None:
        """A sign of life waits for others to be written with, and nobody waits for it: neither the broker, which would
        hold back what comes behind it, nor an alarm of the same device.
        """
        if device in self._beats:
            self._beats[device] = work
            return
        self._beats[device] = None
        self._start(self._write_beats(device, work))

    async def _write_beats(self, device: str, first: Work) -> None:
        work: Work | None = first
        try:
            while work is not None:
                await self._corridor.take(work.source, work.raw, work.messages, work.at)
                work, self._beats[device] = self._beats[device], None
        finally:
            del self._beats[device]

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _work(
        self,
        heard: Heard,
        messages: tuple[Message, ...] = (),
        reason: str | None = None,
        states: dict[str, str] | None = None,
        *,
        by_radio: bool = False,
        learned: tuple[str, bytes, Learned] | None = None,
    ) -> Work:
        whose = self._world.topics.whose(heard.topic)
        source = f"{self._name} {whose[0] if whose else 'homeassistant'}"
        return Work(source, heard.raw, heard.at, messages, reason, states=states, by_radio=by_radio, learned=learned)

    def _queue(self, line: str, work: Work, ticket: Ticket) -> None:
        ticket.open += 1
        waiting = self._lines.get(line)
        if waiting is None:
            self._lines[line] = waiting = deque()
            self._start(self._store_line(line, waiting))
        elif len(waiting) > CROWDED and work.says_the_same(waiting[-1]):
            waiting[-1].tickets.append(ticket)
            return
        work.tickets.append(ticket)
        waiting.append(work)

    async def _store_line(self, line: str, waiting: deque[Work]) -> None:
        while waiting:
            work = waiting[0]
            try:
                await self._store(line, work)
            except Exception as error:
                # Not acknowledged: it comes again with the next connection, which is therefore to be made.
                log.exception("mqtt_not_stored", source=work.source)
                if not self.broken.done():
                    self.broken.set_exception(OSError(f"a message could not be handled: {type(error).__name__}"))
            else:
                for ticket in work.tickets:
                    ticket.done()
            waiting.popleft()
        del self._lines[line]

    async def _store(self, line: str, work: Work) -> None:
        if work.learned is not None:
            await self._learned(work, *work.learned)
        if work.messages and await self._is_believed(work):
            await self._until_stored(work)
        if work.reason is not None:
            await self._unreadable(work, work.reason)
        if work.states is not None:
            await self._remember(line, work.states)

    async def _is_believed(self, work: Work) -> bool:
        number = work.messages[0].device
        if not work.by_radio or await self._register.is_known(number):
            return True
        await self._register.propose([Proposal(number, work.source.rpartition(" ")[2])])
        return False

    async def _until_stored(self, work: Work) -> None:
        tries = 0
        while await self._corridor.take(work.source, work.raw, work.messages, work.at) is Outcome.NOT_TREATED:
            tries += 1
            if tries % POISON_AFTER == 0:
                kept = await self._corridor.unreadable(work.source, work.raw, "could not be stored", work.at)
                if kept is not Outcome.NOT_TREATED:
                    again = await self._corridor.take(work.source, work.raw, work.messages, work.at)
                    if again is Outcome.NOT_TREATED:  # others are stored, this one cannot be
                        log.error("mqtt_message_refused", source=work.source, device=work.messages[0].device)
                    return
            await asyncio.sleep(DELAYS[min(tries, len(DELAYS)) - 1])

    async def _unreadable(self, work: Work, reason: str) -> None:
        """The corridor keeps so much rubbish of one peer and no more: here that is a topic, and not the broker."""
        topic = work.raw.partition(b"\n")[0].decode("utf-8", "replace")
        peer = clean(f"{self._name} {topic}", LONGEST_SOURCE)
        for delay in DELAYS:
            kept = await self._corridor.unreadable(peer, work.raw, clean(reason), work.at, work.about)
            if kept is not Outcome.NOT_TREATED or len(self._lines.get(STRANGE, ())) > CROWDED:
                return
            await asyncio.sleep(delay)
        log.warning("mqtt_unreadable_not_kept", source=work.source, size=len(work.raw))

    async def _learned(self, work: Work, topic: str, payload: bytes, learned: Learned) -> None:
        """What is known already is told again by the broker with each connection, and is no news."""
        if await asyncio.to_thread(self._memory.knows, topic, payload):
            return
        for fault in learned.faults:
            await self._unreadable(work, fault)
        proposed = not learned.proposals or await self._register.propose(learned.proposals)
        if learned.announces and not await self._register.announced(topic, learned.device, payload):
            return
        if proposed:
            await asyncio.to_thread(self._memory.keep_fact, topic, payload)

    async def _remember(self, device: str, states: dict[str, str]) -> None:
        try:
            await asyncio.to_thread(self._memory.keep, device, states)
        except sqlite3.Error as error:
            # An alarm is worth more than its being told apart from its repetition.
            log.error("mqtt_memory_refused", device=device, error=str(error))
