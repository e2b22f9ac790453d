"""Extra rounds (专项探访): a cold wave, heat, a festival, a flood; in an area, to some groups, visits of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.visits.due import extra_dues
from dispatch.domain.visits.periods import Period, Span
from dispatch.domain.visits.visit import Excuse, VisitState
from dispatch.models.bulk import insert_many
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.visits import CheckinVisit, ExtraRound
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import people, tasks
from dispatch.services.visits.tasks import Made
from dispatch.services.work import Act
from dispatch.services.workforce.scope import area_within

PREFIX = "x"
LONGEST = timedelta(days=92)


class Reason(StrEnum):
    COLD_WAVE = "cold_wave"
    HEAT = "heat"
    SNOW = "snow"
    FLOOD = "flood"
    FESTIVAL = "festival"
    EPIDEMIC = "epidemic"
    OTHER = "other"


@dataclass(frozen=True)
class NewRound:
    name: str
    reason: Reason
    area_id: int
    first: date
    last: date
    groups: tuple[str, ...] = ()
    """Of ``config/groups.yaml``, also others than those of the list; empty: whoever is in the list."""


def period_of(round_: ExtraRound) -> Period:
    return Period(round_.first, round_.last, f"{PREFIX}{round_.id}")


def groups_of(centre: Centre, round_: ExtraRound) -> Collection[str]:
    return round_.groups or centre.visits.listed


def going_on(session: Session, day: date) -> Sequence[ExtraRound]:
    """Those that were not ended, and whose last day is not over."""
    found = select(ExtraRound).where(ExtraRound.ended_at.is_(None), ExtraRound.last >= day).order_by(ExtraRound.id)
    return session.scalars(found).all()


def of_period(session: Session, name: str) -> ExtraRound:
    return session.get_one(ExtraRound, int(name.removeprefix(PREFIX)))


def candidates(centre: Centre, round_: ExtraRound) -> Select[int]:
    """Whoever may be visited in it: in its groups, and at home in its area."""
    path = select(Area.path).where(Area.id == round_.area_id).scalar_subquery()
    here = (
        select(Household.id)
        .join(Area, Area.id == Household.area_id)
        .where(func.substr(Area.path, 1, func.length(path)) == path)
    )
    wanted = people.candidates(groups_of(centre, round_), Span(round_.first, round_.last))
    return wanted.where(Elder.household_id.in_(here))


def bring_up_to_date(session: Session, centre: Centre, round_: ExtraRound, ids: Collection[int], now: datetime) -> Made:
    """As ``month.bring_up_to_date``. Who moves out of the area keeps the visit that they have."""
    period = period_of(round_)
    known = people.read(session, centre, ids, groups_of(centre, round_))
    there = tasks.there(session, [period.name], ids)
    here = _areas(session, round_)
    made, fresh = Made(), []
    for elder_id, one in known.items():
        wanted = extra_dues(one.person, period, centre.visits)
        visit = there.get(elder_id, {}).get(period.name)
        duty = wanted.duties[0] if wanted.duties else None
        if wanted.excluded is not None and one.area_id in here:
            made.excluded[wanted.excluded.value] += 1
        if visit is None and duty is not None and one.area_id in here:
            fresh.append(tasks.fresh(centre, elder_id, duty, now, extra=round_.id))
        elif visit is not None and duty is not None:
            made.existing += 1
            tasks.shape(centre, visit, duty, now)
        elif visit is not None:
            tasks.let_go(visit, wanted.excluded or Excuse.LEFT_LIST, now)
    for elder_id in set(there) - set(known):  # their file is another elder's now
        for visit in there[elder_id].values():
            tasks.let_go(visit, Excuse.DUPLICATE, now)
    insert_many(session, CheckinVisit, fresh)
    made.created = len(fresh)
    return made


def _areas(session: Session, round_: ExtraRound) -> set[int]:
    path = session.scalars(select(Area.path).where(Area.id == round_.area_id)).one()
    return set(session.scalars(select(Area.id).where(inside((path,)))))


# -- what people do with them


def make(centre: Centre, act: Act, new: NewRound, generate: Callable[[int], Any]) -> Answer:
    """Order a round; ``generate`` makes its visits after the commit, and the calendar would. Raises ``Invalid``."""
    _check(centre, act, new)

    def work(session: Session) -> Answer:
        area = area_within(session, new.area_id, act.actor)
        round_ = ExtraRound(
            name=new.name,
            reason=new.reason.value,
            area_id=area.id,
            groups=list(dict.fromkeys(new.groups)),
            first=new.first,
            last=new.last,
            made_at=act.now,
            made_by=act.actor.name,
        )
        session.add(round_)
        session.flush()
        _write(session, act, "visits_round_ordered", round_)
        return {"id": str(round_.id)}

    made = once(centre, act, "visits:extra-round", work)
    generate(int(made["id"]))
    return one(centre, act.actor, int(made["id"]))


def _check(centre: Centre, act: Act, new: NewRound) -> None:
    if unknown := set(new.groups) - set(centre.care.groups.groups):
        raise Invalid("groups", "unknown", f"there is no target group {min(unknown)}: see GET /register/tags")
    if not timedelta(0) <= new.last - new.first <= LONGEST:
        raise Invalid("last", "range", f"at most {LONGEST.days} days, from the first to a later one")
    if new.last < today(centre, act.now):
        raise Invalid("last", "past", "its days lie ahead")


def end(centre: Centre, round_id: int, act: Act, reason: str) -> Answer:
    """What is still open of it need not be any more. Raises ``NotFound``, ``Conflict`` and ``VersionConflict``."""

    def work(session: Session) -> Answer:
        round_ = _within(session, round_id, act.actor, lock=True)
        if act.version is not None and act.version != round_.version:
            raise VersionConflict("the round has changed in the meantime: look at it again", version=round_.version)
        if round_.ended_at is not None:
            raise Conflict("it was ended already")
        round_.ended_at, round_.ended_by, round_.end_reason = act.now, act.actor.name, reason
        round_.version += 1
        open_ = select(CheckinVisit).where(
            CheckinVisit.extra_round_id == round_.id, CheckinVisit.state.in_((VisitState.PLANNED, VisitState.BOOKED))
        )
        for visit in session.scalars(open_.order_by(CheckinVisit.id).with_for_update()):
            tasks.let_go(visit, Excuse.ROUND_ENDED, act.now)
        _write(session, act, "visits_round_ended", round_)
        return {"id": str(round_.id)}

    once(centre, act, f"visits:extra-round:{round_id}:end", work)
    return one(centre, act.actor, round_id)


def _within(session: Session, round_id: int, actor: Actor, *, lock: bool = False) -> ExtraRound:
    statement = (
        select(ExtraRound)
        .join(Area, Area.id == ExtraRound.area_id)
        .where(ExtraRound.id == round_id, inside(actor.paths))
    )
    if lock:
        statement = statement.with_for_update(of=ExtraRound).execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFound(f"there is no extra round {round_id} in your areas")
    return found


def _write(session: Session, act: Act, action: str, round_: ExtraRound) -> None:
    data = {"area": str(round_.area_id), "reason": round_.reason, "first": str(round_.first), "last": str(round_.last)}
    trail.write(session, act.actor, Deed(action, Subject("extra_round", round_.id), data=data), act.now)


def one(centre: Centre, actor: Actor, round_id: int) -> Answer:
    with centre.database.reads() as session:
        round_ = _within(session, round_id, actor)
        return _json(session, [round_])[0]


def listed(centre: Centre, actor: Actor, page: PageOf) -> Answer:
    """The newest first."""
    with centre.database.reads() as session:
        statement = select(ExtraRound).join(Area, Area.id == ExtraRound.area_id).where(inside(actor.paths))
        if page.before is not None:
            statement = statement.where(ExtraRound.id < page.before)
        found = session.scalars(statement.order_by(ExtraRound.id.desc()).limit(page.limit + 1)).all()
        items = _json(session, found[: page.limit])
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def _json(session: Session, rounds: Sequence[ExtraRound]) -> list[Answer]:
    """With how many visits there are in each state."""
    ids = [one.id for one in rounds]
    counted = session.execute(
        select(CheckinVisit.extra_round_id, CheckinVisit.state, func.count())
        .where(CheckinVisit.extra_round_id.in_(ids))
        .group_by(CheckinVisit.extra_round_id, CheckinVisit.state)
    ).all()
    names = {row[0]: row[1] for row in session.execute(select(Area.id, Area.name))}
    return [
        {
            "id": str(one.id),
            "version": one.version,
            "name": one.name,
            "reason": one.reason,
            "area": {"id": str(one.area_id), "name": names[one.area_id]},
            "groups": one.groups,
            "first": one.first.isoformat(),
            "last": one.last.isoformat(),
            "made_at": stamp(one.made_at),
            "made_by": one.made_by,
            "ended_at": stamp(one.ended_at),
            "ended_by": one.ended_by,
            "end_reason": one.end_reason,
            "visits": {state.value: _of(counted, one.id, state) for state in VisitState},
        }
        for one in rounds
    ]


def _of(counted: Any, round_id: int, state: VisitState) -> int:
    return sum(number for id_, found, number in counted if (id_, found) == (round_id, state))
