"""The time of a visit is over: it was missed, unless the elder could not have been visited on any of its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dispatch.domain.visits.due import absent_throughout
from dispatch.domain.visits.periods import Span, named
from dispatch.domain.visits.visit import Excuse, Trigger, VisitState
from dispatch.models.visits import CheckinVisit, ExtraRound
from dispatch.services.centre import Centre
from dispatch.services.transact import portions
from dispatch.services.visits import people
from dispatch.services.visits.people import Known
from dispatch.services.visits.tasks import step

log = structlog.get_logger()
BATCH = 500
OPEN = (VisitState.PLANNED, VisitState.BOOKED)


def tick(centre: Centre, now: datetime) -> int:
    """In batches; how many ran out."""
    due = (CheckinVisit.state.in_(OPEN), CheckinVisit.due_at <= now)
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        if not session.scalar(select(exists().where(*due))):
            return 0
    total = sum(portions(centre, lambda session: _batch(session, centre, now)))
    log.info("visits_ran_out", visits=total)
    return total


def _batch(session: Session, centre: Centre, now: datetime) -> int:
    visits = session.scalars(
        select(CheckinVisit)
        .where(CheckinVisit.state.in_(OPEN), CheckinVisit.due_at <= now)
        .order_by(CheckinVisit.id)
        .limit(BATCH)
        .with_for_update()
    ).all()
    known = people.read(session, centre, {visit.elder_id for visit in visits})
    rounds = {visit.extra_round_id for visit in visits}
    ends = dict(session.execute(select(ExtraRound.id, ExtraRound.last).where(ExtraRound.id.in_(rounds))).all())
    for visit in visits:
        excuse = _excuse(visit, known.get(visit.elder_id), ends)
        step(visit, Trigger.RUN_OUT if excuse is None else Trigger.EXCUSE, now)
        visit.excuse = None if excuse is None else excuse.value
    return len(visits)


def _excuse(visit: CheckinVisit, known: Known | None, ends: Mapping[int, date]) -> Excuse | None:
    if known is None:
        return Excuse.DUPLICATE
    period = named(visit.period)
    if visit.last < (ends[visit.extra_round_id or 0] if period is None else period.last):
        return Excuse.LEFT_LIST
    kind = absent_throughout(known.person, (Span(visit.first, visit.last),))
    return None if kind is None else Excuse(kind)
