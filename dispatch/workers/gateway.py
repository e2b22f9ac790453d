"""The gateway process at work: every listener for itself, the heartbeats, the spool, and what is told about them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import structlog

from dispatch.domain.listening import BEAT, Setup, Work
from dispatch.gateways.frame import Listener
from dispatch.services import spool
from dispatch.services.centre import Centre
from dispatch.services.devices import beats, listening
from dispatch.services.devices.hours import Hour
from dispatch.services.together import is_away
from dispatch.workers.corridor import Intake, Status, Way
from dispatch.workers.heartbeats import Heartbeats

log = structlog.get_logger()
DRAIN = 1.0
SETTLED = 0.2
"""Seconds for which news are collected: all listeners start at once."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a listener that has ended is started again."""
LAST_WORDS = 3.0
"""Seconds that stopping may take for what is still to be written."""
Hours = Mapping[str, tuple[Hour, ...]]
Listeners = Mapping[str, tuple[Setup, Listener]]


class Gateway:
    def __init__(self, centre: Centre, place: str, listeners: Listeners) -> None:
        self._centre = centre
        self._place = place
        self._listeners = listeners
        self._intake = Intake(centre)
        self._heartbeats = Heartbeats(partial(beats.fold, centre), self._intake.service)
        self._started_at = datetime.now(UTC)
        self._statuses = {name: Status(self._started_at) for name in listeners}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        ways = [self._supervise(name, setup, listener) for name, (setup, listener) in self._listeners.items()]
        listeners = [loop.create_task(way) for way in ways]
        service = [loop.create_task(each) for each in (self._heartbeats.run(), self._drain(), self._report())]
        try:
            await stop.wait()
        finally:
            await _end(listeners)
            await _end(service)
            with suppress(Exception):  # the database may be away; the clock will notice the silence all the same
                await asyncio.wait_for(asyncio.to_thread(self._tell, Work.STOPPED, self._hours()), LAST_WORDS)
            self._intake.close()

    async def _supervise(self, name: str, setup: Setup, listener: Listener) -> None:
        """Run one listener for ever: whatever ends it, it is begun again, a little later each time."""
        status = self._statuses[name]
        way = Way(self._intake, self._heartbeats, status, self._news.set)
        pause = FIRST_PAUSE
        while True:
            try:
                await listener.run(way)
                reason = "it ended by itself"
            except (OSError, ExceptionGroup) as error:
                reason = reason_of(error)
                if not is_outside(error):
                    log.exception("listener_crashed", listener=name)
            except Exception as error:
                log.exception("listener_crashed", listener=name)
                reason = reason_of(error)
            if status.state is Work.HEARING:
                pause = FIRST_PAUSE
            log.warning("listener_down", listener=name, protocol=setup.protocol, reason=reason, again_in=pause)
            status.address = ""
            status.turn(Work.DOWN, datetime.now(UTC), error=reason)
            self._news.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _drain(self) -> None:
        """Our own spool; where several processes share it, one at a time works."""
        bring_in = partial(spool.bring_in, self._centre)
        while True:
            await asyncio.sleep(DRAIN)
            await self._quietly("spool", lambda: spool.drain(self._centre.spool_dir, bring_in))

    async def _report(self) -> None:
        told = None
        while True:
            shown = [status.shown for status in self._statuses.values()]
            hours = self._hours()
            if await self._quietly("report", partial(self._tell, None, hours)):
                told = shown
            else:
                self._untold(hours)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT if told == shown else DRAIN)
            await asyncio.sleep(SETTLED)
            self._news.clear()

    def _hours(self) -> Hours:
        return {name: status.take_hours() for name, status in self._statuses.items()}

    def _untold(self, hours: Hours) -> None:
        for name, several in hours.items():
            for one in several:
                self._statuses[name].count(one.at, messages=one.messages, alarms=one.alarms)

    async def _quietly(self, what: str, work: Callable[[], object]) -> bool:
        try:
            await asyncio.get_running_loop().run_in_executor(self._intake.service, work)
        except Exception as error:
            if is_away(error):
                log.info("gateway_waits", what=what, error=type(error).__name__)
            else:
                log.exception("gateway_failed", what=what)
            return False
        return True

    def _tell(self, last: Work | None, hours: Hours) -> None:
        now = datetime.now(UTC)
        statuses = self._statuses.items()
        reports = [
            listening.Report(
                name=name,
                protocol=self._listeners[name][0].protocol,
                state=last or status.state,
                address=status.address,
                since=now if last and last is not status.state else status.since,
                messages=status.messages,
                last_message_at=status.last_message_at,
                error=status.error,
                error_at=status.error_at,
                connected=None if last else status.connected,
                hours=hours[name],
            )
            for name, status in statuses
        ]
        process = listening.Report(
            name=listening.PROCESS,
            protocol="",
            state=last or Work.HEARING,
            address="",
            since=now if last else self._started_at,
            messages=sum(status.messages for _, status in statuses),
            last_message_at=max((s.last_message_at for _, s in statuses if s.last_message_at), default=None),
        )
        listening.report(self._centre, self._place, [process, *reports], now)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=LAST_WORDS)


def is_outside(error: BaseException) -> bool:
    """A port that is taken, a broker that is away: nothing that a programmer has to see."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_outside(each) for each in error.exceptions)
    return isinstance(error, OSError)


def reason_of(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return reason_of(error.exceptions[0])
    return f"{type(error).__name__}: {error}"[:300]
