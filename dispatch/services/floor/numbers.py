"""The numbers of the floor. Each is defined here once; the page, the wall board and the tests read the same functions.

An *alarm or call* is a case that a device or a caller opened; what an operator writes down at the counter is not one,
since nobody waited for an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Channel, Kind, State
from dispatch.domain.floor import Answered, Wait, answered_within, per_slot
from dispatch.models.cases import Case
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.floor.positions import Seat, cases_in_hand, seat_json, seats
from dispatch.services.rows import stamp, visible

SLOT = timedelta(minutes=10)


def _seen(columns: Any, actor: Actor) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = columns.select_from(Case).outerjoin(Area, Area.id == Case.area_id)
    return visible(statement, actor)


def came_in() -> Any:
    """An alarm of a device, or a call: somebody waits for an answer."""
    return (Case.channel == Channel.DEVICE) & (Case.kind == Kind.EMERGENCY) | (Case.cause == "call")


@dataclass(frozen=True)
class Waiting:
    number: int
    oldest: datetime | None


def waiting(session: Session, actor: Actor) -> dict[int, Waiting]:
    """By priority: cases that nobody has and nobody has put off, and since when the oldest of them waits."""
    columns = select(Case.priority, func.count(Case.id), func.min(Case.waiting_since))
    found = session.execute(
        _seen(columns, actor).where(Case.state == State.NEW, Case.held_until.is_(None)).group_by(Case.priority)
    )
    known = {priority: Waiting(number, oldest) for priority, number, oldest in found}
    return {priority: known.get(priority, Waiting(0, None)) for priority in (1, 2, 3, 4)}


def day_began(centre: Centre, now: datetime) -> datetime:
    """Midnight where the centre is."""
    local = now.astimezone(centre.zone)
    return datetime.combine(local.date(), time(), centre.zone).astimezone(now.tzinfo)


def waits(session: Session, actor: Actor, since: datetime) -> list[Wait]:
    """Each alarm or call since then, and when a person took it. One that was merged away unanswered was answered as a
    part of the other, and one that a call brought back is the first wait again, for its answer is the first."""
    columns = _seen(select(Case.opened_at, Case.answered_at), actor)
    merged = (Case.state == State.MERGED) & Case.answered_at.is_(None)
    return [Wait(*found) for found in session.execute(columns.where(Case.opened_at >= since, came_in(), ~merged))]


def answered_today(session: Session, centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    today = waits(session, actor, day_began(centre, now))
    return [
        answered_json(answered_within(today, target.within, now), target.percent) for target in centre.floor.targets
    ]


def answered_json(found: Answered, target: float) -> dict[str, Any]:
    return {
        "within": found.within,
        "percent": found.percent,
        "target": target,
        "in_time": found.in_time,
        "counted": found.counted,
    }


def trend(session: Session, centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Alarms and calls in each ten minutes of the last hours, the newest stretch last and ending now."""
    slots = centre.floor.trend // SLOT
    times = session.scalars(
        _seen(select(Case.opened_at), actor).where(Case.opened_at > now - slots * SLOT, came_in())
    ).all()
    counted = per_slot(times, now, slots, SLOT)
    return [{"from": stamp(now - (slots - n) * SLOT), "alarms": number} for n, number in enumerate(counted)]


def load(session: Session, centre: Centre, actor: Actor, here: list[Seat], now: datetime) -> dict[str, Any]:
    """Alarms and calls of the last ten minutes for each position where somebody can answer."""
    alarms = session.scalar(_seen(select(func.count(Case.id)), actor).where(Case.opened_at > now - SLOT, came_in()))
    staffed = sum(seat.staffed for seat in here)
    each = round((alarms or 0) / staffed, 1) if staffed else None
    return {"alarms": alarms or 0, "positions": staffed, "each": each, "line": centre.floor.flood_line}


def taken_lately(session: Session, now: datetime) -> dict[int, int]:
    """By person: alarms and calls of theirs that were answered in the last ten minutes."""
    found = session.execute(
        select(Case.owner_id, func.count(Case.id))
        .where(Case.answered_at > now - SLOT, Case.opened_at > now - timedelta(days=1), came_in())
        .where(Case.owner_id.is_not(None))
        .group_by(Case.owner_id)
    )
    return {owner_id: number for owner_id, number in found if owner_id is not None}


def numbers(centre: Centre, actor: Actor, now: datetime) -> dict[str, Any]:
    """What the supervisor sees first, in one consistent moment."""
    with centre.database.reads() as session:
        here = seats(session, centre, actor, now)
        in_hand = cases_in_hand(session, [seat.user.id for seat in here])
        taken = taken_lately(session, now)
        return {
            "server_time": stamp(now),
            "waiting": [
                {"priority": priority, "number": one.number, "oldest": stamp(one.oldest)}
                for priority, one in waiting(session, actor).items()
            ],
            "answered": answered_today(session, centre, actor, now),
            "load": load(session, centre, actor, here, now),
            "positions": [seat_json(seat, taken, in_hand) for seat in here],
            "trend": trend(session, centre, actor, now),
        }
