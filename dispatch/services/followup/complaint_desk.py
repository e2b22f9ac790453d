"""What people do with complaints: open one about a case, give the first answer, and tell how it was solved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Flag, State, Trigger
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.sms import national
from dispatch.models.cases import Case
from dispatch.models.followup import Complaint
from dispatch.models.helps import Assignment
from dispatch.models.people import Elder
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.followup import asking, complaints
from dispatch.services.followup.complaints import Subject
from dispatch.services.followup.desk import complaint_json
from dispatch.services.lifecycle import acted, drop, end_watch, move, record
from dispatch.services.response import settling
from dispatch.services.rows import Row, case_row, row_of, row_statement, visible
from dispatch.services.work import Act, perform


class Verdict(StrEnum):
    UPHELD = "upheld"
    PARTLY = "partly_upheld"
    NOT_UPHELD = "not_upheld"
    WITHDRAWN = "withdrawn"


class ToldBy(StrEnum):
    CALL = "call"
    SMS = "sms"
    VISIT = "visit"
    LETTER = "letter"


@dataclass(frozen=True)
class Solution:
    result: Verdict
    text: str
    told: ToldBy


def complain(centre: Centre, case_id: int, act: Act, text: str) -> Row:
    """Somebody complains of this case, or of whoever was sent: a case of its own. Returns that one."""
    opened: list[int] = []

    def change(session: Session, case: Case) -> None:
        went = select(Assignment.worker_id).where(Assignment.case_id == case.id).order_by(Assignment.id.desc())
        subject = Subject(case, session.scalar(went.limit(1)), text)
        opened[:] = [complaints.about(session, centre, subject, act.actor, act.now).id]
        data = {"case": str(opened[0])}
        record(session, case, "complained", act.actor, act.now, text=text, data=data)

    perform(centre, case_id, act, change, any_version=True)
    with centre.database.reads() as session:
        if not opened:  # the same act came before
            last = select(Complaint.case_id).where(Complaint.about_case_id == case_id).order_by(Complaint.id.desc())
            opened = list(session.scalars(last.limit(1)))
        return case_row(session, centre, opened[0], act.now)


def answer(centre: Centre, case_id: int, act: Act, *, text: str, told: ToldBy) -> dict[str, Any]:
    """The first answer: somebody has it, and this is what happens next."""

    def change(session: Session, case: Case) -> None:
        row = _open(session, case)
        if row.answered_at is None:
            row.answered_at, row.answered_by = act.now, act.actor.name
        row.next_due_at = row.solve_due_at
        row.version += 1
        drop(case, Flag.COMPLAINT_LATE)
        if act.actor.user_id is not None and act.actor.user_id == case.owner_id:
            acted(case, act.now)
        if told is ToldBy.SMS:
            until = row.solve_due_at.astimezone(centre.zone)
            given = {"number": str(case.id), "until": f"{until.month}月{until.day}日"}
            _write(session, centre, case, ("complaint_answer", given), act.now)
        record(session, case, "complaint_answered", act.actor, act.now, text=text, data={"told": told.value})

    perform(centre, case_id, act, change, any_version=True)
    return of(centre, case_id, act.actor, act.now)


def solve(centre: Centre, case_id: int, act: Act, found: Solution) -> dict[str, Any]:
    """What was found, and how the complainant heard of it. It ends the case."""

    def change(session: Session, case: Case) -> None:
        row = _open(session, case)
        if State(case.state) is State.NEW:
            raise Invalid("state", "nobody-has-it", "take the complaint before you solve it")
        row.solved_at, row.solved_by = act.now, act.actor.name
        if row.answered_at is None:
            row.answered_at, row.answered_by = act.now, act.actor.name
        row.result, row.text, row.told = found.result, found.text, found.told
        row.next_due_at = None
        row.version += 1
        if found.told is ToldBy.SMS:
            given = {"number": str(case.id), "text": found.text}
            _write(session, centre, case, ("complaint_solved", given), act.now)
        drop(case, Flag.COMPLAINT_LATE)
        move(case, Trigger.CLOSE)
        case.outcome, case.closed_at = found.result, act.now
        settling.settle(session, centre, case, act.actor, act.now)
        end_watch(case)
        data = {"result": found.result.value, "told": found.told.value}
        record(session, case, "complaint_solved", act.actor, act.now, text=found.text, data=data)

    perform(centre, case_id, act, change, any_version=True)
    return of(centre, case_id, act.actor, act.now)


def _open(session: Session, case: Case) -> Complaint:
    row = complaints.of_case(session, case.id)
    if row is None:
        raise NotFound("this case is no complaint, or is older than the deadlines for them")
    if row.solved_at is not None:
        raise Conflict("this complaint is solved", result=row.result)
    return row


def _write(session: Session, centre: Centre, case: Case, text: tuple[str, dict[str, str]], now: datetime) -> None:
    """To whoever called, else to the elder. Raises ``Invalid`` where no telephone can read it."""
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    phone = case.caller or (elder.phone if elder is not None else None)
    if not phone or not asking.MOBILE.fullmatch(national(phone)):
        raise Invalid("told", "no-number", "no telephone that reads short messages is known: tell them another way")
    label = elder.name if elder is not None and not case.caller else ""
    purpose, given = text
    asking.send(session, centre, case, asking.Words(purpose, phone, label, now, given))


def of(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    with centre.database.reads() as session:
        row = session.scalar(select(Complaint).where(Complaint.case_id == case_id))
        if row is None:
            raise NotFound("this case is no complaint")
        return complaint_json(session, row, now)


def complaints_of(centre: Centre, actor: Actor, now: datetime, page: PageOf, *, solved: bool = False) -> dict[str, Any]:
    """Those whose deadline comes first, first; of solved ones the newest. The cursor is an offset."""
    start, limit = page.before or 0, page.limit
    state = Complaint.solved_at.is_not(None) if solved else and_(Complaint.solved_at.is_(None), Case.state.in_(OPEN))
    order = Complaint.solved_at.desc() if solved else Complaint.next_due_at
    statement = row_statement().add_columns(Complaint).join(Complaint, Complaint.case_id == Case.id).where(state)
    with centre.database.reads() as session:
        found = session.execute(
            visible(statement, actor).order_by(order, Complaint.id).offset(start).limit(limit + 1)
        ).all()
        items = [
            {"row": row_of(one, centre, now), "complaint": complaint_json(session, one.Complaint, now)}
            for one in found[:limit]
        ]
    return {"items": items, "next_cursor": str(start + limit) if len(found) > limit else None}
