"""The cascade as the case view shows it: who was called with what result, who is called now, who would be next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.cascade import CascadeState, Plan, Who
from dispatch.domain.case import ACTIVE, State
from dispatch.models.cases import Case
from dispatch.models.outbox import Message
from dispatch.models.response import Cascade, CascadeCall
from dispatch.services.centre import Centre
from dispatch.services.response.reachable import Target, targets
from dispatch.services.rows import stamp

ASKING = ("cascade", "cascade_elder")
Find = Callable[[Who], list[Target]]
"""Those of one place of a plan."""


def called(session: Session, centre: Centre, case: Case, now: datetime) -> dict[str, Any]:
    """``cascade``, the latest of the case, and ``would_call``, whom one that is begun now would call."""
    find: Find = cache(lambda who: targets(session, centre, case, who, now))  # asked for twice, looked up once
    return {"cascade": _cascade(session, find, case), "would_call": _would_call(centre, find, case)}


def _cascade(session: Session, find: Find, case: Case) -> dict[str, Any] | None:
    found = session.scalar(select(Cascade).where(Cascade.case_id == case.id).order_by(Cascade.id.desc()).limit(1))
    if found is None:
        return None
    statement = select(CascadeCall).where(CascadeCall.cascade_id == found.id).order_by(CascadeCall.id)
    calls = session.scalars(statement).all()
    plan = Plan.load(found.plan)
    people = _people(find, plan)
    known = {target.person: (step, target) for step, target in people}
    messages = _messages(session, calls)
    return {
        "id": str(found.id),
        "state": found.state,
        "version": found.version,
        "round": found.round,
        "rounds": plan.rounds,
        "step": found.step,
        "started_at": stamp(found.started_at),
        "started_by": found.started_by,
        "next_due_at": stamp(found.next_due_at),
        "ended_at": stamp(found.ended_at),
        "end_reason": found.end_reason,
        "calls": [_call_json(call, known.get(call.person), messages[call.id]) for call in calls],
        "ahead": _ahead(found, plan, people, calls),
    }


def _would_call(centre: Centre, find: Find, case: Case) -> list[dict[str, Any]]:
    """In their order; nobody for a case that is over."""
    if State(case.state) not in ACTIVE:
        return []
    plan = centre.cascade.plan(case.cause)
    return [_person_json(plan, step, target) for step, target in _people(find, plan)]


def _people(find: Find, plan: Plan) -> list[tuple[int, Target]]:
    """Everybody of the plan with the number of the step, from the register as it is now."""
    found: dict[str, tuple[int, Target]] = {}
    for number, step in enumerate(plan.steps):
        for target in find(step.who):
            found.setdefault(target.person, (number, target))
    return list(found.values())


def _messages(session: Session, calls: Sequence[CascadeCall]) -> dict[int, list[dict[str, Any]]]:
    """By call, what was sent to ask this person and what came back."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    statement = select(Message).where(
        Message.cascade_call_id.in_([call.id for call in calls]), Message.purpose.in_(ASKING)
    )
    for message in session.scalars(statement.order_by(Message.id)):
        assert message.cascade_call_id is not None, "it was found by it"
        found[message.cascade_call_id].append(
            {
                "channel": message.channel,
                "state": message.state,
                "reply": message.receipt.get("reply"),
                "at": stamp(message.finished_at or message.sent_at),
            }
        )
    return found


def _call_json(call: CascadeCall, known: tuple[int, Target] | None, messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Whoever was called before their turn stands at their own place all the same."""
    step, target = known or (call.step, None)
    return {
        "id": str(call.id),
        "round": call.round,
        "step": step,
        "who": call.who,
        "person": call.person,
        "label": call.label,
        "relation": target.relation if target else "",
        "has_key": target is not None and target.has_key,
        "state": call.state,
        "minutes_away": call.minutes_away,
        "called_at": stamp(call.called_at),
        "until": stamp(call.until),
        "ended_at": stamp(call.ended_at),
        "messages": messages,
    }


def _ahead(
    cascade: Cascade, plan: Plan, people: Sequence[tuple[int, Target]], calls: Sequence[CascadeCall]
) -> list[dict[str, Any]]:
    """Whom this round still calls, in their order."""
    if cascade.state != CascadeState.RUNNING:
        return []
    done = {call.person for call in calls if call.round == cascade.round}
    return [
        _person_json(plan, step, target)
        for step, target in people
        if step >= cascade.step and target.person not in done
    ]


def _person_json(plan: Plan, step: int, target: Target) -> dict[str, Any]:
    return {
        "person": target.person,
        "who": target.who.value,
        "label": target.label,
        "relation": target.relation,
        "minutes_away": target.minutes_away,
        "has_key": target.has_key,
        "mode": plan.steps[step].mode.value,
        "step": step,
    }
