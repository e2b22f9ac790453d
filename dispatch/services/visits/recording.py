"""What became of a check-in visit: the elder was met, was not met, refuses, or need not be visited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.periods import month_of
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import BY_PERSON, Excuse, Mode, Trigger, VisitState
from dispatch.models.visits import CheckinMonth, CheckinRecord, CheckinRefusal, CheckinTry, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import month, tasks, trying
from dispatch.services.visits.rows import one, within
from dispatch.services.work import Act

LATE = timedelta(hours=24)
AHEAD = timedelta(minutes=5)
"""How far the clock of a telephone may be ahead of ours."""


@dataclass(frozen=True)
class Attempt:
    """Somebody went there, or rang."""

    met: bool
    mode: Mode
    started_at: datetime
    ended_at: datetime
    worker_id: int | None = None
    why: Why = Why.NO_ANSWER
    """Why the elder was not met, and in words."""
    reason: str | None = None
    note: str | None = None
    client_uuid: str | None = None


def record(centre: Centre, visit_id: int, act: Act, attempt: Attempt) -> Answer:
    """The same ``client_uuid`` again changes nothing and answers the same. Raises ``Invalid``, ``Conflict``,
    ``IllegalTransition``, ``NotFound`` and ``VersionConflict``.
    """

    def work(session: Session) -> Answer:
        if not _heard(session, visit_id, attempt):
            visit = within(session, visit_id, act)
            _check(session, centre, visit, attempt, act.now)
            (met if attempt.met else not_met)(session, centre, visit, act, attempt)
            session.flush()
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:record", work)


def _heard(session: Session, visit_id: int, attempt: Attempt) -> bool:
    if attempt.client_uuid is None:
        return False
    for table in (CheckinRecord, CheckinTry):
        mine = select(table.visit_id).where(table.client_uuid == attempt.client_uuid)
        known = session.scalar(mine)
        if known is not None and known != visit_id:
            raise Conflict("this client_uuid was used for another visit: send a new one")
        if known is not None:
            return True
    return False


def _check(session: Session, centre: Centre, visit: CheckinVisit, attempt: Attempt, now: datetime) -> None:
    if attempt.started_at > now + AHEAD:
        raise Invalid("started_at", "future", "a visit is written down when it has been")
    if attempt.ended_at < attempt.started_at:
        raise Invalid("ended_at", "range", "it ended before it began")
    if attempt.worker_id is not None and session.get(Worker, attempt.worker_id) is None:
        raise Invalid("worker_id", "unknown", "there is no such helper")
    day = attempt.started_at.astimezone(centre.zone).date()
    if not visit.first <= day <= visit.last:
        raise Invalid("started_at", "range", f"this visit is due from {visit.first} to {visit.last}, and not on {day}")
    refuse_closed(session, day)


def refuse_closed(session: Session, day: date) -> None:
    """Whoever closes the month waits for this transaction: what it writes is in what is signed. Raises ``Conflict``."""
    lock = {"read": True, "key_share": True}
    found = session.get(CheckinMonth, month_of(day).name, with_for_update=lock)
    if found is not None and found.closed_at is not None:
        why = f"{found.month} is closed: corrections belong to the next month"
        raise Conflict(why, month=found.month, why="visits-month-closed")


def met(session: Session, centre: Centre, visit: CheckinVisit, act: Act, attempt: Attempt) -> CheckinRecord:
    """In the caller's transaction; the visit is locked."""
    tasks.step(visit, Trigger.RECORD, act.now)
    visit.excuse = visit.reason = None
    visit.worker_id = attempt.worker_id or visit.worker_id
    record_ = CheckinRecord(
        visit_id=visit.id,
        elder_id=visit.elder_id,
        day=attempt.started_at.astimezone(centre.zone).date(),
        mode=attempt.mode.value,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        worker_id=visit.worker_id,
        recorded_at=act.now,
        recorded_by=act.actor.name,
        late=act.now - attempt.ended_at > LATE,
        client_uuid=attempt.client_uuid,
        items={},
        more={},
        note=attempt.note,
    )
    session.add(record_)
    _write(session, act, visit, "visit_recorded", attempt.mode)
    month.of_elder(session, centre, visit.elder_id, act.now, record_.day)
    return record_


def not_met(session: Session, centre: Centre, visit: CheckinVisit, act: Act, attempt: Attempt) -> None:
    """In the caller's transaction; the visit is locked."""
    session.add(
        CheckinTry(
            visit_id=visit.id,
            mode=attempt.mode.value,
            at=attempt.started_at,
            worker_id=attempt.worker_id or visit.worker_id,
            why=attempt.why.value,
            reason=attempt.reason or "",
            recorded_at=act.now,
            recorded_by=act.actor.name,
            client_uuid=attempt.client_uuid,
        )
    )
    _write(session, act, visit, "visit_tried", attempt.why)
    visit.tries += 1
    trying.begin(centre, visit, attempt.why, attempt.started_at)
    if visit.state == VisitState.BOOKED:
        tasks.step(visit, Trigger.UNBOOK, act.now)
    else:
        visit.changed_at = act.now
        visit.version += 1


def _write(session: Session, act: Act, visit: CheckinVisit, action: str, how: str) -> None:
    data = {"elder": str(visit.elder_id), "period": visit.period, "how": str(how)}
    trail.write(session, act.actor, Deed(action, Subject("visit", visit.id), data=data), act.now)


@dataclass(frozen=True)
class No:
    """The elder does not want to be visited."""

    said_by: str
    on: date
    lasting: bool = False
    """Not only this visit."""
    note: str | None = None


def refuse(centre: Centre, visit_id: int, act: Act, no: No) -> Answer:
    """Raises ``Invalid``, ``Conflict``, ``IllegalTransition``, ``NotFound`` and ``VersionConflict``."""

    def work(session: Session) -> Answer:
        visit = within(session, visit_id, act)
        day = today(centre, act.now)
        if no.on > day or no.on < visit.first - timedelta(days=centre.visits.ask_again_days):
            raise Invalid("on", "range", "the day on which it was said")
        # Said before or after its days, it is about the visit; the visit itself belongs to the last of its months.
        refuse_closed(session, no.on if visit.first <= no.on <= visit.last else visit.last)
        tasks.step(visit, Trigger.REFUSE, act.now)
        until = no.on + timedelta(days=centre.visits.ask_again_days if no.lasting else 0)
        _write(session, act, visit, "visit_refused", "lasting" if no.lasting else "once")
        session.add(
            CheckinRefusal(
                elder_id=visit.elder_id,
                visit_id=visit.id,
                refused_on=no.on,
                until=until,
                said_by=no.said_by,
                note=no.note,
                recorded_at=act.now,
                recorded_by=act.actor.name,
            )
        )
        month.of_elder(session, centre, visit.elder_id, act.now, no.on)
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:refuse", work)


def withdraw(centre: Centre, elder_id: int, refusal_id: int, act: Act) -> Answer:
    """The elder may be visited after all: what was refused is due again while its time lasts."""

    def work(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        found = session.get(CheckinRefusal, refusal_id)
        if found is None or found.elder_id != elder.id:
            raise Invalid("refusal_id", "unknown", "this elder has no such refusal")
        if found.withdrawn_at is None:
            found.withdrawn_at, found.withdrawn_by = act.now, act.actor.name
            visit = None if found.visit_id is None else session.get(CheckinVisit, found.visit_id, with_for_update=True)
            if visit is not None and visit.state == VisitState.REFUSED and visit.due_at > act.now:
                tasks.step(visit, Trigger.RETURN, act.now)
                visit.excuse = None
            month.of_elder(session, centre, elder.id, act.now)
            trail.write(session, act.actor, Deed("visits_wanted_again", Subject("elder", elder.id)), act.now)
        return {"id": str(found.id)}

    return once(centre, act, f"refusal:{refusal_id}:withdraw", work)


def excuse(centre: Centre, visit_id: int, act: Act, why: Excuse, reason: str) -> Answer:
    """A person says that it need not be, and why. The rate does not follow: it goes by the rules of the month."""
    if why not in BY_PERSON:
        raise Invalid("why", "unknown", f"choose of {', '.join(sorted(BY_PERSON))}")

    def work(session: Session) -> Answer:
        visit = within(session, visit_id, act)
        refuse_closed(session, visit.last)
        tasks.step(visit, Trigger.EXCUSE, act.now)
        visit.excuse, visit.reason = why.value, reason
        _write(session, act, visit, "visit_excused", why)
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:excuse", work)
