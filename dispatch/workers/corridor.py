"""The way in for every listener: into the database with those who come at the same moment, else onto the disk.

An alarm is answered within ``PATIENCE`` whatever the database does: while it hangs or is away, the alarm goes into the
spool under the id that it would have had, so that both ways together are still one event.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

import structlog

from dispatch.domain.errors import Unavailable
from dispatch.domain.listening import Work
from dispatch.domain.signals import Effect, SignalKind, effect
from dispatch.gateways.frame import Message, Outcome
from dispatch.services import spool
from dispatch.services.centre import Centre
from dispatch.services.devices import beats
from dispatch.services.devices.hours import Hour, hour_of
from dispatch.services.intake import Incoming, Receipt, keep_unreadable, new_signal_id
from dispatch.services.together import Together, is_away
from dispatch.workers.heartbeats import Heartbeats

log = structlog.get_logger()
PATIENCE = 3.0
"""Seconds after which an alarm that is not stored yet goes onto the disk: a device waits for five, or ten."""
PAUSE = 1.0
"""Seconds for which a database that was away is not asked again."""
THREADS = 32
LONGEST_DEVICE, LONGEST_EVENT, LONGEST_SOURCE = 100, 200, 100
STRANGERS = 10_000
"""Devices that nobody has registered of which a heartbeat is kept for the operator, in the life of a process."""
UNREADABLE_OF_A_PEER, UNREADABLE, MINUTE = 20, 200, 60.0
"""What nobody can read is kept up to so many a minute: whoever sends rubbish must not fill the disk."""


@dataclass
class Status:
    """What one listener has to tell about itself."""

    since: datetime
    state: Work = Work.STARTING
    address: str = ""
    messages: int = 0
    last_message_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None
    connected: int | None = None
    hours: dict[datetime, list[int]] = field(default_factory=dict)
    """Messages and alarms that nobody has been told of yet, by the hour."""

    def turn(self, state: Work, now: datetime, *, address: str = "", error: str | None = None) -> None:
        if state is not self.state:
            self.state, self.since = state, now
        if address and address not in self.address:
            self.address = f"{self.address}, {address}" if self.address else address
        if error:
            self.error, self.error_at = error, now

    def count(self, at: datetime, *, messages: int = 0, alarms: int = 0) -> None:
        heard = self.hours.setdefault(hour_of(at), [0, 0])
        heard[0] += messages
        heard[1] += alarms

    def take_hours(self) -> tuple[Hour, ...]:
        """What is to be told; whoever cannot tell it gives it back by ``count``."""
        taken, self.hours = self.hours, {}
        return tuple(Hour(at, messages, alarms) for at, (messages, alarms) in taken.items())

    @property
    def shown(self) -> tuple[object, ...]:
        """When this changes, it is told at once."""
        return self.state, self.since, self.address, self.error, self.error_at


@dataclass
class Lane:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Intake:
    """What the corridors of all listeners share."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._together = Together(centre)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="intake")
        self.disk = ThreadPoolExecutor(4, thread_name_prefix="disk")
        """For the spool alone: it must go on while all other threads hang at the database."""
        self.service = ThreadPoolExecutor(3, thread_name_prefix="service")
        self._lanes: dict[str, Lane] = {}
        self._away_until = 0.0
        self._stored_at = 0.0
        self._strangers: set[str] = set()
        self._unread: deque[tuple[float, str]] = deque()

    def close(self) -> None:
        """What is being stored comes to its end; nobody waits for it."""
        for pool in (self.threads, self.disk, self.service):
            pool.shutdown(wait=False, cancel_futures=True)

    async def store(self, incoming: Incoming) -> Outcome:
        async with self._lane(incoming.device):
            return await self._store(incoming)

    @asynccontextmanager
    async def _lane(self, device: str) -> AsyncIterator[None]:
        """Messages of one device go one after the other: a thousand of them hold one thread and not all."""
        lane = self._lanes.setdefault(device, Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(device, None)

    async def _store(self, incoming: Incoming) -> Outcome:
        loop = asyncio.get_running_loop()
        if loop.time() < self._away_until:
            return await self._spool(incoming)
        task = loop.run_in_executor(self.threads, self._together.receive, incoming)
        task.add_done_callback(_seen)
        try:
            receipt: Receipt = await asyncio.wait_for(asyncio.shield(task), PATIENCE)
        except TimeoutError:
            if loop.time() - self._stored_at > PATIENCE:  # nobody's alarm was stored meanwhile
                self._away_until = loop.time() + PAUSE
            return await self._spool(incoming)
        except Exception as error:
            if is_away(error):
                self._away_until = loop.time() + PAUSE
                log.warning("signal_spooled", signal_id=str(incoming.id), error=type(error).__name__)
                return await self._spool(incoming)
            log.exception("signal_not_stored", signal_id=str(incoming.id))
            await self.unreadable(incoming.source, incoming.raw, f"not stored: {type(error).__name__}")
            return Outcome.NOT_TREATED
        self._stored_at = loop.time()
        if receipt.unknown_device:
            return Outcome.UNKNOWN
        return Outcome.DUPLICATE if receipt.duplicate else Outcome.STORED

    async def _spool(self, incoming: Incoming) -> Outcome:
        keep = partial(spool.keep, self._centre.spool_dir, spool.Spooled(incoming, None))
        try:
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(self.disk, keep))
        except Unavailable as error:
            log.error("signal_not_kept", signal_id=str(incoming.id), reason=error.detail)
            return Outcome.NOT_TREATED
        return Outcome.STORED

    async def unreadable(self, source: str, raw: bytes, reason: str, about: Mapping[str, str] | None = None) -> Outcome:
        if not self._has_room(source):
            return Outcome.NOT_TREATED
        loop, now = asyncio.get_running_loop(), datetime.now(UTC)
        keep = partial(keep_unreadable, self._centre, raw, source[:LONGEST_SOURCE], reason, now, about=about)
        if loop.time() < self._away_until:
            return Outcome.NOT_TREATED
        task = loop.run_in_executor(self.threads, keep)
        task.add_done_callback(_seen)
        try:
            await asyncio.wait_for(asyncio.shield(task), PATIENCE)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the peer hears that we could not
            log.warning("unreadable_not_kept", size=len(raw), error=type(error).__name__)
            return Outcome.NOT_TREATED
        return Outcome.STORED

    def _has_room(self, source: str) -> bool:
        now = asyncio.get_running_loop().time()
        while self._unread and now - self._unread[0][0] > MINUTE:
            self._unread.popleft()
        of_it = sum(1 for _, peer in self._unread if peer == source)
        if len(self._unread) >= UNREADABLE or of_it >= UNREADABLE_OF_A_PEER:
            return False
        self._unread.append((now, source))
        return True

    def is_new_stranger(self, number: str) -> bool:
        if number in self._strangers or len(self._strangers) >= STRANGERS:
            return False
        self._strangers.add(number)
        return True


def _seen(task: asyncio.Future[Any]) -> None:
    """Nobody may wait for it any more; its fault was told, or its alarm lies in the spool."""
    if not task.cancelled():
        task.exception()


class Way:
    """Implements ``Corridor`` for one listener."""

    def __init__(self, intake: Intake, heartbeats: Heartbeats, status: Status, changed: Callable[[], None]) -> None:
        self._intake = intake
        self._heartbeats = heartbeats
        self.status = status
        self._changed = changed

    def at_work(self, where: str) -> None:
        self.status.turn(Work.HEARING, datetime.now(UTC), address=where)
        self._changed()

    def interrupted(self, reason: str) -> None:
        self.status.turn(Work.DOWN, datetime.now(UTC), error=reason)
        self._changed()

    def connected(self, more: int) -> None:
        self.status.connected = (self.status.connected or 0) + more

    async def take(self, source: str, raw: bytes, messages: Sequence[Message], at: datetime) -> Outcome:
        self._count(at)
        order = list(Outcome)
        outcomes = [await self._take_one(source, raw, message, at) for message in messages]
        return max(outcomes, key=order.index, default=Outcome.STORED)

    async def _take_one(self, source: str, raw: bytes, message: Message, at: datetime) -> Outcome:
        if fault := unusable(message):
            await self._intake.unreadable(source, raw, fault)
            return Outcome.NOT_TREATED
        incoming = incoming_of(source, raw, message, at)
        if message.kind is not SignalKind.HEARTBEAT:
            outcome = await self._intake.store(incoming)
            if effect(message.kind) is Effect.ALARM and outcome in (Outcome.STORED, Outcome.UNKNOWN):
                self.status.count(at, alarms=1)
            return outcome
        registered = await self._heartbeats.take(beat_of(incoming))
        if registered is None:
            return Outcome.NOT_TREATED
        if not registered and self._intake.is_new_stranger(incoming.device):
            await self._intake.store(incoming)
        return Outcome.STORED if registered else Outcome.UNKNOWN

    async def unreadable(
        self, source: str, raw: bytes, reason: str, at: datetime, about: Mapping[str, str] | None = None
    ) -> Outcome:
        self._count(at)
        return await self._intake.unreadable(source, raw, reason, about)

    def _count(self, at: datetime) -> None:
        self.status.messages += 1
        self.status.count(at, messages=1)
        self.status.last_message_at = at


def unusable(message: Message) -> str:
    """Why it cannot be stored, whoever tries; else nothing."""
    if not message.device or len(message.device) > LONGEST_DEVICE or "\0" in message.device:
        return "the number of its device is empty, or longer than 100 characters"
    return ""


def incoming_of(source: str, raw: bytes, message: Message, at: datetime) -> Incoming:
    event = message.event_id
    if event is not None and (len(event) > LONGEST_EVENT or "\0" in event):
        event = sha256(event.encode("utf-8", "surrogatepass")).hexdigest()
    return Incoming(
        device=message.device.encode("utf-8", "replace").decode(),
        kind=message.kind,
        event_id=event and event.encode("utf-8", "replace").decode(),
        occurred_at=message.occurred_at,
        data=storable(dict(message.data)) or None,
        raw=raw,
        source=source[:LONGEST_SOURCE],
        received_at=at,
        id=new_signal_id(message.device, event),
    )


def storable(value: Any) -> Any:
    """The same without what PostgreSQL's JSON does not hold: a NUL, half a character, a number that is none."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    if isinstance(value, float) and value - value != 0:  # inf, nan
        return str(value)
    return value if value is None or isinstance(value, bool | int | float) else storable(str(value))


def beat_of(incoming: Incoming) -> beats.Beat:
    percent = (incoming.data or {}).get("battery")
    battery = percent if type(percent) is int and 0 <= percent <= 100 else None
    return beats.Beat(
        number=incoming.device,
        count=1,
        first_at=incoming.received_at,
        last_at=incoming.received_at,
        battery=battery,
        battery_least=battery,
        source=incoming.source,
        data=incoming.data,
        raw=incoming.raw,
    )
