"""All that a match asks about the helpers in reach, in one statement: hours, load, earlier visits, wishes, offers.

Asked one by one these were seven statements; building and sending them took longer than the database needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import LIVE, AssignmentState
from dispatch.domain.helps.matching import Need
from dispatch.domain.helps.offers import OfferState
from dispatch.domain.helps.rules import MatchRules
from dispatch.domain.helps.shifts import Hours, Week
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.base import Utc
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, Order
from dispatch.models.workforce import Wish, WorkerDay, WorkerShift

NOTHING: Any = cast(null(), Integer)
NO_TEXT: Any = cast(null(), String)
DAY = timedelta(days=1)


@dataclass
class Known:
    """Of one helper."""

    hours: list[tuple[int, Hours]] = field(default_factory=list)
    days: list[tuple[Any, Hours | None]] = field(default_factory=list)
    load: tuple[int, int, int] = (0, 0, 0)
    """Jobs of the day, those that lie in the way of this visit, and emergencies that somebody is in."""
    visits: int = 0
    wish: bool | None = None
    offers: tuple[int, int, int] = (0, 0, 0)
    """Lately; and of the offers of a longer time how many there were, and how many were accepted."""
    here: dict[str, str] = field(default_factory=dict)
    """The states of their offers of this very case, each with its reason."""

    @property
    def week(self) -> Week:
        return Week(tuple(self.hours), tuple(self.days))


def known(
    session: Session, ids: Iterable[int], need: Need, spot: tuple[int, int | None], rules: MatchRules
) -> dict[int, Known]:
    """``spot``: the case and whose it is."""
    postgresql = on_postgresql(session)
    today = need.at.date()
    begin = datetime.combine(today, time(), tzinfo=need.at.tzinfo)
    given = {
        "ids": ids_for(list(ids), postgresql=postgresql),
        "case": spot[0],
        "elder": spot[1],
        "today": today,
        "yesterday": today - DAY,
        "weekday": today.weekday(),
        "weekday_before": (today - DAY).weekday(),
        "begin": begin,
        "end": (begin + DAY).astimezone(UTC),
        "at": need.at,
        "until": need.at + timedelta(minutes=need.minutes),
        "fair": need.now - rules.fair_days,
        "since": need.now - max(rules.fair_days, rules.acceptance_days),
    }
    found: dict[int, Known] = defaultdict(Known)
    for what, worker_id, a, b, c, x, y in session.connection().execute(_statement(postgresql), given).all():
        one = found[worker_id]
        if what in ("shift", "day"):
            _add_hours(one, what, today, (a, x, y))
        elif what == "load":
            one.load = (a, b, c)
        elif what == "visits":
            one.visits = a
        elif what == "wish":
            one.wish = bool(a) and one.wish is not False  # a refusal counts more than one wish
        elif what == "offers":
            one.offers = (a, b, c)
        else:
            one.here[x] = y or "other"
    return found


def _add_hours(one: Known, what: str, today: date, row: tuple[int, str | None, str | None]) -> None:
    a, x, y = row
    hours = hours_of(x, y) if x and y else None
    if what == "day":
        one.days.append((today if a else today - DAY, hours))
    elif hours is not None:
        one.hours.append((a, hours))


@cache
def hours_of(starts: str, ends: str) -> Hours:
    return Hours(time.fromisoformat(starts), time.fromisoformat(ends))


@cache
def _statement(postgresql: bool) -> Executable:
    def of(key: Any) -> Any:
        return among(key, "ids", postgresql=postgresql)

    return union_all(_shifts(of), _days(of), _load(of), _visits(of), _wishes(), _asked_for(), _offers(of), _here())


def _row(what: str, worker_id: Any, *numbers: Any, texts: tuple[Any, Any] = (NO_TEXT, NO_TEXT)) -> Any:
    three = (*numbers, NOTHING, NOTHING, NOTHING)[:3]
    return select(literal(what, literal_execute=True), worker_id, *three, *texts)


def _shifts(of: Any) -> Any:
    weekdays = (bindparam("weekday", type_=Integer), bindparam("weekday_before", type_=Integer))
    hours = (WorkerShift.starts, WorkerShift.ends)
    rows = _row("shift", WorkerShift.worker_id, WorkerShift.weekday, texts=hours)
    return rows.where(of(WorkerShift.worker_id), WorkerShift.weekday.in_(weekdays))


def _days(of: Any) -> Any:
    today = case((WorkerDay.day == bindparam("today"), 1), else_=0)
    rows = _row("day", WorkerDay.worker_id, today, texts=(WorkerDay.starts, WorkerDay.ends))
    return rows.where(of(WorkerDay.worker_id), WorkerDay.day.in_((bindparam("today"), bindparam("yesterday"))))


def _load(of: Any) -> Any:
    live = Assignment.state.in_(LIVE)
    starts, at = Assignment.starts_at, bindparam("at", type_=Utc)
    of_day = and_(
        starts >= bindparam("begin", type_=Utc),
        starts < bindparam("end", type_=Utc),
        or_(live, Assignment.state == AssignmentState.COMPLETED),
    )
    clash = and_(live, starts < bindparam("until", type_=Utc), Assignment.ends_at > at)
    counts = (_count(of_day), _count(clash), _count(and_(live, Assignment.emergency)))
    rows = _row("load", Assignment.worker_id, *counts)
    return rows.where(of(Assignment.worker_id), or_(of_day, live)).group_by(Assignment.worker_id)


def _count(condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _visits(of: Any) -> Any:
    """By whichever is fewer: the earlier cases of the elder, or the earlier jobs of those in reach."""
    rows = _row("visits", Assignment.worker_id, func.count()).join(Case, Case.id == Assignment.case_id)
    of_elder = Case.elder_id == bindparam("elder", type_=Integer)
    done = Assignment.state == AssignmentState.COMPLETED
    return rows.where(of(Assignment.worker_id), of_elder, done).group_by(Assignment.worker_id)


def _wishes() -> Any:
    wanted = case((Wish.wanted, 1), else_=0)
    return _row("wish", Wish.worker_id, wanted).where(Wish.elder_id == bindparam("elder", type_=Integer))


def _asked_for() -> Any:
    """Whom the elder would like for this very order."""
    rows = _row("wish", Order.worker_id, literal(1))
    return rows.where(Order.case_id == bindparam("case", type_=Integer), Order.worker_id.is_not(None))


def _offers(of: Any) -> Any:
    """An offer that was withdrawn because somebody else was quicker is no refusal."""
    lately = Offer.offered_at >= bindparam("fair", type_=Utc)
    answered = Offer.state.in_((OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED))
    counts = (_count(lately), _count(answered), _count(Offer.state == OfferState.ACCEPTED))
    rows = _row("offers", Offer.worker_id, *counts)
    since = Offer.offered_at >= bindparam("since", type_=Utc)
    return rows.where(of(Offer.worker_id), since).group_by(Offer.worker_id)


def _here() -> Any:
    rows = _row("here", Offer.worker_id, texts=(Offer.state, Offer.reason))
    return rows.where(Offer.case_id == bindparam("case", type_=Integer))
