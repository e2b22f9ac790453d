"""What people do with a cascade: start it, stop it, go to the next one, call one of them at once."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dispatch.domain.cascade import PENDING, CallState, CascadeState, Plan
from dispatch.domain.case import Trigger
from dispatch.domain.errors import Conflict, NotFound
from dispatch.models.cases import Case
from dispatch.models.response import Cascade
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, drop, move, record
from dispatch.services.response import calling
from dispatch.services.response.reachable import targets
from dispatch.services.work import Act, perform


class NobodyToCall(Conflict):
    code = "nobody-to-call"


class CascadeOver(Conflict):
    code = "cascade-over"


class CalledAlready(Conflict):
    code = "called-already"


def start(centre: Centre, case_id: int, act: Act) -> None:
    """Begin; one that runs already goes on. Raises ``NobodyToCall`` when nobody is known and no team is on duty."""

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.NOTE)
        cascade = calling.begin(session, centre, case, act.actor, act.now)
        if cascade is not None and not calling.calls_of(session, cascade.id):
            raise NobodyToCall("nobody is known who could be called: ask the caller, or call 110 or 120")
        _acted(case, act)

    perform(centre, case_id, act, change, any_version=True)


def stop(centre: Centre, cascade_id: int, act: Act, *, reason: str | None = None) -> int:
    def change(session: Session, case: Case) -> None:
        cascade = _running(session, case, cascade_id)
        calling.end(session, cascade, CascadeState.STOPPED, act.now, reason="stopped")
        drop(case, *calling.FLAGS)
        record(session, case, "cascade_stopped", act.actor, act.now, text=reason, data={"cascade": str(cascade_id)})
        _acted(case, act)

    return _with_case(centre, cascade_id, act, change)


def skip(centre: Centre, cascade_id: int, act: Act) -> int:
    """Wait no longer for those who are called now; a late "1" of theirs counts all the same."""

    def change(session: Session, case: Case) -> None:
        cascade = _running(session, case, cascade_id)
        waited_for = [
            call
            for call in calling.calls_of(session, cascade.id, round=cascade.round, step=cascade.step)
            if call.state in PENDING and call.until > act.now
        ]
        for call in waited_for:
            calling.withdraw(call, CallState.SKIPPED, act.now)
        drop(case, *calling.FLAGS)
        data = {"cascade": str(cascade_id), "to": "、".join(call.label for call in waited_for)}
        record(session, case, "cascade_skipped", act.actor, act.now, data=data)
        session.flush()
        calling.advance(session, centre, case, cascade, act.now)
        _acted(case, act)

    return _with_case(centre, cascade_id, act, change)


def call_now(centre: Centre, cascade_id: int, act: Act, *, person: str) -> int:
    """Call one of the plan at once, beside whoever is called now. Somebody of this round is not called twice."""

    def change(session: Session, case: Case) -> None:
        cascade = _running(session, case, cascade_id)
        if any(c.person == person for c in calling.calls_of(session, cascade.id, round=cascade.round)):
            raise CalledAlready("this person was called in this round already")
        for step in Plan.load(cascade.plan).steps:
            for target in targets(session, centre, case, step.who, act.now):
                if target.person == person:
                    going = calling.Going(centre, case, cascade, act.now)
                    calling.call_one(session, going, step, target)
                    data = {"cascade": str(cascade_id), "to": target.label, "round": cascade.round, "now": True}
                    record(session, case, "cascade_call", act.actor, act.now, data=data)
                    _acted(case, act)
                    return
        raise NotFound("there is nobody like this in the plan")

    return _with_case(centre, cascade_id, act, change)


def _acted(case: Case, act: Act) -> None:
    if act.actor.user_id is not None and case.owner_id == act.actor.user_id:
        acted(case, act.now)


def _with_case(centre: Centre, cascade_id: int, act: Act, change: object) -> int:
    with centre.database.reads() as session:
        found = session.get(Cascade, cascade_id)
    if found is None:
        raise NotFound(f"there is no cascade {cascade_id}")
    perform(centre, found.case_id, act, change, any_version=True)  # type: ignore[arg-type]
    return found.case_id


def _running(session: Session, case: Case, cascade_id: int) -> Cascade:
    found = calling.running(session, case.id)
    if found is None or found.id != cascade_id:
        raise CascadeOver("this cascade calls nobody any more")
    return found
