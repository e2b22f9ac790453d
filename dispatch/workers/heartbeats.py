"""Heartbeats of all listeners, folded in memory and written about once a second.

1,233 heartbeats a second are a whole city's; a transaction for each would leave no room for alarms. What a dying
process takes with it is that some devices have spoken within the last second, and they will say so again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import structlog

from dispatch.services.devices.beats import Beat
from dispatch.services.together import is_away

log = structlog.get_logger()
PACE = 1.0
"""Seconds between two writings."""
QUICK = 0.05
"""The same while somebody waits to hear whether a device is registered: one connection may speak for many."""
PATIENCE = 3.0
CHUNK = 256
"""Devices in one transaction: an alarm of one of them waits for no more."""
MOST = 400_000
"""Devices in memory: more than a city has. Numbers that somebody makes up must not take the rest."""
Fold = Callable[[Sequence[Beat]], set[str]]


class Heartbeats:
    def __init__(self, fold: Fold, pool: Executor) -> None:
        self._fold = fold
        self._pool = pool
        self._pending: dict[str, Beat] = {}
        self._asked: dict[str, list[asyncio.Future[bool]]] = {}
        self._known: set[str] = set()
        self._woken = asyncio.Event()

    async def take(self, beat: Beat) -> bool | None:
        """True: the device is registered; False: it is not; None: there is no room for it.

        One that was registered when it last spoke is answered at once; another one after the next writing. While the
        database is away nobody is a stranger: the line is well, and an alarm would be kept.
        """
        before = self._pending.get(beat.number)
        if before is None and len(self._pending) >= MOST:
            return None
        self._pending[beat.number] = before.then(beat) if before else beat
        self._woken.set()
        if beat.number in self._known:
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(beat.number, []).append(future)
        done, _ = await asyncio.wait([future], timeout=PATIENCE)
        return future.result() if done else True

    async def run(self) -> None:
        """Until cancelled; then what waits is written a last time."""
        try:
            while True:
                await self._woken.wait()
                self._woken.clear()
                await self._write()
                await self._pause()
        finally:
            await self._write()

    async def _pause(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PACE
        while loop.time() < until:
            await asyncio.sleep(QUICK)
            if self._asked:
                return

    async def _write(self) -> None:
        pending, self._pending = self._pending, {}
        asked, self._asked = self._asked, {}
        beats = list(pending.values())
        try:
            while beats:
                chunk = beats[:CHUNK]
                self._told([beat.number for beat in chunk], await self._folded(chunk), asked)
                del beats[:CHUNK]
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("heartbeats_wait", devices=len(beats), error=type(error).__name__)
        finally:
            self._keep(beats)
            for futures in asked.values():
                _answer(futures, True)

    async def _folded(self, chunk: Sequence[Beat]) -> set[str]:
        """One that cannot be written must not cost the others anything."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._fold, chunk)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("heartbeats_failed", devices=len(chunk))
            if len(chunk) == 1:
                return {chunk[0].number}
        known: set[str] = set()
        for beat in chunk:
            known |= await self._folded([beat])
        return known

    def _told(self, numbers: Sequence[str], known: set[str], asked: dict[str, list[asyncio.Future[bool]]]) -> None:
        for number in numbers:
            registered = number in known
            (self._known.add if registered else self._known.discard)(number)
            _answer(asked.pop(number, []), registered)

    def _keep(self, beats: Sequence[Beat]) -> None:
        for beat in beats:
            later = self._pending.get(beat.number)
            self._pending[beat.number] = beat.then(later) if later else beat
            self._woken.set()


def _answer(futures: Sequence[asyncio.Future[bool]], registered: bool) -> None:
    for future in futures:
        if not future.done():
            future.set_result(registered)
