"""Plans that were never published are forgotten when their days are long over: nobody was told of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, select

from dispatch.domain.visits.plan import PlanState
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre

log = structlog.get_logger()
KEPT = timedelta(days=31)
PORTION = 5_000
"""Rows of a transaction: a city's month has 40,000, and SQLite has one writer."""
UNPUBLISHED = (PlanState.READY, PlanState.CANCELLED, PlanState.FAILED)


def prune(centre: Centre, now: datetime) -> int:
    """How many plans."""
    before = today(centre, now) - KEPT
    old = select(CheckinPlan.id).where(CheckinPlan.state.in_(UNPUBLISHED), CheckinPlan.last < before)
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        ids = session.scalars(old.order_by(CheckinPlan.id)).all()
    for plan_id in ids:
        for table in (CheckinStop, CheckinRound):
            while _portion(centre, table, plan_id):
                pass
        with centre.database.sessions.begin() as session:
            session.execute(delete(CheckinPlan).where(CheckinPlan.id == plan_id))
        log.info("plan_forgotten", plan_id=plan_id)
    return len(ids)


def _portion(centre: Centre, table: Any, plan_id: int) -> bool:
    """False: there were no more."""
    rows = select(table.id).where(table.plan_id == plan_id).limit(PORTION).scalar_subquery()
    with centre.database.sessions.begin() as session:
        done = session.execute(delete(table).where(table.id.in_(rows)))
    return bool(done.rowcount)  # type: ignore[attr-defined]
