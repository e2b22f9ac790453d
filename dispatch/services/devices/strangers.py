"""Devices that speak and that nobody has registered: what they said, and whose alarm waits because of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Kind
from dispatch.domain.errors import Invalid
from dispatch.domain.signals import SignalKind
from dispatch.domain.supervision import proposed
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.services.centre import Centre
from dispatch.services.desk import COUNT_UP_TO
from dispatch.services.rows import stamp

KEPT = timedelta(days=90)
"""What has been silent for longer is not listed."""
NEIGHBOURS = 3
LOOKED_AT = 50
"""Messages of one device in which is looked for its model and its name."""
STRANGE = (Signal.device_id.is_(None), Signal.device_number.is_not(None))


@dataclass(frozen=True)
class Asked:
    q: str
    limit: int
    cursor: str | None


def strangers(centre: Centre, actor: Actor, asked: Asked, now: datetime) -> dict[str, Any]:
    """Those heard last come first. What is nowhere belongs to the desk: others see none of them."""
    if not actor.sight.unplaced:
        return {"items": [], "next_cursor": None, "total": 0}
    last = func.max(Signal.received_at)
    statement = (
        select(Signal.device_number, func.min(Signal.received_at), last, func.count())
        .where(*STRANGE, Signal.received_at > now - KEPT, ~_registered())
        .group_by(Signal.device_number)
    )
    if asked.q:
        statement = statement.where(Signal.device_number.icontains(asked.q, autoescape=True))
    with centre.database.reads() as session:
        counted = statement.with_only_columns(Signal.device_number).limit(COUNT_UP_TO).subquery()
        total = session.scalar(select(func.count()).select_from(counted))
        if asked.cursor is not None:
            at, number = _after(asked.cursor)
            statement = statement.having(or_(last < at, and_(last == at, Signal.device_number < number)))
        found = session.execute(
            statement.order_by(last.desc(), Signal.device_number.desc()).limit(asked.limit + 1)
        ).all()
        page = found[: asked.limit]
        items = _items(session, centre, page)
    more = f"{page[-1][2].isoformat()} {page[-1][0]}" if len(found) > asked.limit else None
    return {"items": items, "next_cursor": more, "total": total}


def _registered() -> Any:
    return select(Device.id).where(Device.number == Signal.device_number).exists()


def _after(cursor: str) -> tuple[datetime, str]:
    at, _, number = cursor.partition(" ")
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("cursor", "malformed", "start again from the first page") from None
    if when.tzinfo is None or not number:
        raise Invalid("cursor", "malformed", "start again from the first page")
    return when, number


def _items(session: Session, centre: Centre, found: Sequence[Any]) -> list[dict[str, Any]]:
    numbers = [number for number, *_ in found]
    kinds: defaultdict[str, dict[str, int]] = defaultdict(dict)
    counted = select(Signal.device_number, Signal.kind, func.count()).where(*STRANGE, Signal.device_number.in_(numbers))
    for number, kind, n in session.execute(counted.group_by(Signal.device_number, Signal.kind)):
        kinds[str(number)][str(kind)] = n
    waiting = (
        select(Case.origin_device, func.max(Case.id))
        .where(Case.origin_device.in_(numbers), Case.household_id.is_(None))
        .where(Case.kind == Kind.EMERGENCY, Case.state.in_(OPEN))
        .group_by(Case.origin_device)
    )
    cases = {row[0]: row[1] for row in session.execute(waiting)}
    items = []
    for number, first_at, last_at, n in found:
        source, said = _said(session, number)
        items.append(
            {
                "number": number,
                "source": source,
                "first_at": stamp(first_at),
                "last_at": stamp(last_at),
                "signals": n,
                "kinds": dict(sorted(kinds[number].items(), key=lambda one: -one[1])),
                "case_id": str(cases[number]) if number in cases else None,
                "name": str(said["name"])[:80] if said.get("name") else None,
                "model": _model(session, centre, number, said.get("model"), kinds[number]),
            }
        )
    return items


def _said(session: Session, number: str) -> tuple[str, dict[str, Any]]:
    """By whom it came last, and what it or its bridge says of itself: the newest of each."""
    last = (
        select(Signal.source, Signal.data)
        .where(*STRANGE, Signal.device_number == number)
        .order_by(Signal.received_at.desc())
        .limit(LOOKED_AT)
    )
    rows = session.execute(last).all()
    found: dict[str, Any] = {}
    for _, data in reversed(rows):
        found |= data if isinstance(data, dict) else {}
    return rows[0].source, found


def _model(session: Session, centre: Centre, number: str, said: object, kinds: dict[str, int]) -> str | None:
    """What it probably is, for a person to confirm."""
    found = proposed(number, said, _neighbours(session, number))
    if found is None and set(kinds) & {SignalKind.SOS, SignalKind.CANCEL}:
        found = next(iter(centre.devices.named("button")), None)
    return found


def _neighbours(session: Session, number: str) -> list[tuple[str, str]]:
    """By the index of the numbers, upwards and downwards."""
    known = select(Device.number, Device.model)
    below = session.execute(known.where(Device.number < number).order_by(Device.number.desc()).limit(NEIGHBOURS))
    above = session.execute(known.where(Device.number > number).order_by(Device.number).limit(NEIGHBOURS))
    return [(n, model) for n, model in (*below, *above)]
