"""The queue of return calls: who is to be rung, what was tried, what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Trigger
from dispatch.domain.errors import Conflict, NotFound
from dispatch.domain.followup import MISSED, FollowUpState, Result, Tried, Why
from dispatch.models.cases import Case
from dispatch.models.followup import Complaint, FollowUp, FollowUpTry
from dispatch.models.people import Elder
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.followup.ending import Answer, end
from dispatch.services.followup.opening import of_case
from dispatch.services.lifecycle import acted, move, record
from dispatch.services.rows import Row, must_see, stamp, visible
from dispatch.services.work import Act, Told, perform

OPEN, LATE, UNHAPPY, DONE = "open", "late", "unhappy", "done"
VIEWS = (OPEN, LATE, UNHAPPY, DONE)
"""What the list can show."""
SOONEST = (FollowUp.unhappy_at.is_(None), FollowUp.due_at, FollowUp.id)


def _shown(view: str) -> ColumnElement[bool]:
    asked = and_(FollowUp.state == FollowUpState.OPEN, FollowUp.why != Why.NOT_DRAWN)
    unhappy = and_(FollowUp.state == FollowUpState.OPEN, FollowUp.unhappy_at.is_not(None))
    return {
        OPEN: or_(asked, unhappy),
        LATE: and_(or_(asked, unhappy), FollowUp.late_at.is_not(None)),
        UNHAPPY: unhappy,
        DONE: FollowUp.state.in_((FollowUpState.DONE, FollowUpState.NOT_REACHED, FollowUpState.REFUSED)),
    }[view]


def _statement(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Columns and no whole rows: a list opens no seal."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            FollowUp,
            Case.kind,
            Case.help,
            Case.cause,
            Case.priority,
            Case.state.label("case_state"),
            Case.version.label("case_version"),
            Case.outcome,
            Elder.id.label("elder_id"),
            Elder.name.label("elder_name"),
            Elder.birth_date,
            Worker.name.label("worker_name"),
            Area.name.label("area_name"),
        )
        .join(Case, Case.id == FollowUp.case_id)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Worker, Worker.id == FollowUp.worker_id)
        .outerjoin(Area, Area.id == Case.area_id)
    )
    return visible(statement, actor)


def queue(centre: Centre, actor: Actor, now: datetime, view: str, page: PageOf) -> dict[str, Any]:
    """Who said that it was not good first, then by deadline; what is done newest first. The cursor is an offset."""
    start, limit = page.before or 0, page.limit
    newest = (FollowUp.ended_at.desc(), FollowUp.id.desc())
    statement = _statement(actor).where(_shown(view)).order_by(*(newest if view == DONE else SOONEST))
    with centre.database.reads() as session:
        found = session.execute(statement.offset(start).limit(limit + 1)).all()
        counts = {one: _count(session, actor, one) for one in (OPEN, LATE, UNHAPPY)}
        items = [_json(centre, row, now) for row in found[:limit]]
    return {
        "items": items,
        "next_cursor": str(start + limit) if len(found) > limit else None,
        "total": counts.get(view),
        "counts": counts,
    }


def due_by(paths: Iterable[str], until: datetime) -> Select[Any]:
    """Ids of those that a person of these areas has to ask until then; who was not satisfied first."""
    soon = or_(FollowUp.unhappy_at.is_not(None), FollowUp.due_at <= until)
    return (
        select(FollowUp.id)
        .join(Case, Case.id == FollowUp.case_id)
        .join(Area, Area.id == Case.area_id)
        .where(_shown(OPEN), soon, inside(paths))
        .order_by(*SOONEST)
    )


def _count(session: Session, actor: Actor, view: str) -> int:
    counted = select(func.count()).select_from(FollowUp).join(Case, Case.id == FollowUp.case_id)
    return session.scalar(visible(counted.outerjoin(Area, Area.id == Case.area_id).where(_shown(view)), actor)) or 0


def one(centre: Centre, follow_up_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """With what was tried, what was said, and the questions. Raises ``NotFound``."""
    with centre.database.reads() as session:
        return _whole(session, centre, _found(session, FollowUp.id == follow_up_id, actor), now)


def of_one_case(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """What comes after this case: its return call, its complaint and those about it, where it is done again."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        row = session.execute(_statement(actor).where(FollowUp.case_id == case_id)).one_or_none()
        first = session.scalar(select(FollowUp.case_id).where(FollowUp.again_case_id == case_id))
        about = session.scalars(select(Complaint).where(Complaint.about_case_id == case_id).order_by(Complaint.id))
        mine = session.scalar(select(Complaint).where(Complaint.case_id == case_id))
        return {
            "follow_up": None if row is None else _whole(session, centre, row, now),
            "again_of": first and str(first),
            "complaint": None if mine is None else complaint_json(session, mine, now),
            "complaints_about": [complaint_json(session, one_, now) for one_ in about],
        }


def _found(session: Session, which: ColumnElement[bool], actor: Actor) -> Any:
    row = session.execute(_statement(actor).where(which)).one_or_none()
    if row is None:
        raise NotFound("there is no such follow-up in your areas")
    return row


def _json(centre: Centre, row: Any, now: datetime) -> Row:
    found: FollowUp = row.FollowUp
    age = _age(centre, row.birth_date, now)
    return {
        "id": str(found.id),
        "case_id": str(found.case_id),
        "case_version": row.case_version,
        "kind": row.kind,
        "help": row.help,
        "cause": row.cause,
        "priority": row.priority,
        "case_state": row.case_state,
        "outcome": row.outcome,
        "elder": row.elder_id and {"id": str(row.elder_id), "name": row.elder_name, "age": age},
        "worker": found.worker_id and {"id": str(found.worker_id), "name": row.worker_name},
        "area": row.area_name,
        "why": found.why,
        "state": found.state,
        "began_at": stamp(found.began_at),
        "due_at": stamp(found.due_at),
        "late": found.late_at is not None and found.state == FollowUpState.OPEN,
        "reminders": found.reminders,
        "tries": found.tries,
        "most_tries": centre.followup.tries,
        "asked_at": stamp(found.asked_at),
        "asked_by": found.asked_by,
        "unhappy_at": stamp(found.unhappy_at),
        "result": found.result,
        "channel": found.channel,
        "ended_at": stamp(found.ended_at),
        "ended_by": found.ended_by,
        "version": found.version,
    }


def _age(centre: Centre, birth: Any, now: datetime) -> int | None:
    if birth is None:
        return None
    today = now.astimezone(centre.zone).date()
    return int(today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day)))


def _whole(session: Session, centre: Centre, row: Any, now: datetime) -> Row:
    found: FollowUp = row.FollowUp
    tries = session.scalars(select(FollowUpTry).where(FollowUpTry.follow_up_id == found.id).order_by(FollowUpTry.id))
    return {
        **_json(centre, row, now),
        "text": found.text,
        "answers": found.answers,
        "again_case_id": found.again_case_id and str(found.again_case_id),
        "complaint_case_id": found.complaint_case_id and str(found.complaint_case_id),
        "tried": [{"at": stamp(t.at), "way": t.way, "outcome": t.outcome, "by": t.by} for t in tries],
        "questions": [
            {"code": q.code, "zh": q.zh, "en": q.en} for q in centre.followup.questions if row.kind in q.kinds
        ],
        "share": found.share,
        "month": found.month,
    }


def complaint_json(session: Session, row: Complaint, now: datetime) -> Row:
    worker = session.get(Worker, row.worker_id) if row.worker_id is not None else None
    return {
        "case_id": str(row.case_id),
        "about_case_id": row.about_case_id and str(row.about_case_id),
        "worker": worker and {"id": str(worker.id), "name": worker.name},
        "opened_at": stamp(row.opened_at),
        "answer_due_at": stamp(row.answer_due_at),
        "answered_at": stamp(row.answered_at),
        "answered_by": row.answered_by,
        "solve_due_at": stamp(row.solve_due_at),
        "solved_at": stamp(row.solved_at),
        "solved_by": row.solved_by,
        "result": row.result,
        "text": row.text,
        "told": row.told,
        "late": row.late_at is not None and row.solved_at is None,
        "answer_late": (row.answered_at or now) > row.answer_due_at,
        "solve_late": (row.solved_at or now) > row.solve_due_at,
        "version": row.version,
    }


def tried(centre: Centre, follow_up_id: int, act: Act, outcome: Tried) -> dict[str, Any]:
    """Nobody was there, or they want to be rung later. After so many tries it counts as not reached."""
    case_id = _case_of(centre, follow_up_id)

    def change(session: Session, case: Case) -> None:
        row = of_case(session, case.id)
        if row is None or row.state != FollowUpState.OPEN:
            raise Conflict("this was asked already")
        move(case, Trigger.NOTE)
        if act.actor.user_id is not None and act.actor.user_id == case.owner_id:
            acted(case, act.now)
        session.add(FollowUpTry(follow_up_id=row.id, at=act.now, way="call", outcome=outcome.value, by=act.actor.name))
        row.tries += outcome in MISSED
        row.version += 1
        if row.tries >= centre.followup.tries:
            end(session, centre, case, row, Answer(Result.NOT_REACHED, act.actor, act.now))
            return
        data = {"outcome": outcome.value, "n": row.tries, "of": centre.followup.tries}
        record(session, case, "follow_up_tried", act.actor, act.now, channel="console", data=data)

    perform(centre, case_id, act, change, any_version=True)
    return one(centre, follow_up_id, act.actor, act.now)


def answered(centre: Centre, follow_up_id: int, act: Act, told: Told) -> dict[str, Any]:
    """What the elder said. Raises ``Conflict`` when somebody has asked already."""
    case_id = _case_of(centre, follow_up_id)

    def change(session: Session, case: Case) -> None:
        row = of_case(session, case.id)
        if row is None:
            raise NotFound("there is no such follow-up")
        answer = Answer(told.result, act.actor, act.now, "console", told.text, told.answers, told.then)
        end(session, centre, case, row, answer)

    perform(centre, case_id, act, change, any_version=True)
    return one(centre, follow_up_id, act.actor, act.now)


def _case_of(centre: Centre, follow_up_id: int) -> int:
    with centre.database.reads() as session:
        row = session.get(FollowUp, follow_up_id)
        if row is None:
            raise NotFound(f"there is no follow-up {follow_up_id}")
        return row.case_id
