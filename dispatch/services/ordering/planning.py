"""The days of standing orders become orders, some days ahead: once each, whoever plans and however often.

What was planned and is not wanted any more is called off, and what had only paused comes back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import Channel, State, Trigger
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.standing import RETURNS, Off, Pause, Rhythm, moment
from dispatch.models.cases import Case
from dispatch.models.helps import Order
from dispatch.models.people import Elder, absent
from dispatch.models.standing import StandingOrder, StandingPause
from dispatch.services.centre import Centre
from dispatch.services.helps.ending import live_of
from dispatch.services.helps.orders import remind_next
from dispatch.services.lifecycle import happened, move, open_with, record, set_deadline
from dispatch.services.opening import Scene, planned_case
from dispatch.services.ordering.changing import MOVABLE, Because, call_off
from dispatch.services.transact import transact

log = structlog.get_logger()
CHUNK = 100
"""Standing orders in one transaction: an alarm must not wait for a whole city's lunches."""
CHUNKS = 40
PRIORITY = 3
UNTOUCHED = frozenset({State.PLANNED, State.NEW})
"""States in which nobody at the desk has done anything about it yet."""


@dataclass
class Made:
    created: int = 0
    called_off: int = 0
    returned: int = 0


@dataclass(frozen=True)
class Look:
    """One look at some standing orders."""

    centre: Centre
    actor: Actor
    now: datetime
    off: Off = Off.CHANGED
    """Why what does not fall on its day any more is called off."""
    made: Made = field(default_factory=Made)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.centre.zone).date()

    @property
    def last(self) -> date:
        return self.today + timedelta(days=self.centre.orders.days_ahead)


def tick(centre: Centre, now: datetime) -> dict[str, Any] | None:
    """Plan what is missing; answers how much was done and how much is left. Safe to run twice at once."""
    look, chunks = Look(centre, SYSTEM, now), 0
    while chunks < CHUNKS and (ids := _behind(centre, look)):
        transact(centre, lambda session, ids=ids: _chunk(session, look, ids))  # type: ignore[misc]
        chunks += 1
    if not chunks:
        return None
    left = len(_behind(centre, look, limit=None))
    log.info("standing_orders_planned", created=look.made.created, left=left)
    return {"created": look.made.created, "left": left}


def _behind(centre: Centre, look: Look, limit: int | None = CHUNK) -> list[int]:
    """A look that writes nothing: an idle clock must not take the write lock of SQLite."""
    behind = or_(StandingOrder.planned_to.is_(None), StandingOrder.planned_to < look.last)
    statement = select(StandingOrder.id).where(StandingOrder.ended_at.is_(None), behind)
    with centre.database.reads() as session:
        return list(session.scalars(statement.order_by(StandingOrder.id).limit(limit)))


def _chunk(session: Session, look: Look, ids: Sequence[int]) -> None:
    statement = select(StandingOrder).where(StandingOrder.id.in_(ids)).order_by(StandingOrder.id)
    plan(session, look, session.scalars(statement.with_for_update()).all())


def of_elder(session: Session, centre: Centre, elder_id: int, actor: Actor, now: datetime) -> None:
    """The elder goes to hospital or comes home: what is planned for them follows at once."""
    statement = select(StandingOrder).where(StandingOrder.elder_id == elder_id, StandingOrder.ended_at.is_(None))
    found = session.scalars(statement.order_by(StandingOrder.id).with_for_update()).all()
    if found:
        plan(session, Look(centre, actor, now), found)


def plan(session: Session, look: Look, standing: Sequence[StandingOrder]) -> Made:
    """The orders of these, from now to the last day that is planned. The caller holds them."""
    rhythms = _rhythms(session, standing)
    known = _known(session, look, [one.id for one in standing])
    elders = _elders(session, [one.elder_id for one in standing])
    fresh: list[tuple[StandingOrder, date, datetime]] = []
    for one in standing:
        elder, rhythm = elders[one.elder_id], rhythms[one.id]
        falls = {} if one.ended_at is not None else _wanted(look, one, rhythm, elder)
        for day, (order, case) in known[one.id].items():
            _reconcile(session, look, (one, order, case), falls.get(day, (None, look.off)))
        for day, (at, off) in falls.items():
            if off is None and day not in known[one.id]:
                fresh.append((one, day, at))
        one.planned_to = look.last
    _create(session, look, fresh, elders)
    return look.made


def rhythm_of(one: StandingOrder, pauses: Sequence[StandingPause]) -> Rhythm:
    return Rhythm(
        weekdays=frozenset(one.weekdays),
        every_weeks=one.every_weeks,
        first=one.first,
        last=one.last,
        skip_holidays=one.skip_holidays,
        pauses=tuple(Pause(pause.first, pause.last) for pause in pauses),
    )


def _rhythms(session: Session, standing: Sequence[StandingOrder]) -> dict[int, Rhythm]:
    pauses: dict[int, list[StandingPause]] = defaultdict(list)
    statement = select(StandingPause).where(StandingPause.standing_id.in_([one.id for one in standing]))
    for pause in session.scalars(statement):
        pauses[pause.standing_id].append(pause)
    return {one.id: rhythm_of(one, pauses[one.id]) for one in standing}


def _elders(session: Session, ids: Sequence[int]) -> dict[int, Elder]:
    statement = select(Elder).where(Elder.id.in_(ids)).options(joinedload(Elder.household))
    return {elder.id: elder for elder in session.scalars(statement)}


def _known(session: Session, look: Look, ids: Sequence[int]) -> dict[int, dict[date, tuple[Order, Case]]]:
    """Of each, what exists from today on. Cases are locked in the order of their ids, as everywhere."""
    rows = session.execute(
        select(Order, Case)
        .join(Case, Case.id == Order.case_id)
        .where(Order.standing_id.in_(ids), Order.day >= look.today)
        .order_by(Case.id)
        .with_for_update(of=Case)
    )
    found: dict[int, dict[date, tuple[Order, Case]]] = defaultdict(dict)
    for order, case in rows:
        found[order.standing_id or 0][order.day or look.today] = (order, case)
    return found


def _wanted(look: Look, one: StandingOrder, rhythm: Rhythm, elder: Elder) -> dict[date, tuple[datetime, Off | None]]:
    """By day, when it is to be, and why it is not. What lies in the past is not planned any more."""
    found: dict[date, tuple[datetime, Off | None]] = {}
    for day in rhythm.days(look.today, look.last):
        at = moment(day, one.starts, look.centre.zone)
        if at <= look.now:
            continue
        off = rhythm.off(day, look.centre.orders.holidays)
        if off is None and absent(elder.absence_kind, elder.absence_until, at) is not None:
            off = Off.ABSENT
        found[day] = (at, off)
    return found


def _reconcile(
    session: Session,
    look: Look,
    of: tuple[StandingOrder, Order, Case],
    wanted: tuple[datetime | None, Off | None],
) -> None:
    """Bring one order in line. Somebody's hand counts more than the standing order, a promise more than a change."""
    one, order, case = of
    at, off = wanted
    if case.wanted_at is None or case.wanted_at <= look.now or order.by_hand:
        return
    state, job = State(case.state), live_of(session, case.id)
    if off is not None:
        there = job is not None and job.state == AssignmentState.ARRIVED
        if state in (UNTOUCHED if off is Off.CHANGED else MOVABLE) and not there and not (job and off is Off.CHANGED):
            call_off(session, look.centre, case, order, Because(look.actor, look.now, off))
            look.made.called_off += 1
        return
    if state is State.CANCELLED and order.off in RETURNS:
        move(case, Trigger.PLAN)
        case.outcome = case.closed_at = order.off = None
        _shape(look, one, order, case, at)
        record(session, case, "order_returned", look.actor, look.now)
        look.made.returned += 1
    elif state in UNTOUCHED and job is None:
        _shape(look, one, order, case, at)


def _shape(look: Look, one: StandingOrder, order: Order, case: Case, at: datetime | None) -> None:
    """As the standing order is now, at the price that the order was made for unless it is for another thing."""
    item = look.centre.catalogue.items[one.item]
    if order.item != one.item and order.day is not None:
        order.price_fen = item.price(order.day)
    order.item, order.minutes, order.sex, order.worker_id = one.item, one.minutes, one.sex, one.worker_id
    case.help, case.text, case.wanted_at = item.help, one.text, at
    if at is not None and order.day is not None:
        order.wanted_until = moment(order.day, one.until, look.centre.zone) if one.until else None
    if at is not None and case.state == State.PLANNED:
        set_deadline(case, Deadline(max(look.now, look.centre.orders.comes_up_at(at, look.centre.zone)), Due.COME_UP))
    remind_next(look.centre, order, case, look.now)


def _create(
    session: Session,
    look: Look,
    fresh: Sequence[tuple[StandingOrder, date, datetime]],
    elders: dict[int, Elder],
) -> None:
    """Past the unit of work: a night of a city is fourteen thousand of them."""
    if not fresh:
        return
    centre, now = look.centre, look.now
    cases, events = [], []
    for one, _day, at in fresh:
        elder, item = elders[one.elder_id], centre.catalogue.items[one.item]
        scene = Scene.of(elder, elder.household, at)
        case = planned_case(centre, help_=item.help, priority=PRIORITY, at=now, scene=scene)
        case.channel, case.text, case.wanted_at = Channel(one.channel), one.text, at
        set_deadline(case, Deadline(max(now, centre.orders.comes_up_at(at, centre.zone)), Due.COME_UP))
        data: dict[str, Any] = {"kind": case.kind, "standing": str(one.id)}
        if one.applicant:
            data["applicant"] = one.applicant
        events.append(happened(case, "planned", SYSTEM, now, channel=one.channel, data=data))
        cases.append(case)
    ids = open_with(session, cases, events)
    rows = [
        _order_row(look, one, day, at) | {"case_id": case_id}
        for (one, day, at), case_id in zip(fresh, ids, strict=True)
    ]
    session.execute(insert(Order), rows)
    look.made.created += len(rows)


def _order_row(look: Look, one: StandingOrder, day: date, at: datetime) -> dict[str, Any]:
    centre = look.centre
    reminder = centre.orders.next_reminder(at, look.now, centre.zone)
    return {
        "item": one.item,
        "minutes": one.minutes,
        "price_fen": centre.catalogue.items[one.item].price(day),
        "sex": one.sex,
        "worker_id": one.worker_id,
        "wanted_until": moment(day, one.until, centre.zone) if one.until else None,
        "standing_id": one.id,
        "day": day,
        "remind_at": reminder[0] if reminder else None,
        "remind": reminder[1] if reminder else None,
        "ordered_at": look.now,
    }


def count_ahead(session: Session, ids: Sequence[int], now: datetime) -> dict[int, int]:
    """Of each standing order, how many of its orders still lie ahead."""
    counted = (
        select(Order.standing_id, func.count())
        .join(Case, Case.id == Order.case_id)
        .where(Order.standing_id.in_(ids), Case.wanted_at > now, Case.state != State.CANCELLED)
        .group_by(Order.standing_id)
    )
    return {standing_id or 0: number for standing_id, number in session.execute(counted)}
