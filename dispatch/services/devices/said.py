"""What a device said last of each of its properties, read from its signals: for doors without a memory of their own."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.domain.signals import SignalKind
from dispatch.models.devices import Signal
from dispatch.services.centre import Centre

WITHIN = timedelta(days=1)
"""A state that lasts longer is told once a day: somebody may have closed the case and thought that it was over."""
MOST = 100


def states(centre: Centre, device: str, now: datetime) -> dict[str, str]:
    """Property -> value, that began or ended an alarm: ``code`` is ``smoke``, ``smoke=false``, ``door=open``."""
    statement = (
        select(Signal.data)
        .where(
            Signal.device_number == device,
            Signal.event_id.is_not(None),
            Signal.received_at > now - WITHIN,
            Signal.kind != SignalKind.HEARTBEAT,
        )
        .order_by(Signal.received_at.desc())
        .limit(MOST)
    )
    with centre.database.reads() as session:
        found = session.scalars(statement).all()
    last: dict[str, str] = {}
    for data in found:
        code = data.get("code") if isinstance(data, dict) else None
        if isinstance(code, str):
            name, equals, value = code.partition("=")
            last.setdefault(name, value if equals else "true")
    return last
