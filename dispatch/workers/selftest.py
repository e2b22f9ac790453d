"""Every minute a synthetic alarm goes down each way in, and its time is written down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

import structlog

from dispatch.domain.selftest import SelftestFailed, WayIn
from dispatch.services.centre import Centre
from dispatch.services.duty import selftest
from dispatch.services.duty.selftest import Pass

log = structlog.get_logger()


class Selftest:
    def __init__(self, centre: Centre, token: str, ways: Sequence[WayIn]) -> None:
        self._centre = centre
        self._token = token
        self._ways = tuple(ways)

    def run(self, now: datetime) -> None:
        """One after the other: two at once could take each other's echo for their own."""
        selftest.prepare(self._centre, self._token, [way.name for way in self._ways], now)
        for way in self._ways:
            done = self._go(way, now)
            selftest.record(self._centre, done, now)

    def _go(self, way: WayIn, now: datetime) -> Pass:
        began = time.perf_counter()
        try:
            way.go_down(f"{way.name} {now.isoformat()}")
        except SelftestFailed as lost:
            log.error("selftest_failed", path=way.name, error=str(lost))
            return Pass(way.name, None, str(lost))
        except Exception as defect:
            log.exception("selftest_defect", path=way.name)
            return Pass(way.name, None, type(defect).__name__)
        return Pass(way.name, time.perf_counter() - began)
