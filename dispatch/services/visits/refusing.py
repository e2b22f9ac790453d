"""A check-in visit that is not to be: the elder does not want it, or a person says that it need not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.visit import BY_PERSON, Excuse, Trigger, VisitState
from dispatch.models.visits import CheckinRefusal, CheckinVisit
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import month, tasks
from dispatch.services.visits.keeping import NOT_YOURS, Kept, keep
from dispatch.services.visits.recording import Outcome, answer, refuse_closed, tell
from dispatch.services.visits.rows import one, within
from dispatch.services.visits.visitors import AtVisit, at_visit
from dispatch.services.work import Act


@dataclass(frozen=True)
class No:
    """The elder does not want to be visited."""

    said_by: str
    on: date
    lasting: bool = False
    """Not only this visit."""
    note: str | None = None


def refuse(centre: Centre, visit_id: int, act: Act, no: No) -> Answer:
    """By somebody of the centre, or by the visitor to whom it was said: that is written down whatever became of the
    visit meanwhile (``applied`` is False), and kept where it is another's by now.

    Raises ``Invalid``, ``NotFound``; for others also ``Conflict``, ``IllegalTransition`` and ``VersionConflict``.
    """

    def work(session: Session) -> Answer:
        on = at_visit(session, visit_id, act)
        day = today(centre, act.now)
        if no.on > day or no.on < on.visit.first - timedelta(days=centre.visits.ask_again_days):
            raise Invalid("on", "range", "the day on which it was said")
        if not on.theirs:
            keep(session, on, Kept(NOT_YOURS, {"refused": _as_json(no)}, act.key))
            return answer(session, centre, on, Outcome(applied=False))
        return answer(session, centre, on, hear(session, centre, on, no))

    return once(centre, act, f"visit:{visit_id}:refuse", work)


def hear(session: Session, centre: Centre, on: AtVisit, no: No) -> Outcome:
    """In the caller's transaction; the visit is locked."""
    outcome = _no_more(session, on, no)
    session.add(_refusal(centre, on, no))
    tell(session, on.act, on.visit, "visit_refused", "lasting" if no.lasting else "once")
    month.of_elder(session, centre, on.visit.elder_id, on.act.now, no.on)
    return outcome


def _as_json(no: No) -> dict[str, Any]:
    return {"said_by": no.said_by, "on": no.on.isoformat(), "lasting": no.lasting, "note": no.note}


def of_json(said: Mapping[str, Any]) -> No:
    return No(said["said_by"], date.fromisoformat(said["on"]), said["lasting"], said["note"])


def _no_more(session: Session, on: AtVisit, no: No) -> Outcome:
    try:
        # Said before or after its days, it is about the visit; the visit itself belongs to the last of its months.
        refuse_closed(session, no.on if on.visit.first <= no.on <= on.visit.last else on.visit.last)
        tasks.step(on.visit, Trigger.REFUSE, on.act.now)
    except Conflict:
        if on.visitor is None:
            raise
        return Outcome(applied=False, why=on.visit.excuse or str(on.visit.state))
    return Outcome(applied=True)


def _refusal(centre: Centre, on: AtVisit, no: No) -> CheckinRefusal:
    return CheckinRefusal(
        elder_id=on.visit.elder_id,
        visit_id=on.visit.id,
        refused_on=no.on,
        until=no.on + timedelta(days=centre.visits.ask_again_days if no.lasting else 0),
        said_by=no.said_by,
        note=no.note,
        recorded_at=on.act.now,
        recorded_by=on.act.actor.name,
    )


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
        tell(session, act, visit, "visit_excused", why)
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:excuse", work)
