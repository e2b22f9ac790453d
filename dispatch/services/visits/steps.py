"""Reminders of a period at shares of its time, and the forecast: when each is due. The clock carries out what is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.helps.standing import moment
from dispatch.domain.visits.periods import DAY, Period, month_of, periods
from dispatch.models.among import on_postgresql
from dispatch.models.visits import CheckinStep
from dispatch.services.care.reach import begins
from dispatch.services.centre import Centre

FORECAST = "forecast"
MORNING = time(8).isoformat("minutes")


def lay(session: Session, centre: Centre, month: Period) -> None:
    """The steps of every period of the month that a risk class has. Each is there once, however often this runs."""
    kinds = {one.every for one in centre.visits.classes}
    lay_of(session, centre, [period for every in sorted(kinds) for period in periods(every, month)])


def lay_of(session: Session, centre: Centre, of: Iterable[Period]) -> None:
    rows = [
        {"period": period.name, "step": step, "next_due_at": at, "done_at": None, "open": None}
        for period in of
        for step, at in _steps(centre, period)
    ]
    known = select(CheckinStep.period, CheckinStep.step).where(CheckinStep.period.in_({row["period"] for row in rows}))
    there = {tuple(row) for row in session.execute(known)}
    fresh = [row for row in rows if (row["period"], row["step"]) not in there]
    if fresh:
        dialect = postgresql if on_postgresql(session) else sqlite
        session.execute(dialect.insert(CheckinStep).on_conflict_do_nothing(), fresh)


def _steps(centre: Centre, period: Period) -> Iterator[tuple[str, datetime]]:
    starts, ends = begins(centre, period.first), begins(centre, period.last + DAY)
    for reminder in centre.visits.reminders:
        yield str(reminder.percent), starts + (ends - starts) * reminder.percent / 100
    if period == month_of(period.first):
        day = period.first + timedelta(days=centre.visits.forecast_day - 1)
        yield FORECAST, moment(day, MORNING, centre.zone)
