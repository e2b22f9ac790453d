"""The orders of some days, counted and listed by the same conditions: each number of the board leads to its list.

An order counts on the day on which it is to be; what was wanted at once, on the day on which it was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Help, Kind, State
from dispatch.domain.errors import Invalid
from dispatch.domain.followup import Result
from dispatch.domain.helps.assignments import LIVE, AssignmentState
from dispatch.domain.helps.standing import moment
from dispatch.domain.privacy import mask_address
from dispatch.domain.selftest import SCOPE as SELFTEST
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp
from dispatch.models.helps import Assignment, Order
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.models.response import Arrival
from dispatch.models.workforce import Worker
from dispatch.services.areas_asked import inside_asked
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp, visible

SERVED = frozenset(
    {"served", "helped_on_site", "talk", "information_given", "ambulance", "fire_brigade", "police"}
    | {"false_alarm", "test"}
)
"""Outcomes after which somebody was helped, or was asked and needed no help."""
LONGEST = timedelta(days=62)
Row = dict[str, Any]


class Stage(StrEnum):
    """Where an order stands; each is in exactly one of them."""

    PLANNED = "planned"
    """By a standing order; nobody has to do anything about it yet."""
    WAITING = "waiting"
    """For somebody who goes."""
    PROMISED = "promised"
    UNDER_WAY = "under_way"
    DONE = "done"
    NOT_DONE = "not_done"
    """Cancelled, or closed without anybody having been helped."""


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_THE_JOB = (
    select(func.max(Assignment.id))
    .where(Assignment.case_id == Case.id, Assignment.state.in_((*LIVE, AssignmentState.COMPLETED)))
    .correlate(Case)
    .scalar_subquery()
)
WHEN = func.coalesce(Case.wanted_at, Case.opened_at)
HELP: ColumnElement[str] = case(
    (Case.kind == Kind.EMERGENCY, Help.EMERGENCY.value), else_=func.coalesce(Case.help, Help.CHAT.value)
)
_OVER = Case.state.in_((State.PENDING_FOLLOW_UP, State.CLOSED, State.CANCELLED))
_SERVED = and_(
    Case.state != State.CANCELLED, or_(Assignment.state == AssignmentState.COMPLETED, Case.outcome.in_(SERVED))
)
STAGE: ColumnElement[str] = case(
    (and_(_OVER, _SERVED), Stage.DONE.value),
    (_OVER, Stage.NOT_DONE.value),
    (Case.state == State.IN_SERVICE, Stage.UNDER_WAY.value),
    (Assignment.state.in_((AssignmentState.EN_ROUTE, AssignmentState.ARRIVED)), Stage.UNDER_WAY.value),
    (Assignment.state == AssignmentState.ACCEPTED, Stage.PROMISED.value),
    (Case.state == State.PLANNED, Stage.PLANNED.value),
    else_=Stage.WAITING.value,
)
_WHO = func.coalesce(Assignment.worker_id, case((Case.state == State.PLANNED, Order.worker_id)))
"""Who goes; of what is planned, who is to be asked."""
LATE = exists().where(Arrival.case_id == Case.id, Arrival.late_at.is_not(None))


class Mark(StrEnum):
    """What may be said of an order at any stage."""

    LATE = "late"
    """Somebody who had promised was not there in time."""
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    """As the elder answered afterwards; most are not asked, or give no answer."""


def _said(result: Result) -> ColumnElement[bool]:
    return exists().where(FollowUp.case_id == Case.id, FollowUp.result == result)


MARKS: dict[Mark, ColumnElement[bool]] = {
    Mark.LATE: LATE,
    Mark.SATISFIED: _said(Result.SATISFIED),
    Mark.DISSATISFIED: _said(Result.DISSATISFIED),
}


@dataclass(frozen=True)
class Wanted:
    """Which orders. ``begins`` to ``ends``, without the last moment."""

    begins: datetime
    ends: datetime
    help: Help | None = None
    stage: Stage | None = None
    mark: Mark | None = None
    area_id: int | None = None
    worker_id: int | None = None
    station_id: int | None = None
    nobody: bool = False
    """Nobody has promised to go."""
    elder_id: int | None = None
    standing_id: int | None = None


def span(centre: Centre, period: Period, day: date) -> tuple[datetime, datetime]:
    """The day, the week from Monday or the month in which ``day`` lies, in the zone of the centre."""
    first = {
        Period.DAY: day,
        Period.WEEK: day - timedelta(days=day.weekday()),
        Period.MONTH: day.replace(day=1),
    }[period]
    after = {
        Period.DAY: first + timedelta(days=1),
        Period.WEEK: first + timedelta(days=7),
        Period.MONTH: (first.replace(day=28) + timedelta(days=4)).replace(day=1),
    }[period]
    return moment(first, "00:00", centre.zone), moment(after, "00:00", centre.zone)


def of(session: Session, columns: Sequence[Any], wanted: Wanted, actor: Actor) -> Select[Any]:
    """The one statement behind every number and every list. Raises ``Invalid``."""
    if not timedelta(0) < wanted.ends - wanted.begins <= LONGEST:
        raise Invalid("to", "out-of-range", "ask for at most two months")
    between = or_(
        and_(Case.wanted_at >= wanted.begins, Case.wanted_at < wanted.ends),
        and_(Case.wanted_at.is_(None), Case.opened_at >= wanted.begins, Case.opened_at < wanted.ends),
    )
    statement = (
        select(*columns)
        .select_from(Case)
        .outerjoin(Area, Area.id == Case.area_id)
        .outerjoin(Assignment, Assignment.id == _THE_JOB)
        .outerjoin(Order, Order.case_id == Case.id)
        .outerjoin(Worker, Worker.id == _WHO)
        .where(
            Case.kind.in_((Kind.SERVICE, Kind.EMERGENCY)), Case.state != State.MERGED, Case.cause != SELFTEST, between
        )
    )
    return visible(statement, actor).where(*_more(session, wanted))


def _more(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.help is not None:
        found.append(HELP.in_([wanted.help]))
    if wanted.stage is not None:
        found.append(STAGE.in_([wanted.stage]))
    if wanted.mark is not None:
        found.append(MARKS[wanted.mark])
    if wanted.nobody:
        found.append(Worker.id.is_(None))
    if wanted.area_id is not None:
        found.append(inside_asked(session, wanted.area_id))
    for column, value in (
        (Worker.id, wanted.worker_id),
        (Worker.station_id, wanted.station_id),
        (Case.elder_id, wanted.elder_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.standing_id is not None:
        found.append(Order.standing_id == wanted.standing_id)
    return found


# -- the ten helps


def board(centre: Centre, actor: Actor, period: Period, day: date, area_id: int | None) -> Row:
    """All ten, also those of which there is none; ``asked`` is the sum of the six stages."""
    begins, ends = span(centre, period, day)
    wanted = Wanted(begins, ends, area_id=area_id)
    with centre.database.reads() as session:
        marks = [func.coalesce(func.sum(case((said, 1), else_=0)), 0) for said in MARKS.values()]
        columns = (HELP, STAGE, func.count(), *marks)
        found = session.execute(of(session, columns, wanted, actor).group_by(HELP, STAGE)).all()
    rows = {help_: {"help": help_.value, "asked": 0, **dict.fromkeys([*Stage, *MARKS], 0)} for help_ in Help}
    for help_, stage, number, *marked in found:
        row = rows[Help(help_)]
        row[stage] += number
        row["asked"] += number
        for mark, times in zip(MARKS, marked, strict=True):
            row[mark] += times
    return {"from": stamp(begins), "to": stamp(ends), "items": list(rows.values())}


# -- the list behind a number


def orders(centre: Centre, actor: Actor, wanted: Wanted, limit: int, skip: int) -> Row:
    """By the time at which they are to be."""
    columns = (Case, Order, Elder, Household.address_short, Area.name, Worker, HELP, STAGE, LATE)
    with centre.database.reads() as session:
        total = session.scalar(of(session, (func.count(),), wanted, actor))
        statement = (
            of(session, columns, wanted, actor)
            .outerjoin(Elder, Elder.id == Case.elder_id)
            .outerjoin(Household, Household.id == Case.household_id)
            .order_by(WHEN, Case.id)
        )
        found = session.execute(statement.offset(skip).limit(limit)).all()
        items = [_order(centre, *row) for row in found]
    more = skip + len(items) < (total or 0)
    return {"items": items, "next_cursor": str(skip + len(items)) if more else None, "total": total}


def _order(centre: Centre, *row: Any) -> Row:
    case_, order, elder, address, area, worker, help_, stage, late = row
    item = centre.catalogue.items.get(order.item) if order is not None else centre.catalogue.usual(Help(help_))
    return {
        "case_id": str(case_.id),
        "number": str(case_.id),
        "kind": case_.kind,
        "help": help_,
        "zh": item.words.zh if item else order.item,
        "en": item.words.en if item else order.item,
        "at": stamp(case_.wanted_at or case_.opened_at),
        "at_once": case_.wanted_at is None,
        "until": stamp(order.wanted_until) if order is not None else None,
        "minutes": order.minutes if order is not None else item and item.minutes,
        "channel": case_.channel,
        "state": case_.state,
        "stage": stage,
        "late": bool(late),
        "off": order.off if order is not None else None,
        "elder": {"id": str(elder.id), "name": elder.name} if elder is not None else None,
        "address_short": mask_address(address),
        "area": area,
        "worker": {"id": str(worker.id), "name": worker.name} if worker is not None else None,
        "standing_id": str(order.standing_id) if order is not None and order.standing_id is not None else None,
    }
