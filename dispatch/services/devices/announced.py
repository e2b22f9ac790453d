"""Devices that announce themselves wait among those that nobody has registered, until a person registers them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from dispatch.domain.signals import SignalKind
from dispatch.models.devices import Device
from dispatch.services.centre import Centre
from dispatch.services.intake import Incoming, new_signal_id, receive_signals

AT_ONCE = 200
"""Devices looked up or stored in one transaction."""


@dataclass(frozen=True)
class Announcement:
    """``data`` says what it is: ``model``, ``name`` and whatever else helps a person to recognise it."""

    number: str
    source: str
    data: Mapping[str, Any]

    def signal(self, now: datetime) -> Incoming:
        """The same announcement again is the same event; a device under a new name is announced anew."""
        raw = json.dumps(self.data, ensure_ascii=False, sort_keys=True).encode()
        event = f"announced {sha256(raw).hexdigest()[:32]}"
        return Incoming(
            device=self.number,
            kind=SignalKind.HEARTBEAT,
            event_id=event,
            occurred_at=None,
            data=dict(self.data),
            raw=raw,
            source=self.source,
            received_at=now,
            id=new_signal_id(self.number, event),
        )


def is_known(centre: Centre, number: str) -> bool:
    return number in known(centre, [number])


def known(centre: Centre, numbers: Sequence[str]) -> set[str]:
    """Those of ``numbers`` that are registered."""
    with centre.database.reads() as session:
        return set(session.scalars(select(Device.number).where(Device.number.in_(numbers))))


def announce(centre: Centre, announcements: Sequence[Announcement], now: datetime) -> int:
    """Store what is not registered; answers how many. Of a registered device nothing is written: it has not spoken."""
    stored = 0
    for start in range(0, len(announcements), AT_ONCE):
        part = {each.number: each for each in announcements[start : start + AT_ONCE]}
        registered = known(centre, list(part))
        strange = [each.signal(now) for number, each in part.items() if number not in registered]
        if strange:
            receive_signals(centre, strange)
        stored += len(strange)
    return stored
