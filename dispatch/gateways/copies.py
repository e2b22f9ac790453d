"""Which messages are copies of one event, where a protocol counts in numbers that come round again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime, timedelta

MOST = 100_000


class Copies:
    """The name of an event, kept for as long as its sender may send it again.

    Numbers come round, and a device that was switched off begins at the first one anew: two alarms with one number are
    copies only when they come soon after each other. What is forgotten at a restart becomes one more signal of the
    same case, which is louder and not lost.
    """

    def __init__(self, within: timedelta, most: int = MOST) -> None:
        self._within = within
        self._most = most
        self._known: OrderedDict[Hashable, tuple[str, datetime]] = OrderedDict()

    def name(self, event: Hashable, fresh: str, at: datetime) -> str:
        """``fresh``, or what the first copy of ``event`` was called."""
        known = self._known.get(event)
        if known is not None and at - known[1] <= self._within:
            return known[0]
        self._known[event] = fresh, at
        self._known.move_to_end(event)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return fresh
