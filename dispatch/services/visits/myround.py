"""A visitor's own round: what is booked with them today, in order; whom else they are to visit, by community.

With all that a day without a network takes: the door, telephones, what was found last time. No illness is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.visits.form import Grade
from dispatch.domain.visits.periods import DAY
from dispatch.domain.visits.plan import PlanState
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household
from dispatch.models.rounds import CheckinPlan, CheckinRound
from dispatch.models.visits import CheckinRecord, CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services.care.reach import begins, today
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words
from dispatch.services.helps.myjobs import TOLD, WARNED, mine
from dispatch.services.rows import stamp
from dispatch.services.visits.view import form_json
from dispatch.services.visits.visitors import visits_at_all, where_they_go, with_them

Row = dict[str, Any]
MOST = 120
"""Whom else to visit: so many are shown, and how many more there are."""
CONTACTS = 3
BEFORE = timedelta(days=120)
"""How far back the last visit is looked for."""


def of(centre: Centre, actor: Actor, now: datetime) -> Row:
    """Raises ``NotFound`` for somebody who is no helper."""
    day = today(centre, now)
    with centre.database.reads() as session:
        visitor = mine(session, actor)
        goes = where_they_go(session, visitor)
        booked = _visits(session, _booked(centre, visitor, day), (CheckinVisit.planned_at, CheckinVisit.id))
        due = _due(visitor, goes, day)
        rest = _visits(session, due, (CheckinVisit.last, Area.path, Household.address, CheckinVisit.id), MOST)
        over = _visits(session, _over(visitor, day), (CheckinRecord.ended_at, CheckinVisit.id))
        known = _Known.read(session, {elder.id for _, elder, _, _ in [*booked, *rest]}, day)
        open_ = session.scalar(_counted(due)) or 0
        return {
            "worker": {"id": str(visitor.id), "name": visitor.name},
            "server_time": stamp(now),
            "day": day.isoformat(),
            "form": form_json(centre.visits.form),
            "position_radius_m": centre.matching.evidence.radius_m,
            "rest": _rest(session, visitor, day),
            "booked": [_json(centre, known, row, now) for row in booked],
            "due": [_json(centre, known, row, now) for row in rest],
            "left_out": max(0, open_ - len(rest)),
            "over": [_over_json(row) for row in over],
        }


def has_one(centre: Centre, actor: Actor) -> bool:
    """Raises ``NotFound`` for somebody who is no helper."""
    with centre.database.reads() as session:
        return visits_at_all(session, mine(session, actor))


def _booked(centre: Centre, visitor: Worker, day: date) -> ColumnElement[bool]:
    """Until the end of today: what lies behind and was not made is still to be made."""
    return and_(
        with_them(visitor),
        CheckinVisit.state == VisitState.BOOKED,
        CheckinVisit.planned_at < begins(centre, day + DAY),
    )


def _due(visitor: Worker, goes: ColumnElement[bool], day: date) -> ColumnElement[bool]:
    """What nobody has booked: where the visitor goes, and where they met nobody."""
    return and_(
        CheckinVisit.state == VisitState.PLANNED,
        CheckinVisit.first <= day,
        CheckinVisit.last >= day,
        or_(goes, and_(CheckinVisit.worker_id == visitor.id, CheckinVisit.tries > 0)),
    )


def _over(visitor: Worker, day: date) -> ColumnElement[bool]:
    return and_(CheckinRecord.worker_id == visitor.id, CheckinRecord.day == day)


def _rest(session: Session, visitor: Worker, day: date) -> Row | None:
    """The break of the round, where one is planned."""
    planned = (
        select(CheckinRound.rest_from, CheckinRound.rest_until)
        .join(CheckinPlan, CheckinPlan.id == CheckinRound.plan_id)
        .where(CheckinRound.worker_id == visitor.id, CheckinRound.day == day, CheckinRound.rest_from.is_not(None))
        .where(CheckinPlan.state == PlanState.PUBLISHED)
    )
    found = session.execute(planned.order_by(CheckinPlan.id.desc()).limit(1)).first()
    return None if found is None else {"from": stamp(found.rest_from), "until": stamp(found.rest_until)}


Found = tuple[CheckinVisit, Elder, Household, Area]


def _visits(session: Session, which: ColumnElement[bool], order: Iterable[Any], most: int | None = None) -> list[Found]:
    statement = (
        select(CheckinVisit, Elder, Household, Area)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(CheckinRecord, CheckinRecord.visit_id == CheckinVisit.id)
        .where(which)
        .order_by(*order)
        .limit(most)
    )
    return list(session.execute(statement).all())


def _counted(which: ColumnElement[bool]) -> Any:
    return (
        select(func.count())
        .select_from(CheckinVisit)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(which)
    )


@dataclass(frozen=True)
class _Known:
    """What is known of these elders, each kind read once."""

    contacts: dict[int, list[Contact]]
    facts: dict[int, list[Fact]]
    last: dict[int, CheckinRecord]

    @classmethod
    def read(cls, session: Session, ids: Collection[int], day: date) -> _Known:
        contacts: dict[int, list[Contact]] = defaultdict(list)
        of_elders = select(Contact).where(Contact.elder_id.in_(ids)).order_by(Contact.position, Contact.id)
        for contact in session.scalars(of_elders):
            contacts[contact.elder_id].append(contact)
        facts: dict[int, list[Fact]] = defaultdict(list)
        for fact in session.scalars(select(Fact).where(Fact.elder_id.in_(ids), Fact.kind.in_(TOLD)).order_by(Fact.id)):
            facts[fact.elder_id].append(fact)
        seen = select(CheckinRecord).where(CheckinRecord.elder_id.in_(ids), CheckinRecord.day >= day - BEFORE)
        last = {row.elder_id: row for row in session.scalars(seen.order_by(CheckinRecord.ended_at))}
        return cls(contacts, facts, last)


def _json(centre: Centre, known: _Known, found: Found, now: datetime) -> Row:
    visit, elder, home, area = found
    placed = home.lat is not None and home.lon is not None
    warned = [flag for flag in elder.flags if flag in WARNED]
    return {
        "id": str(visit.id),
        "state": visit.state,
        "first": visit.first.isoformat(),
        "last": visit.last.isoformat(),
        "planned_at": stamp(visit.planned_at),
        "minutes": visit.minutes,
        "confirmed": visit.confirmed_at is not None,
        "tries": visit.tries,
        "due": visit.due,
        "next_due_at": stamp(visit.next_due_at),
        "elder": {
            "called": offer_words.called(elder),
            "name": elder.name,
            "age": elder.age(now.astimezone(centre.zone).date()),
            "phone": elder.phone,
            "absence": elder.absence(now),
        },
        "area": area.name,
        "address": home.address,
        "access": home.access_notes,
        "position": {"lat": home.lat, "lon": home.lon} if placed else None,
        "warnings": [
            *({"kind": "flag", "text": flag} for flag in warned),
            *({"kind": fact.kind, "text": fact.text} for fact in known.facts[elder.id]),
        ],
        "contacts": [
            {"name": contact.name, "relation": contact.relation, "phone": contact.phone}
            for contact in known.contacts[elder.id][:CONTACTS]
        ],
        "before": _before(known.last.get(elder.id)),
    }


def _before(record: CheckinRecord | None) -> Row | None:
    """What to look at again."""
    if record is None:
        return None
    return {
        "day": record.day.isoformat(),
        "poor": [code for code, grade in record.items.items() if grade == Grade.POOR],
        "next_on": record.more.get("next_on"),
    }


def _over_json(found: Found) -> Row:
    """Without the door and the telephones: nobody goes there any more today."""
    visit, elder, _, area = found
    return {"id": str(visit.id), "state": visit.state, "called": offer_words.called(elder), "area": area.name}
