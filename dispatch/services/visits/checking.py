"""The list of quality: elders who are rung after a visit, what they say, and what follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import Channel, Kind
from dispatch.domain.errors import Conflict, NotFound
from dispatch.models.followup import FollowUpLot
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visit_records import CheckinCase, CheckinCheck
from dispatch.models.visits import CheckinRecord
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.requests import Request, begin
from dispatch.services.rows import Row, stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.transact import transact
from dispatch.services.visits.sampling import OFF, OPEN
from dispatch.services.work import Act

MOST_TRIES = 3
COMPLAINT = "complaint"


class Said(StrEnum):
    """What came of the call."""

    CONFIRMED = "confirmed"
    """Somebody was there, and it was as it is written."""
    DOUBTED = "doubted"
    """Nobody was there, or it was otherwise: it becomes a complaint, with its deadlines."""
    NO_ANSWER = "no_answer"
    """Some of these, and the elder counts as not reached."""


def _statement(actor: Actor) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(CheckinCheck, CheckinRecord, Elder.id, Elder.name, Area.name, Worker.id, Worker.name)
        .join(CheckinRecord, CheckinRecord.id == CheckinCheck.record_id)
        .join(Elder, Elder.id == CheckinRecord.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(Worker, Worker.id == CheckinRecord.worker_id)
        .where(CheckinCheck.state != OFF, inside(actor.paths))
    )
    return statement


def listed(centre: Centre, actor: Actor, view: str, page: PageOf) -> Row:
    """``open``: the oldest first; ``done``: the newest first. The cursor is an offset."""
    start, is_open = page.before or 0, CheckinCheck.state == OPEN
    order = CheckinCheck.id if view == OPEN else CheckinCheck.decided_at.desc()
    statement = _statement(actor).where(is_open if view == OPEN else ~is_open)
    with centre.database.reads() as session:
        total = session.scalar(
            select(func.count()).select_from(statement.with_only_columns(CheckinCheck.id).subquery())
        )
        found = session.execute(statement.order_by(order, CheckinCheck.id).offset(start).limit(page.limit)).all()
        items = [_json(*row) for row in found]
    more = start + len(items) < (total or 0)
    return {"items": items, "next_cursor": str(start + len(items)) if more and items else None, "total": total or 0}


def _json(*found: Any) -> Row:
    """Of one row of the statement."""
    check, record, elder_id, elder, area, worker_id, worker = found
    return {
        "id": str(check.id),
        "visit_id": str(record.visit_id),
        "why": check.why,
        "month": check.month,
        "share": check.share,
        "flags": check.flags,
        "state": check.state,
        "tries": check.tries,
        "elder": {"id": str(elder_id), "name": elder},
        "area": area,
        "worker": None if worker_id is None else {"id": str(worker_id), "name": worker},
        "mode": record.mode,
        "started_at": stamp(record.started_at),
        "ended_at": stamp(record.ended_at),
        "late": record.late,
        "opened_at": stamp(check.opened_at),
        "decided_at": stamp(check.decided_at),
        "decided_by": check.decided_by,
        "note": check.note,
        "complaint_case_id": check.complaint_case_id and str(check.complaint_case_id),
        "version": check.version,
    }


def opened(centre: Centre, check_id: int, act: Act) -> Row:
    """With the telephone, to ring, which is written down; and the seed of the lot. Raises ``NotFound``."""
    with centre.database.sessions.begin() as session:
        row = _one(session, check_id, act.actor)
        elder = session.get_one(Elder, int(row["elder"]["id"]))
        seen = Deed("phone_seen", Subject("elder", elder.id), data={"check": check_id})
        trail.write(session, act.actor, seen, act.now)
        lot = session.get(FollowUpLot, row["month"])
        return {**row, "phone": elder.phone, "seed": None if lot is None else lot.seed}


def _one(session: Session, check_id: int, actor: Actor) -> Row:
    found = session.execute(_statement(actor).where(CheckinCheck.id == check_id)).first()
    if found is None:
        raise NotFound(f"there is no visit {check_id} to ask about")
    return _json(*found)


def decide(centre: Centre, check_id: int, act: Act, said: Said, note: str | None) -> Row:
    """What the elder said. Raises ``Conflict`` when somebody has asked since."""

    def work(session: Session) -> Row:
        _one(session, check_id, act.actor)
        row = session.get_one(CheckinCheck, check_id, with_for_update=True, populate_existing=True)
        if row.state != OPEN or (act.version is not None and act.version != row.version):
            raise Conflict(f"{row.decided_by or 'somebody'} was first", state=row.state, version=row.version)
        row.version += 1
        row.note = note or row.note
        if said is Said.NO_ANSWER:
            row.tries += 1
        if said is not Said.NO_ANSWER or row.tries >= MOST_TRIES:
            row.state = "not_reached" if said is Said.NO_ANSWER else said.value
            row.decided_at, row.decided_by = act.now, act.actor.name
        if said is Said.DOUBTED:
            row.complaint_case_id = _complain(session, centre, row, act)
        data = {"said": said.value}
        trail.write(session, act.actor, Deed("visit_sampled", Subject("visit_check", row.id), note, data), act.now)
        session.flush()
        return _one(session, check_id, act.actor)

    return transact(centre, work)


def _complain(session: Session, centre: Centre, check: CheckinCheck, act: Act) -> int:
    """A case of its own, with the deadlines of complaints."""
    record = session.get_one(CheckinRecord, check.record_id)
    elder = session.get_one(Elder, record.elder_id, options=[joinedload(Elder.household)])
    request = Request(Kind.COMPLAINT, Channel.HOTLINE, text=check.note, cause="visit_doubted", visit_id=record.visit_id)
    case, _ = begin(session, centre, act, request, elder)
    key = f"{COMPLAINT}:{check.id}"
    session.add(CheckinCase(visit_id=record.visit_id, case_id=case.id, kind=COMPLAINT, key=key, at=act.now))
    return case.id
