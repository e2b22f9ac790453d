"""How it was: the answer is written down and the case comes to its end. Inside of a transaction that holds the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import Flag, Help, Kind, State, Trigger
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.followup import BECOMES, RATINGS, FollowUpDue, FollowUpState, Result, Then
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp, FollowUpTry
from dispatch.models.helps import Order
from dispatch.services.centre import Centre
from dispatch.services.followup import complaints
from dispatch.services.followup.complaints import Subject
from dispatch.services.followup.opening import ANSWERABLE, rest
from dispatch.services.helps import orders
from dispatch.services.lifecycle import drop, end_watch, move, put, record
from dispatch.services.opening import Scene, new_case


@dataclass(frozen=True)
class Answer:
    """What was said, to whom, by which way."""

    result: Result
    actor: Actor
    now: datetime
    channel: str = "console"
    text: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    then: Then | None = None

    @property
    def by(self) -> str:
        """Who of the centre. An elder who answered without anybody is named by the case alone."""
        return "" if self.actor.kind == "elder" else self.actor.name


def end(session: Session, centre: Centre, case: Case, row: FollowUp, answer: Answer) -> None:
    """Write it down and close the case. What was not good is done again, or complained of, as the answer says.

    Raises ``Conflict`` when somebody has asked already, ``Invalid`` for a "not satisfied" that nothing follows from.
    """
    if row.state != FollowUpState.OPEN:
        raise Conflict("this was asked already", state=row.state, result=row.result)
    if answer.result is Result.DISSATISFIED and answer.then is None:
        raise Invalid("then", "required", "say what follows: done again, a complaint, or nothing, and why")
    if answer.then in (Then.AGAIN, Then.NOTHING) and answer.result is Result.DISSATISFIED and not answer.text:
        raise Invalid("text", "required", "say what was not good")
    row.state = BECOMES.get(answer.result, FollowUpState.DONE)
    row.result, row.channel, row.text = answer.result, answer.channel, answer.text
    row.answers = dict(answer.answers)
    row.ended_at, row.ended_by = answer.now, answer.by
    rest(row)
    if answer.result in RATINGS:
        session.add(_try(row, answer))
    data = {"result": answer.result.value, "why": row.why, **_follows(session, centre, case, row, answer)}
    shut(case, answer.now)
    record(session, case, "follow_up", answer.actor, answer.now, text=answer.text, channel=answer.channel, data=data)
    session.flush()


def shut(case: Case, now: datetime) -> None:
    """The case that waited for this is over. An emergency that was ended before stays as it is."""
    drop(case, *ANSWERABLE)
    if State(case.state) is State.PENDING_FOLLOW_UP:
        move(case, Trigger.FOLLOW_UP)
        case.closed_at = now
        end_watch(case)


def without_row(session: Session, case: Case, answer: Answer) -> None:
    """A case that has waited since before follow-ups had rows of their own."""
    move(case, Trigger.FOLLOW_UP)
    case.closed_at = answer.now
    drop(case, *ANSWERABLE)
    end_watch(case)
    data = {"result": answer.result.value}
    record(session, case, "follow_up", answer.actor, answer.now, text=answer.text, data=data)


def nobody_asks(session: Session, case: Case, row: FollowUp, now: datetime) -> None:
    """The lot did not draw it and nobody has said anything: the system closes it, and says so."""
    row.state, row.ended_at, row.ended_by = FollowUpState.NOT_DRAWN, now, ""
    rest(row)
    shut(case, now)
    data = {"share": row.share, "month": row.month}
    record(session, case, "closed_unasked", SYSTEM, now, data=data)


def _try(row: FollowUp, answer: Answer) -> FollowUpTry:
    way = {"console": "call"}.get(answer.channel, answer.channel)
    return FollowUpTry(follow_up_id=row.id, at=answer.now, way=way, outcome="answered", by=answer.by)


def _follows(session: Session, centre: Centre, case: Case, row: FollowUp, answer: Answer) -> dict[str, str]:
    if answer.result is Result.SATISFIED or answer.then in (None, Then.NOTHING):
        return {}
    if answer.then is Then.COMPLAINT:
        subject = Subject(case, row.worker_id, answer.text)
        row.complaint_case_id = complaints.about(session, centre, subject, answer.actor, answer.now).id
        return {"then": Then.COMPLAINT, "case": str(row.complaint_case_id)}
    row.again_case_id = _again(session, centre, case, answer).id
    return {"then": Then.AGAIN, "case": str(row.again_case_id)}


def _again(session: Session, centre: Centre, case: Case, answer: Answer) -> Case:
    """The same once more, in the queue; the match leaves out whoever did it before."""
    scene = Scene(case.household_id, case.area_id, case.elder_id)
    fresh = new_case(
        centre,
        kind=Kind.SERVICE,
        cause="request",
        channel=complaints.channel_of(case),
        priority=max(case.priority, 2),
        at=answer.now,
        scene=scene,
    )
    fresh.help = Help.CHAT if case.kind == Kind.EMERGENCY else case.help
    fresh.caller, fresh.text = case.caller, answer.text
    put(fresh, Flag.AGAIN)
    session.add(fresh)
    session.flush()
    ordered = session.scalar(select(Order).where(Order.case_id == case.id))
    if ordered is not None and case.kind != Kind.EMERGENCY and ordered.item in centre.catalogue.items:
        orders.keep(session, centre, fresh, orders.wanted_of(session, centre, case), answer.now)
    data = {"kind": Kind.SERVICE.value, "again_of": str(case.id)}
    record(session, fresh, "opened_again", answer.actor, answer.now, text=answer.text, data=data)
    session.flush()
    return fresh


def unhappy(session: Session, centre: Centre, case: Case, row: FollowUp, answer: Answer) -> None:
    """The elder has written that it was not good. A person rings and asks why: no machine decides what follows."""
    row.unhappy_at = row.unhappy_at or answer.now
    row.text = answer.text
    row.due_at = min(row.due_at, answer.now + centre.followup.unhappy)
    row.due, row.next_due_at = FollowUpDue.LATE, row.due_at
    row.number_index = row.open_until = None
    row.version += 1
    put(case, Flag.UNHAPPY)
    session.add(_try(row, answer))
    record(session, case, "follow_up_unhappy", answer.actor, answer.now, text=answer.text, channel=answer.channel)
