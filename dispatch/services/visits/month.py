"""The list of a month and its visits follow the register: whoever changes somebody lets theirs follow at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.visits import periods
from dispatch.domain.visits.due import Dues, Duty, Listing, dues
from dispatch.domain.visits.periods import DAY, Every, Period
from dispatch.domain.visits.rate import Judgement, Seen, judge
from dispatch.domain.visits.visit import Excuse, Mode, State, Trigger, follow
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.bulk import insert_many
from dispatch.models.visits import CheckinMonth, CheckinMonthElder, CheckinRecord, CheckinVisit
from dispatch.services.care.reach import begins
from dispatch.services.centre import Centre
from dispatch.services.visits import people
from dispatch.services.visits.people import Known

BY_REGISTER = frozenset(
    {Excuse.DIED, Excuse.MOVED, Excuse.LEFT_LIST, Excuse.INSTITUTION, Excuse.REFUSED, Excuse.CLASS_CHANGED}
)
"""Excuses that hold as long as the register says so, and no longer. A refusal of one visit alone has none."""


@dataclass
class Made:
    created: int = 0
    existing: int = 0
    excluded: Counter[str] = field(default_factory=Counter)

    def add(self, other: Made) -> None:
        self.created += other.created
        self.existing += other.existing
        self.excluded.update(other.excluded)


def of_elder(session: Session, centre: Centre, elder_id: int, now: datetime) -> None:
    """In the months that were generated and are not closed: those that the elder's change can still touch."""
    session.flush()
    open_months = select(CheckinMonth.month).where(CheckinMonth.closed_at.is_(None)).order_by(CheckinMonth.month)
    for name in session.scalars(open_months).all():
        bring_up_to_date(session, centre, periods.month(name), [elder_id], now)


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
    there = _there(portion, spans)
    made, fresh = Made(), []
    for elder_id, wanted in portion.found.items():
        mine = there.pop(elder_id, {})
        for duty in wanted.duties:
            visit = mine.pop(duty.period.name, None)
            if visit is None:
                fresh.append(_row(portion.centre, elder_id, duty, now))
            else:
                made.existing += 1
                _shape(portion.centre, visit, duty, now)
        why = _why(wanted)
        for visit in mine.values():
            # What began in an earlier month is of the class that the elder had then.
            here = spans[visit.period].first in portion.month or why is not Excuse.CLASS_CHANGED
            if here and portion.month.meet(visit.first, visit.last):
                _let_go(visit, why, now)
    for left in there.values():  # their file is another elder's now
        for visit in left.values():
            _let_go(visit, Excuse.DUPLICATE, now)
    insert_many(portion.session, CheckinVisit, fresh)
    made.created = len(fresh)
    return made


def _there(portion: Portion, names: Collection[str]) -> dict[int, dict[str, CheckinVisit]]:
    """The visits of these elders in periods of these names."""
    postgresql = on_postgresql(portion.session)
    visits: Iterable[CheckinVisit] = portion.session.scalars(
        select(CheckinVisit)
        .where(
            among(CheckinVisit.elder_id, "ids", postgresql=postgresql),
            CheckinVisit.period.in_(sorted(names)),
        )
        .order_by(CheckinVisit.id),
        {"ids": ids_for(portion.ids, postgresql=postgresql)},
    )
    found: dict[int, dict[str, CheckinVisit]] = defaultdict(dict)
    for visit in visits:
        found[visit.elder_id][visit.period] = visit
    return found


def _row(centre: Centre, elder_id: int, duty: Duty, now: datetime) -> dict[str, Any]:
    return {
        "elder_id": elder_id,
        "period": duty.period.name,
        "first": duty.first,
        "last": duty.last,
        "due_at": begins(centre, duty.last + DAY),
        "risk": duty.risk,
        "state": State.PLANNED.value,
        "made_at": now,
        "changed_at": now,
    }


def _shape(centre: Centre, visit: CheckinVisit, duty: Duty, now: datetime) -> None:
    """As it is due now; what the register had excused and does not any more is due again, unless its time is over."""
    ends = begins(centre, duty.last + DAY)
    if visit.state in (State.EXCUSED, State.REFUSED) and visit.excuse in BY_REGISTER:
        step(visit, Trigger.RETURN, now)
        visit.excuse = None
    if visit.state in (State.PLANNED, State.BOOKED) and (visit.first, visit.last) != (duty.first, duty.last):
        visit.first, visit.last, visit.due_at = duty.first, duty.last, ends
        visit.changed_at = now
        visit.version += 1


def _let_go(visit: CheckinVisit, why: Excuse, now: datetime) -> None:
    if visit.state in (State.PLANNED, State.BOOKED):
        step(visit, Trigger.REFUSE if why is Excuse.REFUSED else Trigger.EXCUSE, now)
        visit.excuse = why.value


def _why(wanted: Dues) -> Excuse:
    if wanted.excluded is not None:
        return wanted.excluded
    return Excuse.LEFT_LIST if wanted.listing is None else Excuse.CLASS_CHANGED


def step(visit: CheckinVisit, trigger: Trigger, now: datetime) -> None:
    """The one place in which the state of a visit changes. Raises ``IllegalTransition``."""
    visit.state = follow(State(visit.state), trigger).value
    if visit.state != State.BOOKED:
        visit.planned_at = visit.minutes = None
    if visit.state not in (State.PLANNED, State.BOOKED):
        visit.next_due_at = visit.due = None
    visit.changed_at = now
    visit.version += 1


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
