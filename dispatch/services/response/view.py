"""What the case view shows beside the facts: the script, who is called, who comes, who was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.scripts import Script
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.helps import Assignment
from dispatch.models.privacy import RestrictedCase
from dispatch.models.response import Arrival, ScriptRun
from dispatch.services.centre import Centre
from dispatch.services.response.called import called
from dispatch.services.response.handoffs import handoffs_of
from dispatch.services.response.progress import current_run, open_steps, script_of, walked
from dispatch.services.rows import must_see, stamp


def response(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Raises ``NotFound`` when the case is not there or not in the actor's areas.

    Of a case whose time is over nothing that was said: ``script`` is None.
    """
    marks = list(centre.response.late_minutes)
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        case = session.get_one(Case, case_id)
        if session.get(RestrictedCase, case.id) is not None:
            nothing: dict[str, list[str]] = {"would_call": [], "arrivals": [], "handoffs": []}
            return {"script": None, "cascade": None, "late_minutes": marks, **nothing}
        return {
            "script": _script(session, centre, case),
            **called(session, centre, case, now),
            "arrivals": _arrivals(session, case.id),
            "late_minutes": marks,
            "handoffs": handoffs_of(session, case.id),
        }


def _script(session: Session, centre: Centre, case: Case) -> dict[str, Any]:
    run = current_run(session, case.id)
    script = script_of(session, centre, case, run)
    way = walked(script, run)
    earlier = session.scalars(
        select(ScriptRun).where(ScriptRun.case_id == case.id, ScriptRun.ended_at.is_not(None)).order_by(ScriptRun.id)
    )
    return {
        "code": script.code,
        "version": script.version,
        "name": script.name.dump(),
        "begun": run is not None,
        "ended": way.ended,
        "current": way.current.id if way.current else None,
        "steps": [step.dump() for step in way.way],
        "later": [step.dump() for step in script.steps if step not in way.way],
        "ahead": _ahead(script, len(way.way)),
        "answers": run.answers if run else {},
        "open_must": list(way.open_must),
        "set_off": _set_off(session, case.id),
        "reason_needed": bool(open_steps(session, centre, case)),
        "earlier": [
            {"code": r.code, "name": r.body["name"], "answers": list(r.answers.values()), "ended_at": stamp(r.ended_at)}
            for r in earlier
            if r.answers
        ],
    }


def _set_off(session: Session, case_id: int) -> list[dict[str, Any]]:
    """What answers set off by themselves, in order; ``failed`` says why it could not be done."""
    statement = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.kind == "script_auto")
    return [{**event.data, "at": stamp(event.at)} for event in session.scalars(statement.order_by(CaseEvent.id))]


def _ahead(script: Script, walked_over: int) -> int:
    """About how many steps are to come: the way branches, so it is a guess upwards."""
    return max(0, len(script.steps) - walked_over)


def scripts(centre: Centre) -> list[dict[str, Any]]:
    return [
        {"code": s.code, "version": s.version, "name": s.name.dump(), "steps": len(s.steps)}
        for s in sorted(centre.scripts.by_code.values(), key=lambda s: s.code)
    ]


def _arrivals(session: Session, case_id: int) -> list[dict[str, Any]]:
    """Those of visits say of which, and are shown there."""
    visits = select(Assignment.arrival_id, Assignment.id).where(Assignment.case_id == case_id)
    of_visit = {arrival: str(visit) for arrival, visit in session.execute(visits) if arrival is not None}
    found = session.scalars(select(Arrival).where(Arrival.case_id == case_id).order_by(Arrival.id))
    return [{**arrival_json(one), "assignment_id": of_visit.get(one.id)} for one in found]


def arrival_json(arrival: Arrival) -> dict[str, Any]:
    return {
        "id": str(arrival.id),
        "call_id": arrival.call_id and str(arrival.call_id),
        "who": arrival.who,
        "state": arrival.state,
        "version": arrival.version,
        "due_at": stamp(arrival.due_at),
        "next_due_at": stamp(arrival.next_due_at) if arrival.state == ArrivalState.OPEN else None,
        "late_at": stamp(arrival.late_at),
        "mark": arrival.mark,
        "created_at": stamp(arrival.created_at),
        "created_by": arrival.created_by,
        "settled_at": stamp(arrival.settled_at),
        "settled_by": arrival.settled_by,
        "reason": arrival.reason,
    }
