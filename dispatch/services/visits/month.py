"""The list of a month and its visits follow the register: whoever changes somebody lets theirs follow at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.visits import periods
from dispatch.domain.visits.due import Dues, Listing, dues
from dispatch.domain.visits.periods import Every, Period, month_of
from dispatch.domain.visits.rate import Judgement, Seen, judge
from dispatch.domain.visits.visit import Excuse, Mode
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.bulk import insert_many
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinRecord, CheckinVisit
from dispatch.services.centre import Centre
from dispatch.services.visits import extra, people, tasks
from dispatch.services.visits.people import Known
from dispatch.services.visits.tasks import Made

RECENT = timedelta(days=31)
LATER = "visits_later"
"""In ``session.info`` of an import: thousands change, and ``generating.ask`` has all of them looked at afterwards."""


def of_elder(session: Session, centre: Centre, elder_id: int, now: datetime, day: date | None = None) -> None:
    """In the months that were generated and are not closed, and in the extra rounds that go on: those that a change of
    the elder can still touch. ``day``: it is about this one, however long ago it was.

    A month that nobody closes for long is left alone, or each change would take longer from month to month; it is
    looked at once more when it is generated again.
    """
    if session.info.get(LATER):
        return
    session.flush()
    today = now.astimezone(centre.zone).date()
    touched = CheckinMonth.month >= month_of(today - RECENT).name
    if day is not None:
        touched |= CheckinMonth.month == month_of(day).name
    open_months = select(CheckinMonth.month).where(CheckinMonth.closed_at.is_(None), touched)
    for name in session.scalars(open_months.order_by(CheckinMonth.month)).all():
        bring_up_to_date(session, centre, periods.month(name), [elder_id], now)
    for round_ in extra.going_on(session, today):
        extra.bring_up_to_date(session, centre, round_, [elder_id], now)


@dataclass(frozen=True)
class Portion:
    """Some elders in one month, and what the rules say of each."""

    session: Session
    centre: Centre
    month: Period
    ids: Collection[int]
    known: Mapping[int, Known]
    found: Mapping[int, Dues]


def bring_up_to_date(session: Session, centre: Centre, month: Period, ids: Collection[int], now: datetime) -> Made:
    """Visits and rows of the month's list of these elders. Safe to repeat; raises ``IntegrityError`` where somebody
    else is at the same, which the caller's ``transact`` begins anew.
    """
    known = people.read(session, centre, ids)
    found = {elder_id: dues(one.person, month, centre.visits) for elder_id, one in known.items()}
    portion = Portion(session, centre, month, ids, known, found)
    made = _visits(portion, now)
    _rows(portion)
    made.excluded.update(one.excluded.value for one in found.values() if one.excluded is not None)
    return made


# -- the visits


def _visits(portion: Portion, now: datetime) -> Made:
    spans = {period.name: period for every in Every for period in periods.periods(every, portion.month)}
    there = tasks.there(portion.session, spans, portion.ids)
    made, fresh = Made(), []
    for elder_id, wanted in portion.found.items():
        mine = there.pop(elder_id, {})
        for duty in wanted.duties:
            visit = mine.pop(duty.period.name, None)
            if visit is None:
                fresh.append(tasks.fresh(portion.centre, elder_id, duty, now))
            else:
                made.existing += 1
                tasks.shape(portion.centre, visit, duty, now)
        why = _why(wanted)
        for visit in mine.values():
            # What began in an earlier month is of the class that the elder had then.
            here = spans[visit.period].first in portion.month or why is not Excuse.CLASS_CHANGED
            if here and portion.month.meet(visit.first, visit.last):
                tasks.let_go(visit, why, now)
    for left in there.values():  # their file is another elder's now
        for visit in left.values():
            tasks.let_go(visit, Excuse.DUPLICATE, now)
    insert_many(portion.session, CheckinVisit, fresh)
    made.created = len(fresh)
    return made


def _why(wanted: Dues) -> Excuse:
    if wanted.excluded is not None:
        return wanted.excluded
    return Excuse.LEFT_LIST if wanted.listing is None else Excuse.CLASS_CHANGED


# -- the list of the month


def _rows(portion: Portion) -> None:
    session, month = portion.session, portion.month
    there = _listed(session, month, portion.ids)
    seen = _seen(session, month, portion.ids)
    fresh = []
    for elder_id, wanted in portion.found.items():
        if wanted.listing is None:
            continue
        known = portion.known[elder_id]
        verdict = judge(known.person, wanted.listing, month, portion.centre.visits, seen[elder_id])
        row = _month_row(month, known, wanted.listing, verdict)
        was = there.pop(elder_id, None)
        if was is None:
            fresh.append(row)
        else:
            for name, value in row.items():
                if getattr(was, name) != value:
                    setattr(was, name, value)
    if there:  # in the list by mistake, as the register says now
        gone = CheckinMonthElder.elder_id.in_(sorted(there))
        session.execute(delete(CheckinMonthElder).where(CheckinMonthElder.month == month.name, gone))
    insert_many(session, CheckinMonthElder, fresh)


def _listed(session: Session, month: Period, ids: Collection[int]) -> dict[int, CheckinMonthElder]:
    postgresql = on_postgresql(session)
    rows: Iterable[CheckinMonthElder] = session.scalars(
        select(CheckinMonthElder).where(
            CheckinMonthElder.month == month.name, among(CheckinMonthElder.elder_id, "ids", postgresql=postgresql)
        ),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    return {row.elder_id: row for row in rows}


def _seen(session: Session, month: Period, ids: Collection[int]) -> dict[int, list[Seen]]:
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(CheckinRecord.elder_id, CheckinRecord.day, CheckinRecord.mode).where(
            among(CheckinRecord.elder_id, "ids", postgresql=postgresql),
            CheckinRecord.day.between(month.first, month.last),
        ),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    found: dict[int, list[Seen]] = defaultdict(list)
    for elder_id, day, mode in rows:
        found[elder_id].append(Seen(day, Mode(mode)))
    return found


def _month_row(month: Period, one: Known, listing: Listing, verdict: Judgement) -> dict[str, Any]:
    return {
        "month": month.name,
        "elder_id": one.person.elder_id,
        "area_id": one.area_id,
        "groups": list(listing.groups),
        "risk": listing.risk.code,
        "joined": listing.joined,
        "last": listing.last,
        "apart": verdict.apart,
        "visited_on": verdict.visited_on,
        "mode": verdict.mode,
        "refused": verdict.refused,
    }
