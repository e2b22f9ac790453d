"""What is remembered of each watch between two of its messages, for as long as the process lives."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.gateways.frame import Message
from dispatch.gateways.watch.position import Fix
from dispatch.gateways.watch.reading import Reading

AGAIN_AFTER = timedelta(minutes=30)
"""A state that lasts is told again: somebody may have closed the case and thought that it was over."""
MOST = 100_000
"""Watches; numbers that somebody makes up push out the ones that were silent longest."""


@dataclass
class Known:
    fix: Fix | None = None
    told: dict[str, datetime] = field(default_factory=dict)
    """When each state that is so now was told last."""


class Memory:
    def __init__(self, most: int = MOST) -> None:
        self._watches: OrderedDict[str, Known] = OrderedDict()
        self._most = most

    def last_fix(self, device: str) -> Fix | None:
        known = self._watches.get(device)
        return known.fix if known else None

    def news(self, device: str, reading: Reading, at: datetime) -> list[Message]:
        """What of ``reading`` must be stored: events always, a state when it begins and each half hour."""
        told = self._watches[device].told if device in self._watches else {}
        begun = [m for name, m in reading.states.items() if name not in told or at - told[name] >= AGAIN_AFTER]
        found = [*reading.events, *begun]
        return found or ([reading.beat] if reading.beat is not None else [])

    def stored(self, device: str, reading: Reading, at: datetime) -> None:
        """Called when it is: what could not be stored is news the next time too."""
        known = self._watches.get(device) or Known()
        told = {name: since for name, since in known.told.items() if name not in reading.over}
        for name in reading.states:
            if name not in told or at - told[name] >= AGAIN_AFTER:
                told[name] = at
        fix = reading.fix if _newer(reading.fix, known.fix) else known.fix
        if not told and fix is None:
            self._watches.pop(device, None)
            return
        self._watches[device] = Known(fix, told)
        self._watches.move_to_end(device)
        if len(self._watches) > self._most:
            self._watches.popitem(last=False)


def _newer(found: Fix | None, known: Fix | None) -> bool:
    """What was kept while there was no network (UD2) comes late."""
    return found is not None and (known is None or found.at >= known.at)
