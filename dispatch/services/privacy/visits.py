"""That an elder was visited, and how, stays as a number; what was seen and said does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from dispatch.models.people import Elder
from dispatch.models.visit_months import CheckinCorrection
from dispatch.models.visit_records import CheckinCase, CheckinCheck, CheckinPicture, CheckinReport
from dispatch.models.visits import CheckinRecord, CheckinRefusal, CheckinTry, CheckinVisit, ElderAbsence
from dispatch.services.privacy.restrict import past_the_session

BLANK_RECORD: dict[str, Any] = {
    "items": {},
    "more": {},
    "flags": [],
    "note": None,
    "client_uuid": None,
    "late_reason": None,
    "card": None,
    "lat": None,
    "lon": None,
    "accuracy_m": None,
    "distance_m": None,
}


def forget_visits(session: Session, elder: Elder) -> None:
    """Of somebody who becomes nobody."""
    theirs = select(CheckinVisit.id).where(CheckinVisit.elder_id == elder.id)
    past_the_session(
        session, update(CheckinRefusal).where(CheckinRefusal.elder_id == elder.id).values(said_by="", note=None)
    )
    past_the_session(session, delete(CheckinCase).where(CheckinCase.visit_id.in_(theirs)))
    past_the_session(session, update(CheckinCorrection).where(CheckinCorrection.elder_id == elder.id).values(reason=""))
    past_the_session(session, delete(ElderAbsence).where(ElderAbsence.elder_id == elder.id))
    _clear(session, theirs)


def kept_long_enough(before: datetime) -> Select[Any]:
    """Visits whose time of keeping is over."""
    return select(CheckinVisit.id).where(CheckinVisit.due_at < before, CheckinVisit.cleared_at.is_(None))


def clear_visits(session: Session, ids: Sequence[int], now: datetime) -> int:
    said = CheckinRefusal.visit_id.in_(ids)
    past_the_session(session, update(CheckinRefusal).where(said).values(said_by="", note=None))
    _clear(session, ids)
    past_the_session(session, update(CheckinVisit).where(CheckinVisit.id.in_(ids)).values(cleared_at=now))
    return len(ids)


def _clear(session: Session, visits: Any) -> None:
    for statement in _clearing(visits):
        past_the_session(session, statement)


def _clearing(visits: Any) -> Iterator[Any]:
    records = select(CheckinRecord.id).where(CheckinRecord.visit_id.in_(visits))
    blank_visit: dict[str, Any] = {"reason": None, "confirmed_by": None}
    yield update(CheckinVisit).where(CheckinVisit.id.in_(visits)).values(blank_visit)
    yield update(CheckinTry).where(CheckinTry.visit_id.in_(visits)).values(reason="", client_uuid=None)
    yield update(CheckinRecord).where(CheckinRecord.visit_id.in_(visits)).values(BLANK_RECORD)
    yield update(CheckinCheck).where(CheckinCheck.record_id.in_(records)).values(note=None, flags=[])
    yield delete(CheckinPicture).where(CheckinPicture.visit_id.in_(visits))
    yield delete(CheckinReport).where(CheckinReport.visit_id.in_(visits))
