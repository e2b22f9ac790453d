"""What the case view shows beside the facts: the script, who is called, who comes, who was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.cascade import CascadeState, Plan
from dispatch.domain.scripts import Script
from dispatch.models.cases import Case
from dispatch.models.response import Arrival, Cascade, CascadeCall, ScriptRun
from dispatch.services.centre import Centre
from dispatch.services.response.handoffs import handoffs_of
from dispatch.services.response.progress import current_run, open_steps, script_of, walked
from dispatch.services.response.reachable import targets
from dispatch.services.rows import must_see, stamp


def response(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Raises ``NotFound`` when the case is not there or not in the actor's areas."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        case = session.get_one(Case, case_id)
        return {
            "script": _script(session, centre, case),
            "cascade": _cascade(session, centre, case, now),
            "arrivals": [arrival_json(a) for a in _arrivals(session, case.id)],
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
        "ahead": _ahead(script, len(way.way)),
        "answers": run.answers if run else {},
        "open_must": list(way.open_must),
        "reason_needed": bool(open_steps(session, centre, case)),
        "earlier": [
            {"code": r.code, "name": r.body["name"], "answers": list(r.answers.values()), "ended_at": stamp(r.ended_at)}
            for r in earlier
            if r.answers
        ],
    }


def _ahead(script: Script, walked_over: int) -> int:
    """About how many steps are to come: the way branches, so it is a guess upwards."""
    return max(0, len(script.steps) - walked_over)


def scripts(centre: Centre) -> list[dict[str, Any]]:
    return [
        {"code": s.code, "version": s.version, "name": s.name.dump(), "steps": len(s.steps)}
        for s in sorted(centre.scripts.by_code.values(), key=lambda s: s.code)
    ]


def _cascade(session: Session, centre: Centre, case: Case, now: datetime) -> dict[str, Any] | None:
    statement = select(Cascade).where(Cascade.case_id == case.id).order_by(Cascade.id.desc()).limit(1)
    cascade = session.scalar(statement)
    if cascade is None:
        return None
    calls = session.scalars(
        select(CascadeCall).where(CascadeCall.cascade_id == cascade.id).order_by(CascadeCall.id)
    ).all()
    plan = Plan.load(cascade.plan)
    return {
        "id": str(cascade.id),
        "state": cascade.state,
        "version": cascade.version,
        "round": cascade.round,
        "rounds": plan.rounds,
        "step": cascade.step,
        "started_at": stamp(cascade.started_at),
        "started_by": cascade.started_by,
        "next_due_at": stamp(cascade.next_due_at),
        "ended_at": stamp(cascade.ended_at),
        "end_reason": cascade.end_reason,
        "calls": [_call_json(call) for call in calls],
        "ahead": _people_ahead(session, centre, case, cascade, now),
    }


def _call_json(call: CascadeCall) -> dict[str, Any]:
    return {
        "id": str(call.id),
        "round": call.round,
        "step": call.step,
        "who": call.who,
        "person": call.person,
        "label": call.label,
        "state": call.state,
        "minutes_away": call.minutes_away,
        "called_at": stamp(call.called_at),
        "until": stamp(call.until),
        "ended_at": stamp(call.ended_at),
    }


def _people_ahead(
    session: Session, centre: Centre, case: Case, cascade: Cascade, now: datetime
) -> list[dict[str, Any]]:
    """Whom this round still calls, in their order."""
    if cascade.state != CascadeState.RUNNING:
        return []
    called = set(
        session.scalars(
            select(CascadeCall.person).where(CascadeCall.cascade_id == cascade.id, CascadeCall.round == cascade.round)
        )
    )
    steps = list(enumerate(Plan.load(cascade.plan).steps))[cascade.step :]
    return [
        {
            "person": target.person,
            "who": target.who.value,
            "label": target.label,
            "relation": target.relation,
            "minutes_away": target.minutes_away,
            "has_key": target.has_key,
            "mode": step.mode.value,
            "step": number,
        }
        for number, step in steps
        for target in targets(session, centre, case, step.who, now)
        if target.person not in called
    ]


def _arrivals(session: Session, case_id: int) -> list[Arrival]:
    return list(session.scalars(select(Arrival).where(Arrival.case_id == case_id).order_by(Arrival.id)))


def arrival_json(arrival: Arrival) -> dict[str, Any]:
    return {
        "id": str(arrival.id),
        "who": arrival.who,
        "state": arrival.state,
        "version": arrival.version,
        "due_at": stamp(arrival.due_at),
        "next_due_at": stamp(arrival.next_due_at) if arrival.state == ArrivalState.OPEN else None,
        "late_at": stamp(arrival.late_at),
        "created_at": stamp(arrival.created_at),
        "created_by": arrival.created_by,
        "settled_at": stamp(arrival.settled_at),
        "settled_by": arrival.settled_by,
        "reason": arrival.reason,
    }
