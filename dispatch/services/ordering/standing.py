"""Standing orders as people keep them: made, changed, paused, ended. What was promised already stays promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from dispatch.domain.case import Channel, State
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid, NotFound, VersionConflict
from dispatch.domain.helps.standing import MOST_WEEKS, Off
from dispatch.models.cases import Case
from dispatch.models.helps import Order
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.standing import StandingOrder, StandingPause
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.helps.ending import live_of
from dispatch.services.helps.orders import LONGEST_WINDOW, check_worker, named
from dispatch.services.ordering import planning
from dispatch.services.ordering.changing import Because, call_off
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

NEXT = 5
"""So many days ahead are shown of each."""
Answer = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """What it is to be."""

    item: str
    weekdays: frozenset[int]
    starts: str
    first: date
    every_weeks: int = 1
    until: str | None = None
    last: date | None = None
    skip_holidays: bool = False
    sex: str | None = None
    worker_id: int | None = None
    agreed: bool = False
    remind: bool = False
    text: str | None = None


@dataclass(frozen=True)
class Asked:
    """How it was asked for, and by whom in the elder's place: ``name``, ``relation``."""

    channel: Channel
    applicant: dict[str, str]


def make(centre: Centre, elder_id: int, act: Act, shape: Shape, asked: Asked) -> Answer:
    """A new one, and at once its orders for the days to come. Raises ``Invalid``."""

    def work(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if elder.archived_at is not None:
            raise Conflict("this file is archived: restore it first")
        new = StandingOrder(
            elder_id=elder.id,
            channel=asked.channel,
            applicant=asked.applicant,
            made_at=act.now,
            made_by=act.actor.name or act.actor.kind,
            version=1,
        )
        _put(session, centre, act, new, shape)
        session.add(new)
        session.flush()
        planning.plan(session, planning.Look(centre, act.actor, act.now), [new])
        _write(session, act, new, "standing_made")
        return _seen(session, centre, [new], act.now)[0]

    return once(centre, act, f"standing:{elder_id}:make", work)


def change(centre: Centre, standing_id: int, act: Act, shape: Shape) -> Answer:
    """Its orders that nobody has promised or touched by hand follow; the others stay as they were agreed."""

    def work(session: Session, one: StandingOrder) -> None:
        _put(session, centre, act, one, shape)

    return _changed(centre, standing_id, act, "standing_changed", work)


def pause(centre: Centre, standing_id: int, act: Act, span: tuple[date, date | None], reason: str | None) -> Answer:
    """Not wanted in these days. What was promised for one of them is called off, and whoever was to come is told."""
    first, last = span
    if last is not None and last < first:
        raise Invalid("last", "before-start", "the last day lies before the first one")

    def work(session: Session, one: StandingOrder) -> None:
        who = act.actor.name or act.actor.kind
        new = StandingPause(standing_id=one.id, first=first, last=last, reason=reason, made_at=act.now, made_by=who)
        session.add(new)

    return _changed(centre, standing_id, act, "standing_paused", work)


def resume(centre: Centre, standing_id: int, act: Act, pause_id: int) -> Answer:
    """The pause is taken back: its days still to come are planned again."""

    def work(session: Session, one: StandingOrder) -> None:
        gone = delete(StandingPause).where(StandingPause.id == pause_id, StandingPause.standing_id == one.id)
        if session.execute(gone).rowcount != 1:  # type: ignore[attr-defined]
            raise NotFound(f"there is no pause {pause_id}")

    return _changed(centre, standing_id, act, "standing_resumed", work)


def end(centre: Centre, standing_id: int, act: Act, *, reason: str) -> Answer:
    """No further ones. Those still to come are called off, the promised ones too."""

    def work(session: Session, one: StandingOrder) -> None:
        _end(one, act, reason)

    return _changed(centre, standing_id, act, "standing_ended", work, off=Off.ENDED)


def end_all(session: Session, centre: Centre, elder_id: int, act: Act, *, reason: str) -> None:
    """The elder's file is archived."""
    statement = select(StandingOrder).where(StandingOrder.elder_id == elder_id, StandingOrder.ended_at.is_(None))
    for one in session.scalars(statement.order_by(StandingOrder.id).with_for_update()).all():
        _end(one, act, reason)
        session.flush()
        planning.plan(session, planning.Look(centre, act.actor, act.now, Off.ENDED), [one])
        _write(session, act, one, "standing_ended")
    _call_off_the_rest(session, centre, elder_id, act)


def _call_off_the_rest(session: Session, centre: Centre, elder_id: int, act: Act) -> None:
    """What was moved by hand lies on other days, and is not wanted any more all the same."""
    rest = (
        select(Order, Case)
        .join(Case, Case.id == Order.case_id)
        .where(Case.elder_id == elder_id, Case.state == State.PLANNED)
        .order_by(Case.id)
        .with_for_update(of=Case)
    )
    for order, case in session.execute(rest).all():
        job = live_of(session, case.id)
        try:
            call_off(session, centre, case, order, Because(act.actor, act.now, Off.ENDED))
        except IllegalTransition:  # somebody is there at this moment: the visit ends by itself
            assert job is not None
            continue


def _end(one: StandingOrder, act: Act, reason: str) -> None:
    one.ended_at, one.end_reason = act.now, reason


Work = Callable[[Session, StandingOrder], None]


def _changed(centre: Centre, standing_id: int, act: Act, action: str, work: Work, *, off: Off = Off.CHANGED) -> Answer:
    def whole(session: Session) -> Answer:
        one = _own(session, standing_id, act)
        work(session, one)
        one.version += 1
        session.flush()
        planning.plan(session, planning.Look(centre, act.actor, act.now, off), [one])
        _write(session, act, one, action)
        return _seen(session, centre, [one], act.now)[0]

    return once(centre, act, f"standing:{standing_id}:{action}", whole)


def _own(session: Session, standing_id: int, act: Act) -> StandingOrder:
    """Locked. Raises ``NotFound``, ``Conflict`` for one that has ended, ``VersionConflict``."""
    statement = _within(act).where(StandingOrder.id == standing_id).with_for_update(of=StandingOrder)
    one = session.scalar(statement.execution_options(populate_existing=True))
    if one is None:
        raise NotFound(f"there is no standing order {standing_id} in your areas")
    if one.ended_at is not None:
        raise Conflict("this standing order has ended: make a new one")
    if act.version is not None and act.version != one.version:
        raise VersionConflict("somebody changed this standing order in the meantime", version=one.version)
    return one


def _within(act: Act) -> Select[*tuple[StandingOrder]]:
    return (
        select(StandingOrder)
        .join(Elder, Elder.id == StandingOrder.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(act.actor.paths))
    )


def _put(session: Session, centre: Centre, act: Act, one: StandingOrder, shape: Shape) -> None:
    """Raises ``Invalid``."""
    item = named(centre, shape.item)
    if item.urgent:
        raise Invalid("item", "urgent", "emergency help is not ordered ahead")
    if not shape.weekdays or not shape.weekdays <= frozenset(range(7)):
        raise Invalid("weekdays", "out-of-range", "choose days of the week, 0 Monday to 6 Sunday")
    if not 1 <= shape.every_weeks <= MOST_WEEKS:
        raise Invalid("every_weeks", "out-of-range", f"every week, or every second to {MOST_WEEKS}th one")
    if shape.last is not None and shape.last < shape.first:
        raise Invalid("last", "before-start", "the last day lies before the first one")
    _check_times(shape)
    if shape.agreed and shape.worker_id is None:
        raise Invalid("worker_id", "required", "say who has agreed to all of it")
    one.item, one.minutes = item.code, item.minutes
    one.weekdays, one.every_weeks = sorted(shape.weekdays), shape.every_weeks
    one.starts, one.until, one.first, one.last = shape.starts, shape.until, shape.first, shape.last
    one.skip_holidays, one.sex, one.text = shape.skip_holidays, shape.sex, shape.text
    one.worker_id = check_worker(session, act.actor, shape.worker_id)
    one.agreed, one.remind = shape.agreed, shape.remind


def _check_times(shape: Shape) -> None:
    day = date(2026, 1, 1)
    begins = datetime.combine(day, _clock("starts", shape.starts))
    if shape.until is None:
        return
    ends = datetime.combine(day, _clock("until", shape.until))
    if not timedelta(0) < ends - begins <= LONGEST_WINDOW:
        raise Invalid("until", "out-of-range", "the window ends after it begins, on the same day")


def _clock(field: str, text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise Invalid(field, "malformed", "write a time of day like 11:30") from None


def _write(session: Session, act: Act, one: StandingOrder, action: str) -> None:
    deed = Deed(action, Subject("elder", one.elder_id), one.end_reason, {"standing": one.id, "item": one.item})
    trail.write(session, act.actor, deed, act.now)


# -- seen


def of_elder(centre: Centre, elder_id: int, act: Act) -> list[Answer]:
    """All of them, those that go on first."""
    with centre.database.reads() as session:
        elder_within(session, elder_id, act.actor)
        return seen_of(session, centre, elder_id, act.now)


def seen_of(session: Session, centre: Centre, elder_id: int, now: datetime) -> list[Answer]:
    statement = select(StandingOrder).where(StandingOrder.elder_id == elder_id)
    order = (StandingOrder.ended_at.is_not(None), StandingOrder.id.desc())
    return _seen(session, centre, session.scalars(statement.order_by(*order).limit(100)).all(), now)


def one(centre: Centre, standing_id: int, act: Act) -> Answer:
    with centre.database.reads() as session:
        found = session.scalar(_within(act).where(StandingOrder.id == standing_id))
        if found is None:
            raise NotFound(f"there is no standing order {standing_id} in your areas")
        return _seen(session, centre, [found], act.now)[0]


def _seen(session: Session, centre: Centre, found: Any, now: datetime) -> list[Answer]:
    ids = [one.id for one in found]
    pauses: dict[int, list[StandingPause]] = {one_id: [] for one_id in ids}
    of_these = select(StandingPause).where(StandingPause.standing_id.in_(ids)).order_by(StandingPause.first)
    for pause in session.scalars(of_these):
        pauses[pause.standing_id].append(pause)
    of_workers = select(Worker.id, Worker.name).where(Worker.id.in_([one.worker_id for one in found if one.worker_id]))
    names = {worker_id: name for worker_id, name in session.execute(of_workers)}  # noqa: C416 -- rows are no pairs
    coming = _coming(session, ids, now)
    ahead = planning.count_ahead(session, ids, now)
    return [
        {
            **_json(centre, one, now),
            "worker": {"id": str(one.worker_id), "name": names.get(one.worker_id, "")} if one.worker_id else None,
            "pauses": [_pause_json(pause) for pause in pauses[one.id]],
            "next": coming.get(one.id, []),
            "ahead": ahead.get(one.id, 0),
        }
        for one in found
    ]


def _json(centre: Centre, one: StandingOrder, now: datetime) -> Answer:
    item = centre.catalogue.items.get(one.item)
    return {
        "id": str(one.id),
        "elder_id": str(one.elder_id),
        "item": one.item,
        "help": item.help.value if item else None,
        "zh": item.words.zh if item else one.item,
        "en": item.words.en if item else one.item,
        "price_fen": item.price(now.astimezone(centre.zone).date()) if item else None,
        "weekdays": one.weekdays,
        "every_weeks": one.every_weeks,
        "starts": one.starts,
        "until": one.until,
        "first": one.first.isoformat(),
        "last": one.last and one.last.isoformat(),
        "skip_holidays": one.skip_holidays,
        "sex": one.sex,
        "agreed": one.agreed,
        "remind": one.remind,
        "text": one.text,
        "channel": one.channel,
        "applicant": one.applicant or None,
        "made_at": stamp(one.made_at),
        "made_by": one.made_by,
        "ended_at": stamp(one.ended_at),
        "end_reason": one.end_reason,
        "version": one.version,
    }


def _pause_json(pause: StandingPause) -> Answer:
    return {
        "id": str(pause.id),
        "first": pause.first.isoformat(),
        "last": pause.last and pause.last.isoformat(),
        "reason": pause.reason,
        "made_by": pause.made_by,
    }


def _coming(session: Session, ids: list[int], now: datetime) -> dict[int, list[Answer]]:
    """The next days of each, also those that are called off: somebody asks why nobody comes on Sunday."""
    rows = session.execute(
        select(Order.standing_id, Order.off, Case.id, Case.wanted_at, Case.state)
        .join(Case, Case.id == Order.case_id)
        .where(Order.standing_id.in_(ids), Case.wanted_at > now)
        .order_by(Case.wanted_at)
    )
    found: dict[int, list[Answer]] = {}
    for standing_id, off, case_id, at, state in rows:
        days = found.setdefault(standing_id or 0, [])
        if len(days) < NEXT:
            days.append({"case_id": str(case_id), "at": stamp(at), "state": state, "off": off})
    return found
