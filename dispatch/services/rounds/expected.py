"""Where a visitor is expected: the smallest area that holds all of it, for who can replace them."""

from __future__ import annotations

from datetime import date
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Invalid
from dispatch.domain.visits.periods import DAY
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.care.reach import begins
from dispatch.services.centre import Centre


def area_of(session: Session, centre: Centre, worker_id: int, first: date, last: date) -> int:
    """Of the homes at which they are booked on these days; where there is none, the area that is theirs.

    Raises ``Invalid``.
    """
    worker = session.get(Worker, worker_id)
    if worker is None:
        raise Invalid("worker_id", "unknown", "there is no such helper")
    paths = session.scalars(
        select(Area.path)
        .distinct()
        .join(Household, Household.area_id == Area.id)
        .join(Elder, Elder.household_id == Household.id)
        .join(CheckinVisit, CheckinVisit.elder_id == Elder.id)
        .where(
            CheckinVisit.worker_id == worker_id,
            CheckinVisit.state == VisitState.BOOKED,
            CheckinVisit.planned_at >= begins(centre, first),
            CheckinVisit.planned_at < begins(centre, last + DAY),
        )
    ).all()
    steps = zip(*(path.strip("/").split("/") for path in paths), strict=False)
    common = list(takewhile(lambda step: len(set(step)) == 1, steps))
    return int(common[-1][0]) if common else worker.area_id
