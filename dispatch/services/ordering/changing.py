"""An order is changed, moved to another time or cancelled: by whoever hears it at the telephone or at the counter.

Whoever was promised to go is told in the same transaction, and so are the elder and whoever asked in the elder's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Flag, Kind, State, Trigger
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.helps.assignments import AssignmentState, Deed
from dispatch.domain.helps.matching import RELAXABLE
from dispatch.domain.helps.offers import Mode, PlanState
from dispatch.domain.helps.standing import Off
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Order
from dispatch.services.centre import Centre
from dispatch.services.helps import ending
from dispatch.services.helps.asking import Start, begin, nobody_asked
from dispatch.services.helps.candidates import match
from dispatch.services.helps.ending import Ends
from dispatch.services.helps.orders import (
    check_window,
    check_worker,
    help_of,
    keep,
    named,
    order_of,
    remind_next,
    wanted_of,
)
from dispatch.services.lifecycle import acted, drop, end_watch, move, record, set_deadline
from dispatch.services.ordering.telling import News, tell_helper, tell_home
from dispatch.services.response import settling
from dispatch.services.rows import Row, stamp
from dispatch.services.work import Act, perform

FURTHEST = timedelta(days=366)
MOVABLE = frozenset({State.PLANNED, State.NEW, State.OWNED, State.DISPATCHING, State.ASSIGNED})


@dataclass(frozen=True)
class Changes:
    """What is set is changed; ``sex`` and ``worker_id`` as "" and 0 are taken back."""

    item: str | None = None
    sex: str | None = None
    worker_id: int | None = None
    text: str | None = None


@dataclass(frozen=True)
class To:
    """Another time."""

    wanted_at: datetime
    wanted_until: datetime | None = None
    reason: str | None = None
    ask_again: bool = True
    """Whoever was to come is asked for the new time first."""


def change(centre: Centre, case_id: int, act: Act, changes: Changes) -> Row:
    """What is wanted, by whom. Raises ``Conflict`` while somebody goes for what is to be another thing."""

    def work(session: Session, case: Case) -> None:
        order = _order(session, centre, case, act.now)
        what = {name: value for name, value in vars(changes).items() if value is not None}
        if not what:
            raise Invalid("item", "required", "say what is to be different")
        if set(what) - {"text"} and ending.live_of(session, case.id) is not None:
            raise Conflict("somebody goes already: move the order, or take the job back first")
        _apply(session, centre, (case, order), act, changes)
        _touched(case, order, act)
        told = {name: str(value) for name, value in what.items() if name != "text"}
        record(session, case, "order_changed", act.actor, act.now, text=changes.text, data=told)

    return perform(centre, case_id, act, work)


def _apply(session: Session, centre: Centre, of: tuple[Case, Order], act: Act, changes: Changes) -> None:
    case, order = of
    if changes.item is not None:
        if named(centre, changes.item).help != help_of(case):
            raise Invalid("item", "other-help", f"{changes.item} belongs to {named(centre, changes.item).help.value}")
        keep(session, centre, case, wanted_of(session, centre, case, changes.item), act.now)
    if changes.sex is not None:
        order.sex = changes.sex or None
    if changes.worker_id is not None:
        order.worker_id = check_worker(session, act.actor, changes.worker_id or None)
    if changes.text is not None:
        case.text = changes.text


def reschedule(centre: Centre, case_id: int, act: Act, to: To) -> Row:
    """Another time. Whoever was promised for the old one is told, and by choice asked for the new one first.

    Raises ``Invalid`` for a time that is over, ``IllegalTransition`` where somebody is there already.
    """
    if not act.now < to.wanted_at <= act.now + FURTHEST:
        raise Invalid("wanted_at", "out-of-range", "choose a time that is still to come, within a year")
    check_window(to.wanted_at, to.wanted_until)

    def work(session: Session, case: Case) -> None:
        order = _order(session, centre, case, act.now)
        job = ending.live_of(session, case.id)
        if State(case.state) not in MOVABLE or (job is not None and job.state == AssignmentState.ARRIVED):
            raise IllegalTransition("somebody is there already, or it is over", state=case.state)
        before = case.wanted_at
        case.wanted_at, order.wanted_until = to.wanted_at, to.wanted_until
        _release(session, centre, case, job, act)
        order.evening_sent = False
        remind_next(centre, order, case, act.now)
        _touched(case, order, act)
        if case.state == State.PLANNED:
            set_deadline(case, Deadline(centre.orders.comes_up_at(to.wanted_at, centre.zone), Due.COME_UP))
        data = {"from_at": stamp(before), "to_at": stamp(to.wanted_at), "was": job is not None}
        record(session, case, "order_moved", act.actor, act.now, text=to.reason, data=data)
        tell_home(session, centre, case, News("order_moved", str(case.version), act.now))
        if job is not None and to.ask_again:
            _ask_again(session, centre, case, job, act)

    return perform(centre, case_id, act, work)


def _release(session: Session, centre: Centre, case: Case, job: Assignment | None, act: Act) -> None:
    """Nobody is asked for the old time, and whoever was to come then need not."""
    ends = Ends(centre, case, act.actor, act.now, "moved")
    if ending.stop(session, ends, PlanState.STOPPED):
        nobody_asked(case, act.now)
    if job is None:
        return
    tell_helper(session, centre, case, job, News("offer_moved", str(case.version), act.now, urgent=True))
    ending.end_job(session, ends, job, Deed.CANCEL, quietly=True)
    nobody_asked(case, act.now)


def _ask_again(session: Session, centre: Centre, case: Case, job: Assignment, act: Act) -> None:
    """The same helper, alone, unless something keeps them from going then."""
    found = match(session, centre, case, wanted_of(session, centre, case), act.now)
    barred = {one.facts.id for one in found.ranking.excluded if any(r.code not in RELAXABLE for r in one.reasons)}
    if job.worker_id in found.rows and job.worker_id not in barred:
        way = centre.matching.way(Mode.DIRECT, case.priority)
        begin(session, centre, case, Start(way, [job.worker_id], act.actor, act.now))


def cancel(centre: Centre, case_id: int, act: Act, *, reason: str) -> Row:
    """It is not wanted. Whoever was asked or promised is told, and the elder and whoever asked for it too."""

    def work(session: Session, case: Case) -> None:
        order = _order(session, centre, case, act.now)
        call_off(session, centre, case, order, Because(act.actor, act.now, Off.PERSON, reason))
        order.by_hand = True
        if case.wanted_at is None or case.wanted_at > act.now:
            tell_home(session, centre, case, News("order_cancelled", str(case.version), act.now))

    return perform(centre, case_id, act, work)


@dataclass(frozen=True)
class Because:
    actor: Actor
    now: datetime
    off: Off
    text: str | None = None


def call_off(session: Session, centre: Centre, case: Case, order: Order, why: Because) -> None:
    """The service is not to be; in a transaction that holds the case. Raises ``IllegalTransition`` when it is on."""
    job = ending.live_of(session, case.id)
    if job is not None and job.state == AssignmentState.ARRIVED:
        raise IllegalTransition("somebody is there already: close the case instead", state=case.state)
    settling.settle(session, centre, case, why.actor, why.now)
    move(case, Trigger.CANCEL)
    end_watch(case)
    drop(case, Flag.CHANGE_ASKED)
    case.outcome, case.closed_at = "cancelled", why.now
    order.off, order.remind_at, order.remind = why.off, None, None
    order.version += 1
    data: dict[str, Any] = {"off": why.off.value, "wanted_at": stamp(case.wanted_at), "was": job is not None}
    record(session, case, "order_cancelled", why.actor, why.now, text=why.text, data=data)


def _order(session: Session, centre: Centre, case: Case, now: datetime) -> Order:
    if case.kind != Kind.SERVICE:
        raise Invalid("case_id", "not-a-service", "an emergency, a question or a complaint is no order")
    return order_of(session, case.id) or keep(session, centre, case, wanted_of(session, centre, case), now)


def _touched(case: Case, order: Order, act: Act) -> None:
    order.by_hand = True
    order.version += 1
    drop(case, Flag.CHANGE_ASKED)
    if case.owner_id is not None and case.owner_id == act.actor.user_id:
        acted(case, act.now)
