"""Ability assessments: recorded and never changed; the elder's level follows the newest that counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.assessment import (
    Answers,
    Changes,
    Reason,
    Result,
    Standard,
    assess,
    check_assessors,
    next_due,
)
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.models.care import Assessment, AssessmentState
from dispatch.models.people import Elder
from dispatch.services import trail
from dispatch.services.care.groups import Finding, follow_level
from dispatch.services.care.reach import Answer, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

UNDATED = "import"


@dataclass(frozen=True)
class Form:
    """A filled form, or a result alone: then ``level`` says it and ``answers`` is None."""

    standard: str
    reason: Reason
    assessed_on: date
    assessors: tuple[str, ...]
    answers: Answers | None = None
    level: int | None = None
    note: str | None = None
    informant: str | None = None
    source: str = "form"


def record(centre: Centre, elder_id: int, act: Act, form: Form) -> Answer:
    """Keep an assessment and let the elder's level follow. Raises ``Invalid``, ``NotFound``."""

    def change(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        return assessment_json(put(session, centre, elder, form, act), today(centre, act.now))

    return once(centre, act, f"assessment:{elder_id}", change)


def put(session: Session, centre: Centre, elder: Elder, form: Form, act: Act) -> Assessment:
    """``record`` in the caller's transaction, as an import does it. The elder is locked."""
    standard = centre.care.standards.get(form.standard)
    if standard is None:
        known = ", ".join(sorted(centre.care.standards))
        raise Invalid("standard", "unknown", f"{form.standard} is not configured: {known}")
    if not elder.birth_date <= form.assessed_on <= today(centre, act.now):
        raise Invalid("assessed_on", "range", "the day lies between the elder's birth and today")
    assessors = check_assessors(standard, form.assessors)
    result = _result(standard, form)
    answers = form.answers
    new = Assessment(
        elder_id=elder.id,
        standard=standard.code,
        standard_version=standard.version,
        reason=form.reason,
        assessed_on=form.assessed_on,
        next_due_on=next_due(standard, form.assessed_on),
        assessors=list(assessors),
        scores=dict(answers.scores) if answers else {},
        answers=_answers_json(form),
        total=result and result.total,
        by_group=result.by_group if result else {},
        preliminary_level=result and result.preliminary_level,
        changes=[str(change) for change in result.changes] if result else [],
        final_level=_level(standard, form, result),
        note=form.note,
        source=form.source,
        recorded_at=act.now,
        recorded_by=act.actor.name,
    )
    session.add(new)
    session.flush()
    data = {"assessment": new.id, "standard": new.standard, "level": new.final_level, "source": new.source}
    trail.write(session, act.actor, Deed("assessed", Subject("elder", elder.id), data=data), act.now)
    follow(session, centre, elder, act)
    return new


def _result(standard: Standard, form: Form) -> Result | None:
    if form.answers is not None and (form.answers.scores or form.answers.coma):
        return assess(standard, form.answers, form.assessed_on)
    if standard.items and form.source == "form":
        raise Invalid("scores", "missing", f"{standard.code} asks {len(standard.items)} items: send their scores")
    return None


def _level(standard: Standard, form: Form, result: Result | None) -> int:
    if result is not None:
        if form.level is not None and form.level != result.final_level:
            raise Invalid("level", "contradiction", f"the answers make level {result.final_level}, not {form.level}")
        return result.final_level
    if form.level is None or form.level not in {level.level for level in standard.levels}:
        raise Invalid("level", "unknown", f"give a level that {standard.code} has")
    return form.level


def _answers_json(form: Form) -> dict[str, Any]:
    found = form.answers or Answers({})
    return {
        "coma": found.coma,
        "diagnoses": [{"code": d.code, "by_psychiatrist": d.by_psychiatrist} for d in found.diagnoses],
        "risk_events": [{"kind": e.kind, "on": e.on.isoformat()} for e in found.risk_events],
        "informant": form.informant,
    }


def void(centre: Centre, elder_id: int, assessment_id: int, act: Act, reason: str) -> Answer:
    """It was recorded wrongly: it stays in the history and counts no longer. Raises ``Conflict`` when it is void."""

    def change(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        found = session.get(Assessment, assessment_id)
        if found is None or found.elder_id != elder.id:
            raise NotFound(f"elder {elder_id} has no assessment {assessment_id}")
        if found.voided_at is not None:
            raise Conflict("this assessment is void already")
        found.voided_at, found.voided_by, found.void_reason = act.now, act.actor.name, reason
        deed = Deed("assessment_voided", Subject("elder", elder.id), reason, {"assessment": found.id})
        trail.write(session, act.actor, deed, act.now)
        follow(session, centre, elder, act)
        return assessment_json(found, today(centre, act.now))

    return once(centre, act, f"assessment:{elder_id}:{assessment_id}:void", change)


def follow(session: Session, centre: Centre, elder: Elder, act: Act) -> None:
    """Level, due date and groups after the newest assessment that is not void.

    A result whose time is over keeps the level: an old answer helps an operator more than none. The elder is then in
    the list of those without a valid assessment.
    """
    session.flush()
    newest = session.scalar(
        select(Assessment)
        .where(
            Assessment.elder_id == elder.id,
            Assessment.standard == centre.care.setting.code,
            Assessment.voided_at.is_(None),
        )
        .order_by(Assessment.assessed_on.desc(), Assessment.id.desc())
        .limit(1)
    )
    state = session.get(AssessmentState, elder.id)
    if newest is None:
        if state is not None:
            session.delete(state)
            elder.ability_level = None
    else:
        state = state or AssessmentState(elder_id=elder.id)
        state.assessment_id, state.next_due_on = newest.id, newest.next_due_on
        session.add(state)
        elder.ability_level = newest.final_level
    follow_level(session, centre, elder, _finding(elder, newest), act)


def _finding(elder: Elder, newest: Assessment | None) -> Finding | None:
    """A table may bring a level without its day: there is no assessment then, and the level counts all the same."""
    if newest is not None:
        return Finding(newest.final_level, evidence(newest.standard, newest.assessed_on, newest.id))
    return None if elder.ability_level is None else Finding(elder.ability_level, UNDATED)


def evidence(standard: str, assessed_on: date, assessment_id: int) -> str:
    """Of a membership that follows a level: the assessment it rests on."""
    return f"{standard} {assessed_on} #{assessment_id}"


def assessments_of(session: Session, centre: Centre, elder_id: int, now: datetime) -> list[Answer]:
    """Newest first; the void ones too."""
    statement = (
        select(Assessment)
        .where(Assessment.elder_id == elder_id)
        .order_by(Assessment.assessed_on.desc(), Assessment.id.desc())
        .limit(200)
    )
    return [assessment_json(a, today(centre, now)) for a in session.scalars(statement)]


def list_assessments(centre: Centre, elder_id: int, actor: Actor, now: datetime) -> list[Answer]:
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        return assessments_of(session, centre, elder_id, now)


def assessment_json(found: Assessment, day: date) -> Answer:
    return {
        "id": str(found.id),
        "standard": found.standard,
        "standard_version": found.standard_version,
        "reason": found.reason,
        "assessed_on": found.assessed_on.isoformat(),
        "next_due_on": found.next_due_on.isoformat(),
        "valid": found.voided_at is None and day < found.next_due_on,
        "assessors": found.assessors,
        "scores": found.scores,
        **found.answers,
        "total": found.total,
        "group_scores": found.by_group,
        "preliminary_level": found.preliminary_level,
        "changes": found.changes,
        "final_level": found.final_level,
        "note": found.note,
        "source": found.source,
        "recorded_at": stamp(found.recorded_at),
        "recorded_by": found.recorded_by,
        "voided_at": stamp(found.voided_at),
        "voided_by": found.voided_by,
        "void_reason": found.void_reason,
    }


def standards_json(centre: Centre) -> list[Answer]:
    return [_standard_json(standard) for standard in centre.care.standards.values()]


def _standard_json(standard: Standard) -> Answer:
    return {
        "code": standard.code,
        "version": standard.version,
        "name": dict(standard.names),
        "sets_level": standard.sets_level,
        "valid_months": standard.valid_months,
        "assessors": standard.assessors,
        "full_score": standard.full_score,
        "coma_item": standard.coma_item,
        "levels": [
            {"level": level.level, "name": dict(level.names), "from": level.low, "to": level.high}
            for level in standard.levels
        ],
        "groups": [
            {
                "code": group.code,
                "name": dict(group.names),
                "max": sum(item.max for item in group.items),
                "items": [
                    {"code": item.code, "id": item.id, "max": item.max, "name": dict(item.names)}
                    for item in group.items
                ],
            }
            for group in standard.groups
        ],
        "reasons": [str(reason) for reason in Reason],
        "risk_kinds": sorted(standard.changes.risk_kinds) if standard.changes else [],
        "changes": _changes_json(standard.changes) if standard.changes else None,
    }


def _changes_json(rules: Changes) -> Answer:
    """What a form needs to show the level while it is filled in."""
    return {
        "risk_days": rules.risk_days,
        "risk_events": rules.risk_events,
        "dementia": list(rules.dementia),
        "other_mental": list(rules.other_mental),
    }
