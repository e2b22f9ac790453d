"""Who is told at a step of a period how many visits are open: visitor, station, sub-district, county. Each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from dispatch.domain.visits.periods import month, named
from dispatch.domain.visits.rules import Tell
from dispatch.domain.visits.visit import VisitState
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household
from dispatch.models.visits import CheckinMonthElder, CheckinNotice, CheckinStep, CheckinVisit
from dispatch.models.workforce import Station, Worker
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.response.words import fitted
from dispatch.services.visits.standing import standings
from dispatch.services.visits.steps import FORECAST

LEVEL = {Tell.SUBDISTRICT: 4, Tell.COUNTY: 3}
"""Of areas."""
TOLD_ROLES = frozenset({"supervisor", "station"})
OPEN = (VisitState.PLANNED, VisitState.BOOKED)
ByArea = dict[int, int]


@dataclass(frozen=True)
class Recipient:
    key: str
    """``worker:7``, ``station:3``, ``user:5``; ``area:17`` where nobody is named, and the console alone says it."""
    area_id: int
    label: str
    phone: str | None
    own: bool = False
    """A visitor, who is told of their own visits."""


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once. A clock that was away says the last step that it missed, and that once."""
    return carry_out_each(centre, CheckinStep.next_due_at, now, _carry_out)


def _carry_out(session: Session, centre: Centre, step_id: int, now: datetime) -> bool:
    step = session.get(CheckinStep, step_id, with_for_update={"skip_locked": True}, populate_existing=True)
    if step is None or step.next_due_at is None or step.next_due_at > now:
        return False
    open_ = _open(session, centre, step)
    step.open = sum(open_.values())
    if step.open and not _overtaken(session, step, now):
        for recipient, of in _told(session, centre, step, open_).items():
            _notice(session, centre, step, recipient, (sum(of.values()), now))
    step.next_due_at, step.done_at = None, now
    return True


def _overtaken(session: Session, step: CheckinStep, now: datetime) -> bool:
    """A later share of the same period is due already, and says what there is to say."""
    later = select(CheckinStep.id).where(
        CheckinStep.period == step.period,
        CheckinStep.step != FORECAST,
        CheckinStep.next_due_at > step.next_due_at,
        CheckinStep.next_due_at <= now,
    )
    return session.scalar(later.limit(1)) is not None


def _open(session: Session, centre: Centre, step: CheckinStep) -> ByArea:
    """By area of the homes: visits that are open, at the end those that were missed; in the forecast, elders."""
    if step.step == FORECAST:
        unbooked = standings(centre, month(step.period))["unbooked"]
        statement = (
            select(CheckinMonthElder.area_id, func.count())
            .where(CheckinMonthElder.month == step.period, unbooked)
            .group_by(CheckinMonthElder.area_id)
        )
    else:
        statement = (
            select(Household.area_id, func.count())
            .select_from(CheckinVisit)
            .join(Elder, Elder.id == CheckinVisit.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .where(CheckinVisit.period == step.period, _left_over(step))
            .group_by(Household.area_id)
        )
    return {row[0]: row[1] for row in session.execute(statement)}


def _left_over(step: CheckinStep) -> ColumnElement[bool]:
    return CheckinVisit.state == VisitState.MISSED if step.step == "100" else CheckinVisit.state.in_(OPEN)


def _told(session: Session, centre: Centre, step: CheckinStep, open_: ByArea) -> Mapping[Recipient, ByArea]:
    """Each with the areas of which they hear: whoever is told of one for two reasons hears of it once."""
    tell = _tell(centre, step)
    found: dict[Recipient, ByArea] = defaultdict(dict)
    tree = Tree.read(session)
    if Tell.VISITOR in tell:
        for visitor, number in _visitors(session, step).items():
            found[visitor][visitor.area_id] = number
    if Tell.STATION in tell:
        _stations(session, tree, open_, found)
    for level in (Tell.SUBDISTRICT, Tell.COUNTY):
        if level in tell:
            _supervisors(session, tree, open_, LEVEL[level], found)
    return found


def _tell(centre: Centre, step: CheckinStep) -> frozenset[Tell]:
    if step.step == FORECAST:
        return frozenset({Tell.STATION, Tell.SUBDISTRICT})
    return next((one.tell for one in centre.visits.reminders if str(one.percent) == step.step), frozenset())


@dataclass(frozen=True)
class Tree:
    """All areas: their ancestors, from the nearest up, themselves first."""

    names: Mapping[int, str]
    levels: Mapping[int, int]
    paths: Mapping[int, str]

    @classmethod
    def read(cls, session: Session) -> Tree:
        rows = session.execute(select(Area.id, Area.name, Area.level, Area.path)).all()
        return cls({r.id: r.name for r in rows}, {r.id: r.level for r in rows}, {r.id: r.path for r in rows})

    def up(self, area_id: int) -> Iterator[int]:
        return (int(part) for part in reversed(self.paths[area_id].strip("/").split("/")))

    def at(self, area_id: int, level: int) -> Iterator[int]:
        """From the ancestor of this level up; where there is none, from the next one above it."""
        return (one for one in self.up(area_id) if self.levels[one] <= level)


def _visitors(session: Session, step: CheckinStep) -> Mapping[Recipient, int]:
    rows = session.execute(
        select(Worker.id, Worker.name, Worker.phone, Worker.area_id, func.count())
        .join(CheckinVisit, CheckinVisit.worker_id == Worker.id)
        .where(CheckinVisit.period == step.period, CheckinVisit.state == VisitState.BOOKED, Worker.active)
        .group_by(Worker.id, Worker.name, Worker.phone, Worker.area_id)
    )
    return {
        Recipient(f"worker:{id_}", area_id, name, phone, own=True): number for id_, name, phone, area_id, number in rows
    }


def _stations(session: Session, tree: Tree, open_: ByArea, found: dict[Recipient, ByArea]) -> None:
    """The station nearest above each home. Where there is none, the supervisors of the sub-district."""
    rows = session.execute(
        select(Station.id, Station.name, Station.phone, Station.area_id).where(Station.active).order_by(Station.id)
    )
    there: dict[int, Recipient] = {}
    for id_, name, phone, area_id in rows:
        there.setdefault(area_id, Recipient(f"station:{id_}", area_id, name, phone))
    without: ByArea = {}
    for area_id, number in open_.items():
        nearest = next((there[one] for one in tree.up(area_id) if one in there), None)
        if nearest is None:
            without[area_id] = number
        else:
            found[nearest][area_id] = number
    _supervisors(session, tree, without, LEVEL[Tell.SUBDISTRICT], found)


def _supervisors(session: Session, tree: Tree, open_: ByArea, level: int, found: dict[Recipient, ByArea]) -> None:
    """Those whose own area it is; where nobody is, those of the next area above."""
    users = session.execute(select(User.id, User.name, User.phone, User.roles, User.area_ids).where(User.active)).all()
    by_area: dict[int, list[Recipient]] = {}
    for one in users:
        if TOLD_ROLES & set(one.roles):
            for area_id in one.area_ids:
                told = Recipient(f"user:{one.id}", min(one.area_ids), one.name, one.phone)
                by_area.setdefault(area_id, []).append(told)
    for area_id, number in open_.items():
        responsible = next((by_area[one] for one in tree.at(area_id, level) if one in by_area), None)
        top = next(tree.at(area_id, level), area_id)
        for recipient in responsible or [Recipient(f"area:{top}", top, tree.names[top], None)]:
            found[recipient][area_id] = number


def _notice(
    session: Session, centre: Centre, step: CheckinStep, recipient: Recipient, what: tuple[int, datetime]
) -> None:
    number, now = what
    message = None if recipient.phone is None else _message(centre, step, recipient, what)
    if message is not None:
        session.add(message)
        session.flush()
    session.add(
        CheckinNotice(
            step_id=step.id,
            recipient=recipient.key,
            area_id=recipient.area_id,
            open=number,
            message_id=None if message is None else message.id,
            at=now,
        )
    )
    session.flush()


def _message(centre: Centre, step: CheckinStep, recipient: Recipient, what: tuple[int, datetime]) -> Message:
    number, now = what
    purpose = "visits_yours" if recipient.own else "visits_missed" if step.step == "100" else "visits_open"
    period = named(step.period)
    words = {
        "signature": centre.messages["signature"],
        "who": recipient.label,
        "n": number,
        "until": "" if period is None else f"{period.last.month}月{period.last.day}日",
    }
    return Message(
        reference=f"visits:{step.id}:{recipient.key}",
        channel="sms",
        purpose=purpose,
        phone=recipient.phone,
        label=recipient.label,
        body=fitted(centre.messages[purpose]["sms"], "sms", words, ("who",)).named(purpose),
        case_id=None,
        case_round=0,
        state=MessageState.PENDING,
        created_at=now,
        next_try_at=centre.orders.quiet.later(now, centre.zone),
        receipt={},
    )
