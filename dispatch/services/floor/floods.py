"""A flood: many alarms of one kind from one community are one happening, and are proposed, declared and ended as one.

Nothing of this stands in the way of an alarm: the tick looks at the rows that the intake has written, links them, and
says so in the live stream. An urgent case is linked like the others and stays a row of its own everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import OPEN, Channel, Kind
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.floor import GROUPED, LASTING, EventState
from dispatch.models.cases import Case
from dispatch.models.floor import AreaEvent
from dispatch.models.places import Area, ids_in, inside
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import announce, record
from dispatch.services.rows import event_of, stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact
from dispatch.services.work import Act

COMMUNITY = 5
BATCH = 500
SHOWN_ENDED = 50


@dataclass
class _Heap:
    """The alarms of one kind from one community within the window."""

    count: int = 0
    first_at: datetime | None = None

    def add(self, count: int, first_at: datetime) -> None:
        self.count += count
        self.first_at = min(self.first_at or first_at, first_at)


def tick(centre: Centre, now: datetime) -> int:
    """Propose what has become a flood, let the rest of it join, and end what has been quiet; returns how many events
    changed. One indexed look when nothing is going on."""
    changed = 0
    with centre.database.reads() as session:
        floods = _floods(session, centre, now)
        lasting = list(session.scalars(select(AreaEvent.id).where(AreaEvent.state.in_(LASTING))))
        quiet = list(session.scalars(select(AreaEvent.id).where(AreaEvent.quiet_at <= now)))
    for (area_id, cause), heap in floods.items():
        proposed = _propose(centre, area_id, cause, heap, now)
        if proposed is not None:
            lasting.append(proposed)
            changed += 1
    for event_id in lasting:
        while _join(centre, event_id, now) == BATCH:
            pass
    for event_id in quiet:
        changed += int(_end_quiet(centre, event_id, now))
    return changed


def _floods(session: Session, centre: Centre, now: datetime) -> dict[tuple[int, str], _Heap]:
    """Communities and kinds with enough alarms in the window and no event yet."""
    rules = centre.floor
    counted = session.execute(
        select(Area.id, Case.cause, func.count(Case.id), func.min(Case.opened_at))
        .join(Area, Area.id == Case.area_id)
        .where(*_alarms(now - rules.flood_window))
        .group_by(Area.id, Case.cause)
    ).all()
    if sum(number for _, _, number, _ in counted) < rules.flood_alarms:
        return {}
    community = _communities(session, {area_id for area_id, *_ in counted})
    heaps: dict[tuple[int, str], _Heap] = defaultdict(_Heap)
    for area_id, cause, number, first_at in counted:
        heaps[community[area_id], cause].add(number, first_at)
    known = _known(session, centre, now)
    return {key: heap for key, heap in heaps.items() if heap.count >= rules.flood_alarms and key not in known}


def _alarms(since: datetime) -> tuple[Any, ...]:
    return (
        Case.opened_at >= since,
        Case.kind == Kind.EMERGENCY,
        Case.channel == Channel.DEVICE,
        Case.area_id.is_not(None),
    )


def _communities(session: Session, area_ids: Iterable[int]) -> dict[int, int]:
    """Each area's community: itself, or the one around it; an area above the communities stands for itself."""
    paths = dict(session.execute(select(Area.id, Area.path).where(Area.id.in_(area_ids))).all())
    around = {area_id for path in paths.values() for area_id in ids_in(path)}
    communities = set(session.scalars(select(Area.id).where(Area.id.in_(around), Area.level == COMMUNITY)))
    return {
        area_id: next((one for one in ids_in(path) if one in communities), area_id) for area_id, path in paths.items()
    }


def _known(session: Session, centre: Centre, now: datetime) -> set[tuple[int, str]]:
    """What is an event already, or was looked at and dismissed or ended a moment ago."""
    recent = select(AreaEvent.area_id, AreaEvent.cause).where(
        AreaEvent.state.in_(LASTING) | (AreaEvent.ended_at > now - centre.floor.flood_dismissed)
    )
    return set(session.execute(recent).all())


def _propose(centre: Centre, area_id: int, cause: str, heap: _Heap, now: datetime) -> int | None:
    def once(session: Session) -> int | None:
        if session.scalar(_lasting_of(area_id, cause)) is not None:
            return None  # another clock, or a person, was first
        event = _new(session, centre, area_id, cause, now)
        event.since = heap.first_at or now
        session.add(event)
        session.flush()
        return event.id

    return transact(centre, once)


def _lasting_of(area_id: int, cause: str) -> Any:
    return select(AreaEvent).where(AreaEvent.area_id == area_id, AreaEvent.cause == cause, AreaEvent.state.in_(LASTING))


def _new(session: Session, centre: Centre, area_id: int, cause: str, now: datetime) -> AreaEvent:
    return AreaEvent(
        area_id=area_id,
        place=session.get_one(Area, area_id).name,
        cause=cause,
        state=EventState.PROPOSED,
        since=now - centre.floor.flood_window,
        last_at=now,
        proposed_at=now,
        quiet_at=now + centre.floor.flood_quiet,
    )


def _join(centre: Centre, event_id: int, now: datetime) -> int:
    """Link the open alarms that belong to the event and are not in it yet. A case that somebody works on at this
    moment is left for the next tick rather than waited for."""
    with centre.database.reads() as session:
        event = session.get_one(AreaEvent, event_id)
        path = session.get_one(Area, event.area_id).path
        found = list(session.scalars(_unlinked(event, path)))
    if not found:
        return 0
    with centre.database.sessions.begin() as session:
        event = session.get_one(AreaEvent, event_id, with_for_update=True)
        if event.state not in LASTING:
            return 0
        cases = session.scalars(
            select(Case)
            .where(Case.id.in_(found), Case.area_event_id.is_(None))
            .order_by(Case.id)
            .with_for_update(skip_locked=True)
        ).all()
        _link(session, centre, event, cases, now)
        return len(cases)


def _unlinked(event: AreaEvent, path: str) -> Any:
    return (
        select(Case.id)
        .join(Area, Area.id == Case.area_id)
        .where(*_alarms(event.since), Case.cause == event.cause, Case.area_event_id.is_(None), Case.state.in_(OPEN))
        .where(inside((path,)))
        .order_by(Case.id)
        .limit(BATCH)
    )


def _link(session: Session, centre: Centre, event: AreaEvent, cases: Iterable[Case], now: datetime) -> None:
    for case in cases:
        case.area_event_id = event.id
        event.last_at = max(event.last_at, case.opened_at)
        if event.state == EventState.DECLARED:
            _tell(session, case, event, SYSTEM, now)
        else:
            announce(session, [case.id], now)
    event.quiet_at = event.last_at + centre.floor.flood_quiet
    event.version += 1


def _tell(session: Session, case: Case, event: AreaEvent, actor: Actor, now: datetime) -> None:
    """On the timeline of a case that is handled with the others. An urgent one is handled by itself, and a row of ours
    must not come between it and the person who is just acting on it: it only shows the event."""
    if case.priority in GROUPED:
        data = {"area_event": str(event.id), "state": event.state, "place": event.place}
        record(session, case, "area_event", actor, now, data=data)
    else:
        announce(session, [case.id], now)


def _end_quiet(centre: Centre, event_id: int, now: datetime) -> bool:
    with centre.database.sessions.begin() as session:
        event = session.get_one(AreaEvent, event_id, with_for_update=True)
        if event.quiet_at is None or event.quiet_at > now:
            return False
        _end(session, event, EventState.ENDED, now)
        event.reason = "quiet"
        return True


def _end(session: Session, event: AreaEvent, state: EventState, now: datetime) -> None:
    event.state = state
    event.ended_at = now
    event.quiet_at = None
    event.version += 1
    members = select(Case.id).where(Case.area_event_id == event.id, Case.state.in_(OPEN))
    announce(session, session.scalars(members).all(), now)


def declare(
    centre: Centre, act: Act, *, event_id: int | None = None, area_id: int | None = None, cause: str = ""
) -> Any:
    """Say that it is one happening: a proposed event, or any kind of alarm in a community that nobody proposed.

    The same again changes nothing. Raises ``Conflict`` when it has ended in the meantime.
    """

    def once(session: Session) -> dict[str, Any]:
        if event_id is not None:
            event = _locked(session, event_id, act.actor)
        else:
            event = _find_or_new(session, centre, act, area_id, cause)
        if event.state not in LASTING:
            raise Conflict("this area event has ended", state=event.state)
        if event.state == EventState.PROPOSED:
            _declare(session, event, act)
        session.flush()
        return event_json(session, event)

    return transact(centre, once)


def _declare(session: Session, event: AreaEvent, act: Act) -> None:
    event.state = EventState.DECLARED
    event.declared_at = act.now
    event.declared_by = act.actor.user_id
    event.version += 1
    write(session, act.actor, Deed("area_event_declared", Subject("area_event", event.id)), act.now)
    members = select(Case).where(Case.area_event_id == event.id, Case.state.in_(OPEN)).order_by(Case.id)
    for case in session.scalars(members.with_for_update()):
        _tell(session, case, event, act.actor, act.now)


def _find_or_new(session: Session, centre: Centre, act: Act, area_id: int | None, cause: str) -> AreaEvent:
    area = session.scalar(select(Area).where(Area.id == area_id, inside(act.actor.paths)))
    if area is None or area.level < COMMUNITY:
        raise Invalid("area_id", "unknown", "choose a community in your areas")
    if cause not in {kind.value for kind in centre.priorities}:
        raise Invalid("cause", "unknown", "choose a kind of alarm")
    community = _communities(session, [area.id])[area.id]
    event: AreaEvent | None = session.scalar(_lasting_of(community, cause).with_for_update())
    if event is None:
        event = _new(session, centre, community, cause, act.now)
        session.add(event)
        session.flush()
    return event


def end(centre: Centre, event_id: int, act: Act, *, reason: str) -> dict[str, Any]:
    """A declared event is over; a proposed one is none, and is not proposed again for a while."""

    def once(session: Session) -> dict[str, Any]:
        event = _locked(session, event_id, act.actor)
        if event.state in LASTING:
            proposed = event.state == EventState.PROPOSED
            _end(session, event, EventState.DISMISSED if proposed else EventState.ENDED, act.now)
            event.ended_by = act.actor.user_id
            event.reason = reason
            deed = Deed(f"area_event_{event.state}", Subject("area_event", event.id), reason=reason)
            write(session, act.actor, deed, act.now)
        session.flush()
        return event_json(session, event)

    return transact(centre, once)


def _locked(session: Session, event_id: int, actor: Actor) -> AreaEvent:
    event = session.scalar(
        select(AreaEvent)
        .join(Area, Area.id == AreaEvent.area_id)
        .where(AreaEvent.id == event_id, inside(actor.paths))
        .with_for_update(of=AreaEvent)
    )
    if event is None:
        raise NotFound(f"there is no area event {event_id} in your areas")
    return event


def events(centre: Centre, actor: Actor) -> list[dict[str, Any]]:
    """Those that last, oldest first, and the latest that have ended."""
    mine = select(AreaEvent).join(Area, Area.id == AreaEvent.area_id).where(inside(actor.paths))
    with centre.database.reads() as session:
        lasting = session.scalars(mine.where(AreaEvent.state.in_(LASTING)).order_by(AreaEvent.id)).all()
        ended = session.scalars(
            mine.where(AreaEvent.ended_at.is_not(None)).order_by(AreaEvent.ended_at.desc()).limit(SHOWN_ENDED)
        ).all()
        return [event_json(session, event) for event in (*lasting, *ended)]


def event_json(session: Session, event: AreaEvent) -> dict[str, Any]:
    """``counts``: the open cases of the event by priority, and all that ever belonged to it."""
    counted = session.execute(
        select(Case.priority, func.count(Case.id))
        .where(Case.area_event_id == event.id, Case.state.in_(OPEN))
        .group_by(Case.priority)
    )
    total = session.scalar(select(func.count(Case.id)).where(Case.area_event_id == event.id))
    return {
        **event_of(event),
        "version": event.version,
        "last_at": stamp(event.last_at),
        "proposed_at": stamp(event.proposed_at),
        "declared_at": stamp(event.declared_at),
        "ended_at": stamp(event.ended_at),
        "reason": event.reason,
        "quiet_at": stamp(event.quiet_at),
        "open": {str(priority): number for priority, number in counted},
        "total": total,
    }
