"""One check-in visit with everything that came of it: tries, the sheet, its proof, pictures, cases, reports."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.visits.form import Form
from dispatch.models.cases import Case
from dispatch.models.visit_records import CheckinCase, CheckinPicture, CheckinReport
from dispatch.models.visits import CheckinRecord, CheckinRefusal, CheckinTry, CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.visits.keeping import report_json
from dispatch.services.visits.pictures import picture_json
from dispatch.services.visits.rows import Row, one, record_row
from dispatch.services.work import Act


def visit(centre: Centre, visit_id: int, act: Act) -> Row:
    """Raises ``NotFound``."""
    with centre.database.reads() as session:
        row = one(session, centre, visit_id, act)
        return {
            **row,
            "tried": _tries(session, visit_id),
            "seen": _seen(session.scalar(select(CheckinRecord).where(CheckinRecord.visit_id == visit_id))),
            "pictures": _pictures(session, visit_id),
            "cases": cases_json(session, visit_id),
            "reports": _reports(session, visit_id),
            "refusals": _refusals(session, visit_id),
        }


def of_person(session: Session, elder_id: int, most: int) -> list[Row]:
    """For the copy of what is held on one person: what was seen and said at each visit, the newest first."""
    found = session.execute(
        select(CheckinVisit, CheckinRecord)
        .outerjoin(CheckinRecord, CheckinRecord.visit_id == CheckinVisit.id)
        .where(CheckinVisit.elder_id == elder_id)
        .order_by(CheckinVisit.first.desc(), CheckinVisit.id.desc())
        .limit(most)
    )
    return [
        {
            "first": visit.first.isoformat(),
            "last": visit.last.isoformat(),
            "state": visit.state,
            "reason": visit.reason,
            "record": None if record is None else record_row(record),
            "seen": _seen(record),
            "tried": _tries(session, visit.id) if visit.tries else [],
            "pictures": _pictures(session, visit.id),
            "refusals": _refusals(session, visit.id),
        }
        for visit, record in found
    ]


def _tries(session: Session, visit_id: int) -> list[Row]:
    found = session.scalars(select(CheckinTry).where(CheckinTry.visit_id == visit_id).order_by(CheckinTry.at))
    return [
        {"at": stamp(t.at), "mode": t.mode, "why": t.why, "reason": t.reason, "recorded_by": t.recorded_by}
        for t in found
    ]


def _seen(record: CheckinRecord | None) -> Row | None:
    if record is None:
        return None
    return {
        "items": record.items,
        **record.more,
        "note": record.note,
        "channel": record.channel,
        "late_reason": record.late_reason,
        "clock_at": stamp(record.clock_at),
        "card": record.card,
        "distance_m": None if record.distance_m is None else round(record.distance_m),
        "accuracy_m": None if record.accuracy_m is None else round(record.accuracy_m),
        "flags": record.flags,
        "completed_by": record.completed_by,
    }


def _pictures(session: Session, visit_id: int) -> list[Row]:
    found = session.scalars(
        select(CheckinPicture).where(CheckinPicture.visit_id == visit_id).order_by(CheckinPicture.id)
    )
    return [picture_json(row) for row in found]


def cases_json(session: Session, visit_id: int) -> list[Row]:
    """The cases that came of it, with how far each is."""
    found = session.execute(
        select(CheckinCase, Case)
        .join(Case, Case.id == CheckinCase.case_id)
        .where(CheckinCase.visit_id == visit_id)
        .order_by(CheckinCase.id)
    )
    return [
        {"id": str(case.id), "kind": link.kind, "help": case.help, "cause": case.cause, "state": case.state}
        for link, case in found
    ]


def _reports(session: Session, visit_id: int) -> list[Row]:
    found = session.scalars(select(CheckinReport).where(CheckinReport.visit_id == visit_id).order_by(CheckinReport.id))
    return [report_json(row) for row in found]


def _refusals(session: Session, visit_id: int) -> list[Row]:
    found = session.scalars(
        select(CheckinRefusal).where(CheckinRefusal.visit_id == visit_id).order_by(CheckinRefusal.id)
    )
    return [
        {
            "id": str(no.id),
            "on": no.refused_on.isoformat(),
            "until": no.until.isoformat(),
            "said_by": no.said_by,
            "note": no.note,
            "recorded_by": no.recorded_by,
            "withdrawn_at": stamp(no.withdrawn_at),
        }
        for no in found
    ]


def form_json(form: Form) -> dict[str, Any]:
    """What the record asks, with its names in both languages."""
    return {
        "classes": [
            {
                "code": one_.code,
                **one_.names,
                "modes": sorted(one_.modes),
                "items": [{"code": item.code, **item.names, "months": sorted(item.months)} for item in one_.items],
            }
            for one_ in form.classes
        ],
        "economy": [{"code": choice.code, **choice.names} for choice in form.economy],
        "supporter": [{"code": choice.code, **choice.names} for choice in form.supporter],
    }
