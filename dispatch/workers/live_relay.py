"""In each web process: number what has changed, push it to the consoles, beat, and bring in the spool.

It needs the database and nothing else. Redis, the clock and the workers may all be dead: operators still see and hear.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.actor import Sight
from dispatch.gateways.console import ConsoleGateway
from dispatch.models.database import Wakeup, wakeup
from dispatch.services import audit, live, spool
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

log = structlog.get_logger()
PACE = 0.05
"""Seconds between two pushes at least: under load changes travel together, and a console paints 20 times a second."""
STORM, STORM_PACE = 250, 0.2
"""From so many changes a second on, the pushes go this much slower: the processor is for taking alarms in, and nobody
reads faster. By the rate of the last second and not by what one push carries: a slow pace would keep itself slow, and
the few cases that escalate in the same tick are no storm. Fifty new alarms a second are up to 150 changes: each opens,
joins its area event and escalates."""
SECOND = 1.0
UNHEARD_PACE = 0.25
"""The same while no console listens here: numbers are given all the same, for those who read the stream back."""
LOOK = 1.0
"""Seconds after which the stream is looked at even if nothing woke us."""
BEAT = 2.0
DISMISS = timedelta(seconds=10)
DRAIN = 1.0
CATCH_UP = 200
"""Numbers pushed one by one at most; after a longer pause consoles see the gap and read the stream back."""

AWAY = (SQLAlchemyError, psycopg.Error)
Rooms = Callable[[], list[tuple[str, Sight]]]


class LiveRelay:
    def __init__(
        self,
        centre: Centre,
        console: ConsoleGateway,
        rooms: Rooms,
        build: str,
        dismiss: Callable[[datetime], None] = lambda _now: None,
    ) -> None:
        """``dismiss`` sends those away whose session has ended."""
        self._centre = centre
        self._console = console
        self._rooms = rooms
        self._build = build
        self._dismiss = dismiss
        self._dismissed_at = datetime.min.replace(tzinfo=UTC)
        self._seq: int | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        for loop in (self._push_forever, self._beat_forever, self._drain_forever):
            threading.Thread(target=loop, name=loop.__name__.strip("_"), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def push(self, now: datetime) -> int:
        """Number the waiting changes and emit every number not emitted here yet; return how many cases it was."""
        while live.sequence(self._centre):
            pass
        with self._centre.database.reads() as session:
            start = self._seq
            if start is None or not self._rooms():  # nobody listens: whoever comes begins with the snapshot
                self._seq = live.last_seq(session)
                return 0
            latest, ops = live.ops_after(session, self._centre, start, now)
        if latest == start:
            return 0
        by_seq: dict[int, list[live.Op]] = {}
        for op in ops:
            by_seq.setdefault(op.seq, []).append(op)
        for seq in range(max(start + 1, latest - CATCH_UP + 1), latest + 1):
            self._emit(seq, by_seq.get(seq, []), now)
        self._seq = latest
        return len(ops)

    def _emit(self, seq: int, ops: list[live.Op], now: datetime) -> None:
        for room, sight in self._rooms():
            payload = {"seq": seq, "ops": live.seen_by(ops, sight), "server_time": stamp(now)}
            self._console.live(room, payload)

    def _push_forever(self) -> None:
        wake: Wakeup | None = None
        pushed: deque[tuple[float, int]] = deque()
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                wake = wake or wakeup(self._centre.database)
                pushed.append((began, self.push(datetime.now(UTC))))
                while pushed[0][0] <= began - SECOND:
                    pushed.popleft()
                rate = sum(cases for _, cases in pushed) / SECOND
                self._stop.wait(max(0.0, self._pace(rate) - (time.monotonic() - began)))
                # Fifty looks a second at an SQLite file are half a per cent of a core, for nobody.
                wake.wait(LOOK, 0.0 if self._rooms() else UNHEARD_PACE)
            except AWAY as error:
                log.warning("live_relay_waits", error=type(error).__name__)
                _close(wake)
                wake = None
                self._stop.wait(0.5)
            except Exception:
                log.exception("live_relay_failed")
                self._stop.wait(0.5)
        _close(wake)

    def _pace(self, rate: float) -> float:
        if not self._rooms():
            return UNHEARD_PACE
        return STORM_PACE if rate >= STORM else PACE

    def _beat_forever(self) -> None:
        while not self._stop.wait(BEAT):
            try:
                now = datetime.now(UTC)
                if self._rooms():  # else nobody hears it, and whoever comes hears the next
                    self._console.beat(self.beat(now))
                if now - self._dismissed_at >= DISMISS:
                    self._dismissed_at = now
                    self._dismiss(now)
            except AWAY as error:
                log.info("dismiss_waits", error=type(error).__name__)
            except Exception:
                log.exception("beat_failed")

    def beat(self, now: datetime) -> dict[str, Any]:
        return {
            "server_time": stamp(now),
            "seq": self._seq or 0,
            "engine": _engine(self._centre, now),
            "build": self._build,
        }

    def _drain_forever(self) -> None:
        while not self._stop.wait(DRAIN):
            try:
                brought = spool.drain(self._centre.spool_dir, lambda s: spool.bring_in(self._centre, s))
                if brought:
                    log.warning("spool_drained", alarms=brought)
            except AWAY as error:
                log.info("spool_waits", error=type(error).__name__)
            except Exception:
                log.exception("spool_drain_failed")


def _engine(centre: Centre, now: datetime) -> dict[str, Any]:
    try:
        found = audit.health(centre, now)
    except AWAY:
        return {
            "ok": False,
            "late": [],
            "findings": [{"code": "database_away", "count": 1, "since": None, "detail": ""}],
            "spool": spool.waiting(centre.spool_dir),
            "outbox_dead": 0,
        }
    return {
        "ok": found["ok"],
        "late": found["late"],
        "findings": found["findings"],
        "spool": found["spool"]["waiting"],
        "outbox_dead": found["outbox"]["dead"],
    }


def _close(wake: Wakeup | None) -> None:
    if wake is not None:
        try:
            wake.close()
        except AWAY:
            log.info("wakeup_close_failed")
