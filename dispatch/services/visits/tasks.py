"""The visits themselves: made, brought in line with what is due, let go, and the one place that writes a state."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.visits.due import Duty
from dispatch.domain.visits.periods import DAY
from dispatch.domain.visits.visit import Excuse, Trigger, VisitState, follow
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.visits import CheckinVisit
from dispatch.services.care.reach import begins
from dispatch.services.centre import Centre

BY_REGISTER = frozenset(
    {Excuse.DIED, Excuse.MOVED, Excuse.LEFT_LIST, Excuse.INSTITUTION, Excuse.REFUSED, Excuse.CLASS_CHANGED}
)
"""Excuses that hold as long as the register says so, and no longer. A refusal of one visit alone has none."""


@dataclass
class Made:
    created: int = 0
    existing: int = 0
    excluded: Counter[str] = field(default_factory=Counter)


def there(session: Session, names: Collection[str], ids: Collection[int]) -> dict[int, dict[str, CheckinVisit]]:
    """The visits of these elders in periods of these names."""
    postgresql = on_postgresql(session)
    visits: Iterable[CheckinVisit] = session.scalars(
        select(CheckinVisit)
        .where(
            among(CheckinVisit.elder_id, "ids", postgresql=postgresql),
            CheckinVisit.period.in_(sorted(names)),
        )
        .order_by(CheckinVisit.id),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    found: dict[int, dict[str, CheckinVisit]] = defaultdict(dict)
    for visit in visits:
        found[visit.elder_id][visit.period] = visit
    return found


def fresh(centre: Centre, elder_id: int, duty: Duty, now: datetime, *, extra: int | None = None) -> dict[str, Any]:
    """The row of a new visit. ``extra``: of which extra round."""
    return {
        "elder_id": elder_id,
        "period": duty.period.name,
        "first": duty.first,
        "last": duty.last,
        "due_at": begins(centre, duty.last + DAY),
        "risk": duty.risk,
        "extra_round_id": extra,
        "state": VisitState.PLANNED.value,
        "made_at": now,
        "changed_at": now,
    }


def shape(centre: Centre, visit: CheckinVisit, duty: Duty, now: datetime) -> None:
    """As it is due now; what the register had excused and does not any more is due again, unless its time is over."""
    ends = begins(centre, duty.last + DAY)
    if visit.state in (VisitState.EXCUSED, VisitState.REFUSED) and visit.excuse in BY_REGISTER:
        step(visit, Trigger.RETURN, now)
        visit.excuse = None
    if visit.state in (VisitState.PLANNED, VisitState.BOOKED) and (visit.first, visit.last) != (duty.first, duty.last):
        visit.first, visit.last, visit.due_at = duty.first, duty.last, ends
        visit.changed_at = now
        visit.version += 1


def let_go(visit: CheckinVisit, why: Excuse, now: datetime) -> None:
    if visit.state in (VisitState.PLANNED, VisitState.BOOKED):
        step(visit, Trigger.REFUSE if why is Excuse.REFUSED else Trigger.EXCUSE, now)
        visit.excuse = why.value


def step(visit: CheckinVisit, trigger: Trigger, now: datetime) -> None:
    """The one place in which the state of a visit changes. Raises ``IllegalTransition``."""
    visit.state = follow(VisitState(visit.state), trigger).value
    if visit.state != VisitState.BOOKED:
        visit.planned_at = visit.minutes = visit.confirmed_at = visit.confirmed_by = None
    if visit.state not in (VisitState.PLANNED, VisitState.BOOKED):
        visit.next_due_at = visit.due = None
    visit.changed_at = now
    visit.version += 1
