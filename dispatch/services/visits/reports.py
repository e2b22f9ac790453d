"""Reports of visits that wait for somebody: entered long afterwards, or sent when something stood in their way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound
from dispatch.domain.visits.closing import MonthFault
from dispatch.domain.visits.periods import month_of
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visit_records import CheckinReport
from dispatch.models.visits import CheckinRecord, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import Row
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import attempts, corrections, recording, refusing
from dispatch.services.visits.corrections import Wrong
from dispatch.services.visits.keeping import COUNTED, LATE, SET_ASIDE, WAITING, report_json
from dispatch.services.visits.proof import APP, LATE_ENTRY
from dispatch.services.visits.rows import within
from dispatch.services.visits.visitors import AtVisit
from dispatch.services.work import Act


def _statement(actor: Actor) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(CheckinReport, CheckinVisit, Elder.id, Elder.name, Area.name, Worker.name)
        .join(CheckinVisit, CheckinVisit.id == CheckinReport.visit_id)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(Worker, Worker.id == CheckinVisit.worker_id)
        .where(inside(actor.paths))
    )
    return statement


def listed(centre: Centre, actor: Actor, view: str, page: PageOf) -> Row:
    """``waiting``: the oldest first; ``done``: what was decided, the newest first. The cursor is an offset."""
    start, waits = page.before or 0, CheckinReport.state == WAITING
    order = CheckinReport.id if view == WAITING else CheckinReport.decided_at.desc()
    statement = _statement(actor).where(waits if view == WAITING else ~waits)
    with centre.database.reads() as session:
        counted = statement.with_only_columns(CheckinReport.id).subquery()
        total = session.scalar(select(func.count()).select_from(counted)) or 0
        found = session.execute(statement.order_by(order, CheckinReport.id).offset(start).limit(page.limit)).all()
        items = [_json(*row) for row in found]
    more = start + len(items) < total
    return {"items": items, "next_cursor": str(start + len(items)) if more and items else None, "total": total}


def _json(*found: Any) -> Row:
    """Of one row of the statement."""
    report, visit, elder_id, elder, area, worker = found
    return {
        **report_json(report),
        "visit": {
            "id": str(visit.id),
            "state": visit.state,
            "first": visit.first.isoformat(),
            "last": visit.last.isoformat(),
            "worker": worker,
        },
        "elder": {"id": str(elder_id), "name": elder},
        "area": area,
    }


def _one(session: Session, report_id: int, actor: Actor) -> Row:
    found = session.execute(_statement(actor).where(CheckinReport.id == report_id)).first()
    if found is None:
        raise NotFound(f"there is no report {report_id} in your areas")
    return _json(*found)


def decide(centre: Centre, report_id: int, act: Act, *, counts: bool, reason: str | None) -> Answer:
    """``counts``: it was so, and becomes what it says; a visit of a month that is closed by now a correction of it.

    Raises ``Forbidden`` for whoever entered it, ``Conflict`` when it was decided, ``InTheWay`` where the visit takes no
    such record, ``NotFound``.
    """
    if not counts and not reason:
        raise Invalid("reason", "required", "say why it does not count")

    def work(session: Session) -> Answer:
        found = _one(session, report_id, act.actor)
        elder_within(session, int(found["elder"]["id"]), act.actor, lock=True)
        visit_id = int(found["visit"]["id"])
        visit = within(session, visit_id, act)
        row = session.get_one(CheckinReport, report_id, with_for_update=True, populate_existing=True)
        if row.state != WAITING:
            raise Conflict(f"{row.decided_by} was first", state=row.state)
        if row.entered_by == act.actor.key:
            raise Forbidden("another person must decide upon what you have entered")
        row.state = COUNTED if counts else SET_ASIDE
        row.decided_at, row.decided_by, row.decided_reason = act.now, act.actor.name, reason
        deed = Deed(f"visit_report_{row.state}", Subject("visit", visit_id), reason, {"report": row.id, "why": row.why})
        trail.write(session, act.actor, deed, act.now)
        if counts:
            _count(session, centre, AtVisit(visit, act, None), row)
        session.flush()
        return _one(session, report_id, act.actor)

    return once(centre, act, f"visit-report:{report_id}:decide", work)


def _count(session: Session, centre: Centre, on: AtVisit, row: CheckinReport) -> None:
    """It stands under the name of whoever was there, and the decision under that of whoever decided."""
    if "refused" in row.said:
        refusing.hear(session, centre, on, refusing.of_json(row.said["refused"]))
        return
    said = replace(attempts.of_json(row.said), channel=LATE_ENTRY if row.why == LATE else APP)
    day = said.started_at.astimezone(centre.zone).date()
    if said.met and recording.is_closed(session, day):
        if not row.decided_reason:
            raise Invalid("reason", "required", "say why it came late: it stands in the report as a correction")
        wrong = Wrong(on.visit.elder_id, MonthFault.VISITED, row.decided_reason, day)
        corrections.write(session, centre, on.act, month_of(day), wrong)
        return
    made = recording.enter(session, centre, on.visit, on.act, said)
    made.recorded_by = row.entered_name
    if isinstance(made, CheckinRecord):
        made.completed_by = made.completed_by and row.entered_name
