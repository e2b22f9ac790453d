"""The synthetic alarm: whose it is, where nobody looks, and when its absence is an alarm itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

SCOPE = "selftest"
DEVICE = "SELFTEST"
PLACE = "selftest/"
"""Path of the area of the test elder. Every other path begins with a slash, so this place lies in nobody's areas and in
none of the whole centre: whoever asks by areas, and every list, sound, count and report does, never meets it.
"""
NUMBER = "selftest"
"""The test elder's telephone, which no exchange can show as a caller's."""
EVERY = timedelta(seconds=60)
WITHIN = 10.0
"""Seconds after which a pass has failed."""
SLOW = 5.0
NEVER = datetime.fromisoformat("3000-01-01T00:00:00+00:00")
"""The deadline of a case that nobody is to be reminded of."""


def card_of(token: str) -> str:
    """The key of the test elder's page."""
    return hashlib.sha256(f"card {token}".encode()).hexdigest()[:32]


class SelftestFailed(Exception):
    """The synthetic alarm did not come out again; the message says where it was lost, in one word."""


class WayIn(Protocol):
    """One way by which alarms come in.

    ``name`` says which. ``go_down`` hands a synthetic alarm in as a device would and returns when a console would have
    seen it; raises ``SelftestFailed`` when it was not seen in time. No transaction is open meanwhile.
    """

    @property
    def name(self) -> str: ...

    def go_down(self, event_id: str) -> None: ...


@dataclass(frozen=True)
class Watched:
    """What is known of one way in."""

    path: str
    expected: timedelta
    since: datetime
    passed_at: datetime | None
    seconds: float | None

    def is_late(self, now: datetime) -> bool:
        """Two passes may fail or be missed; the third one is an alarm."""
        return now - (self.passed_at or self.since) > 3 * self.expected

    @property
    def is_slow(self) -> bool:
        return self.seconds is not None and self.seconds > SLOW
