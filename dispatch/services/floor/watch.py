"""What a supervisor must see: put off, stale, made less urgent, and whatever needs a person now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.cascade import CascadeState
from dispatch.domain.case import ACTIVE, IN_HAND, OPEN, State
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.floor import AreaEvent, CallBack, Handover
from dispatch.models.followup import Complaint, FollowUp
from dispatch.models.outbox import Message, MessageState
from dispatch.models.places import Area, inside
from dispatch.models.response import Arrival, Cascade
from dispatch.services import audit
from dispatch.services.centre import Centre
from dispatch.services.hotline import figures
from dispatch.services.rows import Row, row_of, row_statement, stamp, visible

LISTED = 200
LATELY = timedelta(hours=24)
FAILED_LATELY = timedelta(hours=1)
_LATER = aliased(Cascade)
_EXHAUSTED = select(Cascade.case_id).where(
    Cascade.state == CascadeState.EXHAUSTED,
    ~select(_LATER.id).where(_LATER.case_id == Cascade.case_id, _LATER.id > Cascade.id).exists(),
)
_LATE_ARRIVALS = select(Arrival.case_id).where(Arrival.state == ArrivalState.OPEN, Arrival.late_at.is_not(None))
_LATE_FOLLOW_UPS = select(FollowUp.case_id).where(FollowUp.state == "open", FollowUp.late_at.is_not(None))
_UNHAPPY = select(FollowUp.case_id).where(FollowUp.state == "open", FollowUp.unhappy_at.is_not(None))
_LATE_COMPLAINTS = select(Complaint.case_id).where(Complaint.solved_at.is_(None), Complaint.late_at.is_not(None))
_LATE_CALLBACKS = select(CallBack.case_id).where(CallBack.state == "open", CallBack.late_at.is_not(None))


def _rows(session: Session, centre: Centre, actor: Actor, now: datetime, *where: Any) -> list[tuple[Any, Row]]:
    statement = visible(row_statement().add_columns(Case.hold_reason, Case.last_act_at).where(*where), actor)
    ordered = statement.order_by(Case.priority, Case.id).limit(LISTED)
    return [(found, row_of(found, centre, now)) for found in session.execute(ordered)]


def held(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The shelving list: who put it off, why, until when; the next to come back first."""
    with centre.database.reads() as session:
        found = _rows(session, centre, actor, now, Case.state.in_(OPEN), Case.held_until.is_not(None))
        by = _put_off_by(session, [case.id for case, _ in found])
    found.sort(key=lambda one: (one[0].held_until or now, one[0].id))
    return [
        {
            "row": row,
            "reason": case.hold_reason,
            "until": stamp(case.held_until),
            "by": by.get(case.id, ("", None))[0],
            "since": stamp(by.get(case.id, ("", None))[1]),
        }
        for case, row in found
    ]


def _put_off_by(session: Session, case_ids: Iterable[int]) -> dict[int, tuple[str, datetime | None]]:
    events = select(CaseEvent).where(CaseEvent.case_id.in_(list(case_ids)), CaseEvent.kind == "held")
    return {e.case_id: (e.actor_name, e.at) for e in session.scalars(events.order_by(CaseEvent.id))}


def stale(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Taken and nothing done for long, or open for hours; what is put off has its end and is not stale."""
    with centre.database.reads() as session:
        found = _rows(session, centre, actor, now, *_stale(centre, now))
    rules = centre.floor.stale
    return [
        {
            "row": row,
            "idle_since": stamp(case.last_act_at if case.owner_id else None),
            "why": "idle" if _idle(case, rules[case.priority].idle, now) else "old",
        }
        for case, row in found
    ]


def _idle(case: Any, limit: timedelta, now: datetime) -> bool:
    return State(case.state) in IN_HAND and case.last_act_at is not None and now - case.last_act_at > limit


def _stale(centre: Centre, now: datetime) -> tuple[Any, ...]:
    each = [
        and_(
            Case.priority == priority,
            or_(
                and_(Case.state.in_(IN_HAND), Case.last_act_at < now - rule.idle),
                and_(Case.state.in_((State.NEW, *IN_HAND)), Case.opened_at < now - rule.open),
            ),
        )
        for priority, rule in centre.floor.stale.items()
    ]
    return Case.state.in_(OPEN), Case.held_until.is_(None), or_(*each)


def priority_changes(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Of the last day, newest first, with who and why."""
    recent = or_(Case.state.in_(OPEN), Case.opened_at > now - LATELY)
    statement = (
        select(CaseEvent)
        .join(Case, Case.id == CaseEvent.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(recent, CaseEvent.kind == "priority", CaseEvent.at > now - LATELY)
        .order_by(CaseEvent.id.desc())
        .limit(LISTED)
    )
    with centre.database.reads() as session:
        return [
            {
                "case_id": str(e.case_id),
                "at": stamp(e.at),
                "by": e.actor_name,
                "from": e.data.get("from"),
                "to": e.data.get("to"),
                "reason": e.text,
            }
            for e in session.scalars(visible(statement, actor))
        ]


def needs_me(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What needs a supervisor now: ``{code, count, cases}``; what there is nothing of is left out."""
    rules = centre.floor
    with centre.database.reads() as session:

        def cases(code: str, *where: Any) -> dict[str, Any]:
            found = _rows(session, centre, actor, now, *where)
            return {"code": code, "count": len(found), "cases": [row for _, row in found]}

        unowned = (Case.state == State.NEW, Case.priority == 1, Case.waiting_since < now - rules.p1_unowned)
        found = [
            cases("p1_unowned", *unowned),
            cases("cascade_exhausted", Case.state.in_(ACTIVE), Case.held_until.is_(None), Case.id.in_(_EXHAUSTED)),
            cases("late_arrival", Case.id.in_(_LATE_ARRIVALS)),
            cases("callback_late", Case.id.in_(_LATE_CALLBACKS)),
            cases("complaint_late", Case.state.in_(OPEN), Case.id.in_(_LATE_COMPLAINTS)),
            cases("unhappy", Case.id.in_(_UNHAPPY)),
            cases("follow_up_late", Case.id.in_(_LATE_FOLLOW_UPS)),
            cases("held_ending", Case.state.in_(OPEN), Case.held_until < now + rules.held_ending),
            cases("stale", *_stale(centre, now)),
            _failed_messages(session, actor, now),
            _count("area_event", _mine(session, actor)),
            _count("handover_open", _handovers(session, actor, now)),
            _true("exchange_away", figures.exchange_is_away(session, centre, now)),
            _true("hotline_below", figures.is_below(session, centre, actor, now)),
        ]
    engine = audit.health(centre, now)
    found.append({"code": "engine_late", "count": len(engine["late"]), "cases": [], "jobs": engine["late"]})
    return [one for one in found if one["count"]]


def _failed_messages(session: Session, actor: Actor, now: datetime) -> dict[str, Any]:
    statement = (
        select(Message.case_id)
        .join(Case, Case.id == Message.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(Message.state == MessageState.DEAD, Message.finished_at > now - FAILED_LATELY)
    )
    ids = list(session.scalars(visible(statement, actor)))
    return {"code": "message_failed", "count": len(ids), "cases": [], "case_ids": sorted({str(i) for i in ids})}


def _true(code: str, it_is: bool) -> dict[str, Any]:
    return {"code": code, "count": int(it_is), "cases": []}


def _count(code: str, ids: list[int]) -> dict[str, Any]:
    return {"code": code, "count": len(ids), "cases": [], "ids": [str(i) for i in ids]}


def _mine(session: Session, actor: Actor) -> list[int]:
    statement = (
        select(AreaEvent.id)
        .join(Area, Area.id == AreaEvent.area_id)
        .where(AreaEvent.quiet_at.is_not(None), inside(actor.paths))
    )
    return list(session.scalars(statement))


def _handovers(session: Session, actor: Actor, now: datetime) -> list[int]:
    """Offered and not accepted for ten minutes."""
    offered = select(Handover).where(Handover.state == "offered", Handover.offered_at < now - timedelta(minutes=10))
    return [h.id for h in session.scalars(offered) if any(p.startswith(q) for p in h.paths for q in actor.paths)]
