"""What became of a check-in visit: the elder was met, or was not met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.periods import month_of
from dispatch.domain.visits.visit import Trigger, VisitState
from dispatch.models.visit_records import CheckinReport
from dispatch.models.visits import CheckinMonth, CheckinRecord, CheckinTry, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import findings, month, sampling, tasks, trying
from dispatch.services.visits.attempts import Attempt, as_json, items_json, more_json
from dispatch.services.visits.keeping import CLOSED, COUNTED, LATE, NOT_DUE, NOT_YOURS, RECORDED, Kept, keep
from dispatch.services.visits.proof import APP, examine
from dispatch.services.visits.rows import one
from dispatch.services.visits.visitors import AtVisit, at_visit
from dispatch.services.work import Act

AHEAD = timedelta(minutes=5)
"""How far the clock of a telephone may be ahead of ours."""


@dataclass(frozen=True)
class Outcome:
    """What became of what was said."""

    applied: bool
    """False: something stood in its way, and it is kept beside the visit."""
    why: str | None = None
    """What stood in its way, or is said of the elder meanwhile: ``recorded``, ``died``, ``late``, ..."""
    by: str | None = None
    """Who was first."""
    flags: tuple[str, ...] = ()

    def json(self) -> Answer:
        return {"applied": self.applied, "why": self.why, "by": self.by, "flags": list(self.flags)}


def record(centre: Centre, visit_id: int, act: Act, attempt: Attempt) -> Answer:
    """By whoever was there, or by somebody of the centre who heard it. The same ``client_uuid`` again changes nothing
    and answers the same.

    What a visitor's telephone sends is never refused for what has become of the visit: it is kept (``applied`` is
    False), and what was found there becomes cases all the same. Raises ``Invalid`` and ``NotFound``; for others also
    ``InTheWay`` and ``VersionConflict``.
    """

    def work(session: Session) -> Answer:
        if attempt.sheet is not None and attempt.sheet.urgent:
            findings.lock_home(session, visit_id)
        on = at_visit(session, visit_id, act)
        outcome = _heard(session, on, attempt) or _hear(session, centre, on, attempt)
        session.flush()
        return answer(session, centre, on, outcome)

    return once(centre, act, f"visit:{visit_id}:record", work)


def answer(session: Session, centre: Centre, on: AtVisit, outcome: Outcome) -> Answer:
    """A visitor sees no more of the visit than this; of one that is not theirs, that what they said is kept."""
    if not on.theirs:
        return {"id": str(on.visit.id), **Outcome(applied=False, why=NOT_YOURS).json(), "cases": []}
    visit = {"id": str(on.visit.id), "state": on.visit.state, "tries": on.visit.tries}
    row = visit if on.visitor is not None else one(session, centre, on.visit.id, on.act)
    cases = findings.cases_of(session, on.visit.id)
    return {**row, **outcome.json(), "cases": [{"id": str(link.case_id), "kind": link.kind} for link in cases]}


def _heard(session: Session, on: AtVisit, attempt: Attempt) -> Outcome | None:
    """What became of it when it came before. Raises ``Conflict`` for the name of something else."""
    if attempt.client_uuid is None:
        return None
    uuid = attempt.client_uuid
    row = session.scalar(select(CheckinRecord).where(CheckinRecord.client_uuid == uuid))
    tried = session.scalar(select(CheckinTry).where(CheckinTry.client_uuid == uuid))
    kept = session.scalar(select(CheckinReport).where(CheckinReport.client_uuid == uuid))
    found = row or tried or kept
    if found is not None and found.visit_id != on.visit.id:
        raise Conflict("this client_uuid was used for another visit: send a new one")
    if kept is not None:
        return Outcome(applied=kept.state == COUNTED, why=kept.why)
    flags = () if row is None else tuple(row.flags)
    return None if found is None else Outcome(applied=True, flags=flags)


def _hear(session: Session, centre: Centre, on: AtVisit, attempt: Attempt) -> Outcome:
    if on.visitor is not None:
        attempt = replace(attempt.by_clock(on.act.now), worker_id=on.visitor.id, channel=APP)
    _check(session, centre, attempt, on.act.now)
    if attempt.sheet is not None:
        findings.of_sheet(session, centre, on, attempt.sheet)
    if on.visitor is None:
        return _by_desk(session, centre, on, attempt)
    try:
        return _apply(session, centre, on, attempt)
    except InTheWay as found:
        keep(session, on, Kept(found.why, as_json(attempt), attempt.client_uuid, attempt.late_reason))
        return Outcome(applied=False, why=found.why, by=found.by)


def _by_desk(session: Session, centre: Centre, on: AtVisit, attempt: Attempt) -> Outcome:
    """What was long ago is said with its reason, and counts when a second person says so."""
    try:
        _stands_free(session, centre, on.visit, attempt)
    except InTheWay as found:
        if found.why == NOT_DUE:
            raise Invalid("started_at", "range", str(found)) from None
        raise
    if not attempt.met or on.act.now - attempt.ended_at <= centre.visits.form.late:
        return _apply(session, centre, on, attempt)
    if not attempt.late_reason:
        raise Invalid("late_reason", "late-entry", "say why it was not written down in time; somebody else confirms it")
    keep(session, on, Kept(LATE, as_json(attempt), attempt.client_uuid, attempt.late_reason))
    tell(session, on.act, on.visit, "visit_entered_late", attempt.mode)
    return Outcome(applied=False, why=LATE)


def _apply(session: Session, centre: Centre, on: AtVisit, attempt: Attempt) -> Outcome:
    _stands_free(session, centre, on.visit, attempt)
    if not on.theirs:
        raise InTheWay(NOT_YOURS, "this visit is another visitor's by now")
    meanwhile = on.visit.excuse if on.visit.state in (VisitState.EXCUSED, VisitState.REFUSED) else None
    if not attempt.met:
        not_met(session, centre, on.visit, on.act, attempt)
        return Outcome(applied=True, why=meanwhile)
    row = met(session, centre, on.visit, on.act, attempt)
    return Outcome(applied=True, why=meanwhile, flags=tuple(row.flags))


def enter(
    session: Session, centre: Centre, visit: CheckinVisit, act: Act, attempt: Attempt
) -> CheckinRecord | CheckinTry:
    """What a second person has confirmed. Raises ``InTheWay``."""
    _stands_free(session, centre, visit, attempt)
    return (met if attempt.met else not_met)(session, centre, visit, act, attempt)


PROBLEMS = {CLOSED: "visits-month-closed"}
"""What the desk reads has words of its own for these."""


class InTheWay(Conflict):
    """The visit takes no such record any more."""

    def __init__(self, why: str, message: str, by: str | None = None) -> None:
        super().__init__(message, why=PROBLEMS.get(why, why), by=by)
        self.why, self.by = why, by


def _stands_free(session: Session, centre: Centre, visit: CheckinVisit, attempt: Attempt) -> None:
    """Raises ``InTheWay``."""
    day = attempt.started_at.astimezone(centre.zone).date()
    if visit.state == VisitState.DONE:
        first = session.scalar(select(CheckinRecord.recorded_by).where(CheckinRecord.visit_id == visit.id))
        raise InTheWay(RECORDED, f"{first} has recorded this visit", by=first)
    if not visit.first <= day <= visit.last:
        raise InTheWay(NOT_DUE, f"this visit is due from {visit.first} to {visit.last}, and not on {day}")
    if is_closed(session, day):
        raise InTheWay(CLOSED, f"{month_of(day).name} is closed: corrections belong to the next month")


def _check(session: Session, centre: Centre, attempt: Attempt, now: datetime) -> None:
    if attempt.started_at > now + AHEAD:
        raise Invalid("started_at", "future", "a visit is written down when it has been")
    if attempt.ended_at < attempt.started_at:
        raise Invalid("ended_at", "range", "it ended before it began")
    if attempt.worker_id is not None and session.get(Worker, attempt.worker_id) is None:
        raise Invalid("worker_id", "unknown", "there is no such helper")
    if attempt.met and attempt.sheet is not None:
        day = attempt.started_at.astimezone(centre.zone).date()
        for fault in centre.visits.form.faults(attempt.sheet, day, attempt.mode):
            raise Invalid(fault.field, fault.code, fault.message)


def is_closed(session: Session, day: date) -> bool:
    """Whoever closes the month waits for this transaction: what it writes is in what is signed."""
    lock = {"read": True, "key_share": True}
    found = session.get(CheckinMonth, month_of(day).name, with_for_update=lock)
    return found is not None and found.closed_at is not None


def refuse_closed(session: Session, day: date) -> None:
    """Raises ``Conflict``."""
    if is_closed(session, day):
        month_ = month_of(day).name
        why = f"{month_} is closed: corrections belong to the next month"
        raise Conflict(why, month=month_, why="visits-month-closed")


def met(session: Session, centre: Centre, visit: CheckinVisit, act: Act, attempt: Attempt) -> CheckinRecord:
    """In the caller's transaction; the visit is locked."""
    minutes, sheet = visit.minutes, attempt.sheet
    tasks.step(visit, Trigger.RECORD, act.now)
    visit.excuse = visit.reason = None
    visit.worker_id = attempt.worker_id or visit.worker_id
    row = CheckinRecord(
        visit_id=visit.id,
        elder_id=visit.elder_id,
        day=attempt.started_at.astimezone(centre.zone).date(),
        mode=attempt.mode.value,
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        worker_id=visit.worker_id,
        recorded_at=act.now,
        recorded_by=act.actor.name,
        late=act.now - attempt.ended_at > centre.visits.form.late,
        client_uuid=attempt.client_uuid,
        items={} if sheet is None else items_json(sheet),
        more={} if sheet is None else more_json(sheet),
        note=attempt.note,
        completed_at=None if sheet is None else act.now,
        completed_by=None if sheet is None else act.actor.name,
        channel=attempt.channel,
        late_reason=attempt.late_reason,
        flags=[],
    )
    examine(session, centre, row, attempt.proof, minutes)
    session.add(row)
    session.flush()
    sampling.draw(session, centre, row, act.now)
    tell(session, act, visit, "visit_recorded", attempt.mode)
    month.of_elder(session, centre, visit.elder_id, act.now, row.day)
    return row


def not_met(session: Session, centre: Centre, visit: CheckinVisit, act: Act, attempt: Attempt) -> CheckinTry:
    """In the caller's transaction; the visit is locked."""
    row = CheckinTry(
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
    session.add(row)
    tell(session, act, visit, "visit_tried", attempt.why)
    visit.tries += 1
    if visit.state in (VisitState.PLANNED, VisitState.BOOKED):
        trying.begin(centre, visit, attempt.why, attempt.started_at)
    if visit.state == VisitState.BOOKED:
        tasks.step(visit, Trigger.UNBOOK, act.now)
    else:
        visit.changed_at = act.now
        visit.version += 1
    return row


def tell(session: Session, act: Act, visit: CheckinVisit, action: str, how: str) -> None:
    data = {"elder": str(visit.elder_id), "period": visit.period, "how": str(how)}
    trail.write(session, act.actor, Deed(action, Subject("visit", visit.id), data=data), act.now)
