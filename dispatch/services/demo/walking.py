"""The telephones of helpers on shift say now and then where they are: without them the map of a demo grows old."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from dispatch.models.workforce import Worker, WorkerPosition
from dispatch.services.centre import Centre
from dispatch.services.demo.names import demo_random
from dispatch.services.workforce.weeks import weeks

EVERY = timedelta(minutes=5)
STEP = 0.0012
"""Degrees, some hundred metres."""
SILENT = 9
"""Every ninth telephone is off, so that the demo shows what a place that nobody knows looks like."""


def walk(centre: Centre, now: datetime) -> int:
    """Whoever is on shift and was not heard of for ``EVERY`` has gone a little way. Returns how many."""
    at = now.astimezone(centre.zone)
    chance = demo_random(int(now.timestamp()))
    with centre.database.sessions.begin() as session:
        found = session.scalars(
            select(WorkerPosition)
            .join(Worker, Worker.id == WorkerPosition.worker_id)
            .where(Worker.active, WorkerPosition.at <= now - EVERY, Worker.id % SILENT != SILENT - 1)
            .order_by(WorkerPosition.worker_id)
            .with_for_update(skip_locked=True, of=WorkerPosition)
        ).all()
        hours = weeks(session, [one.worker_id for one in found], at.date() - timedelta(days=1), at.date())
        on_shift = [one for one in found if one.worker_id in hours and hours[one.worker_id].until(at) is not None]
        for one in on_shift:
            one.lat += chance.uniform(-STEP, STEP)
            one.lon += chance.uniform(-STEP, STEP)
            one.at = now
        return len(on_shift)
