"""How it was for the invented elders: return calls of a month, one complaint that waits, and visits to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import Flag, Help, Kind, State
from dispatch.domain.followup import FollowUpDue, FollowUpState, Result, Why, drawn
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.models.cases import Case
from dispatch.models.followup import CardCode, FollowUp, FollowUpLot, FollowUpTry, VisitCheck
from dispatch.models.helps import Assignment, WorkPhoto, WorkRecord
from dispatch.models.people import User
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.followup import complaints
from dispatch.services.followup.complaints import Subject
from dispatch.services.lifecycle import put, watch

DAY = timedelta(days=1)
BAD = ("来得太晚，等了四十分钟", "说话不耐烦", "饭送到时已经凉了", "没打扫干净就走了")
FINE = ("很及时，谢谢", "小姑娘很细心", "都办好了", "")
DOOR = Path(__file__).with_name("door.jpg")


@dataclass(frozen=True)
class Odd:
    """What was strange about one visit."""

    flags: tuple[str, ...]
    minutes: int
    distance_m: float | None
    card: str | None = None
    decided: str | None = None


ODD = (
    Odd(("far_check_in",), 58, 1240.0),
    Odd(("overlap", "impossible_travel"), 64, 35.0),
    Odd(("no_position", "wrong_card"), 45, None, "wrong"),
    Odd(("same_photo",), 51, 22.0),
    Odd(("short_visit",), 9, 41.0, None, "老人临时要去医院，已与家属核实"),
)


def build(session: Session, centre: Centre, chance: Random, users: Sequence[User], now: datetime) -> None:
    """``users``: those of the desk."""
    workers = list(session.scalars(select(Worker).order_by(Worker.id).limit(12)))
    past = select(Case).where(Case.state == State.CLOSED, Case.elder_id.is_not(None), Case.closed_at > now - 30 * DAY)
    closed = list(session.scalars(past.order_by(Case.closed_at)))
    lots = {month: _lot(session, chance, month, now) for month in {_month(centre, one) for one in closed}}
    asked = [one for one in closed if one.kind == Kind.EMERGENCY and one.outcome != "test"]
    services = [one for one in closed if one.kind == Kind.SERVICE]
    rows = [_emergency(centre, case, now) for case in asked]
    went = {job.case_id: job.worker_id for job in session.scalars(select(Assignment).order_by(Assignment.id))}
    rows += [_service(centre, case, lots[_month(centre, case)], went.get(case.id)) for case in services]
    for row in rows:
        _answer(chance, row, users, now)
    _waiting(session, [row for row in rows if row.state == FollowUpState.OPEN and row.why == Why.EMERGENCY], now)
    session.add_all(rows)
    session.flush()
    session.add_all(
        FollowUpTry(follow_up_id=row.id, at=row.ended_at, way="call", outcome="answered", by=row.ended_by or "")
        for row in rows
        if row.state == FollowUpState.DONE and row.ended_at is not None
    )
    _visits(session, chance, users)
    _complaint(session, centre, services, workers, now)
    _cards(session, closed, users, now)


def _month(centre: Centre, case: Case) -> str:
    return _ended(case).astimezone(centre.zone).strftime("%Y-%m")


def _ended(case: Case) -> datetime:
    return case.closed_at or case.changed_at


def _lot(session: Session, chance: Random, month: str, now: datetime) -> FollowUpLot:
    lot = FollowUpLot(month=month, seed=f"{chance.getrandbits(128):032x}", made_at=now - 30 * DAY)
    session.add(lot)
    return lot


def _emergency(centre: Centre, case: Case, now: datetime) -> FollowUp:
    row = _row(case, Why.EMERGENCY)
    row.due_at = _ended(case) + centre.followup.emergency
    row.due, row.next_due_at = FollowUpDue.LATE, row.due_at
    return row


def _service(centre: Centre, case: Case, lot: FollowUpLot, worker_id: int | None) -> FollowUp:
    share = centre.followup.share_of("", case.help or "", None)
    row = _row(case, Why.DRAWN if drawn(lot.seed, case.id, share) else Why.NOT_DRAWN)
    row.worker_id, row.share, row.month = worker_id, share, lot.month
    row.due_at = _ended(case) + centre.followup.service
    return row


def _row(case: Case, why: Why) -> FollowUp:
    return FollowUp(case_id=case.id, why=why, state=FollowUpState.OPEN, began_at=_ended(case), answers={}, version=1)


def _answer(chance: Random, row: FollowUp, users: Sequence[User], now: datetime) -> None:
    """What is older than a day was asked; the rest waits."""
    at = row.began_at + timedelta(hours=chance.uniform(0.8, 20))
    if row.why == Why.NOT_DRAWN:
        row.state, row.ended_at, row.ended_by = FollowUpState.NOT_DRAWN, min(row.due_at, now), ""
    elif at < now and now - row.began_at > timedelta(hours=22):
        luck = chance.random()
        row.result = (
            Result.SATISFIED
            if luck < 0.84
            else Result.PARTLY
            if luck < 0.92
            else Result.DISSATISFIED
            if luck < 0.95
            else Result.NOT_REACHED
        )
        row.state = FollowUpState.NOT_REACHED if row.result == Result.NOT_REACHED else FollowUpState.DONE
        row.text = chance.choice(BAD if row.result == Result.DISSATISFIED else FINE) or None
        row.channel, row.ended_at, row.ended_by = "console", at, chance.choice(users).name
        row.due = row.next_due_at = None
    elif row.why == Why.DRAWN:
        row.due, row.next_due_at = FollowUpDue.LATE, row.due_at


def _waiting(session: Session, rows: Sequence[FollowUp], now: datetime) -> None:
    """One is overdue, one elder has written that it was not good."""
    if not rows:
        return
    late, unhappy = rows[0], rows[-1]
    late.due_at = now - timedelta(hours=3)
    late.late_at, late.reminders, late.next_due_at = late.due_at, 1, now + timedelta(hours=1)
    late.tries = 2
    put(session.get_one(Case, late.case_id), Flag.FOLLOW_UP_LATE)
    unhappy.unhappy_at, unhappy.text = now - timedelta(minutes=25), "3 来得太晚了"
    unhappy.due_at = unhappy.next_due_at = now + timedelta(minutes=95)
    put(session.get_one(Case, unhappy.case_id), Flag.UNHAPPY)


def _visits(session: Session, chance: Random, users: Sequence[User]) -> None:
    """About the proof of the newest visits something is odd."""
    over = (
        select(Assignment, Case)
        .join(Case, Case.id == Assignment.case_id)
        .where(Assignment.state == AssignmentState.COMPLETED, Assignment.completed_at.is_not(None))
        .where(Case.kind == Kind.SERVICE, Case.state == State.CLOSED)
        .order_by(Assignment.completed_at.desc())
    )
    for n, (odd, (job, case)) in enumerate(zip(ODD, session.execute(over.limit(len(ODD))), strict=False)):
        _adjust(job, odd)
        session.add_all(_records(job, odd, case))
        if "same_photo" in odd.flags or n == 0:
            session.add_all(_photo(job, k, odd) for k in (1, 2))
        check = VisitCheck(
            assignment_id=job.id,
            case_id=case.id,
            worker_id=job.worker_id,
            state="accepted" if odd.decided else "open",
            flags=[flag for flag in odd.flags if flag != "no_position"],
            opened_at=_ended(case),
            version=1,
        )
        if odd.decided:
            check.decided_at, check.decided_by = _ended(case) + timedelta(hours=2), chance.choice(users).name
            check.reason = odd.decided
        session.add(check)


def _adjust(job: Assignment, odd: Odd) -> None:
    """So long, and so odd."""
    assert job.completed_at is not None, "only what is over is asked for"
    job.arrived_at = job.completed_at - timedelta(minutes=odd.minutes)
    job.flags = list(odd.flags)


def _records(job: Assignment, odd: Odd, case: Case) -> list[WorkRecord]:
    rows = []
    for kind, at in (("arrive", job.arrived_at), ("complete", job.completed_at)):
        assert at is not None, "somebody was there"
        of_arrival = ("far_check_in", "no_position", "wrong_card", "impossible_travel")
        flags = [flag for flag in odd.flags if (flag in of_arrival) == (kind == "arrive") and flag != "same_photo"]
        rows.append(
            WorkRecord(
                assignment_id=job.id,
                client_uuid=f"demo-{job.id}-{kind}",
                kind=kind,
                channel="app",
                device_at=at,
                clock_at=at + timedelta(seconds=7),
                received_at=at + timedelta(seconds=2),
                accuracy_m=18 if odd.distance_m is not None else None,
                distance_m=odd.distance_m,
                card=odd.card if kind == "arrive" else None,
                done=["done"] if kind == "complete" and case.help != Help.CHAT else [],
                ok=True if kind == "complete" else None,
                flags=flags,
            )
        )
    return rows


def _photo(job: Assignment, number: int, odd: Odd) -> WorkPhoto:
    content = DOOR.read_bytes()
    assert job.arrived_at is not None, "somebody was there"
    at = job.arrived_at + timedelta(minutes=number)
    return WorkPhoto(
        assignment_id=job.id,
        client_uuid=f"demo-{job.id}-photo-{number}",
        device_at=at,
        received_at=at + timedelta(seconds=3),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        flags=["same_photo"] if number == 2 and "same_photo" in odd.flags else [],
    )


def _complaint(
    session: Session, centre: Centre, services: Sequence[Case], workers: Sequence[Worker], now: datetime
) -> None:
    """The one that is on the table gets its promises."""
    waits = select(Case).where(Case.kind == Kind.COMPLAINT, Case.state != State.CLOSED).order_by(Case.id.desc())
    case = session.scalars(waits.limit(1)).first()
    if case is None:
        return
    meals = [one for one in services if one.help == Help.MEAL]
    about = Subject(meals[-1], workers[0].id, None) if meals else None
    row = complaints.begin(session, centre, case, case.opened_at, about)
    watch(case, now)  # it was taken as every other case, whose owner is asked after minutes
    row.answered_at, row.answered_by, row.next_due_at = now - timedelta(minutes=8), "林静", row.solve_due_at


def _cards(session: Session, closed: Sequence[Case], users: Sequence[User], now: datetime) -> None:
    """Some homes have a sheet with a code."""
    for n, elder_id in enumerate(sorted({case.elder_id for case in closed if case.elder_id is not None})[:40]):
        code = f"{(n * 7919 + 104729) % 1_000_000:06d}"
        session.add(CardCode(elder_id=elder_id, code=code, issued_at=now - 20 * DAY, issued_by=users[0].name))
