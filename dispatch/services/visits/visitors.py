"""Whom a visitor may visit: what is booked with them, and whoever lives where they go and is to be visited."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.errors import NotFound
from dispatch.domain.permissions import May
from dispatch.domain.visits.plan import PlanState
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside, paths_of
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker, WorkerArea, WorkerSkill
from dispatch.services.helps.answering import as_worker
from dispatch.services.helps.myjobs import mine
from dispatch.services.visits.rows import within
from dispatch.services.work import Act

SKILL = "visits"
"""Of ``config/catalogue.yaml``. Without it nobody sees more than what is booked with them."""


@dataclass(frozen=True)
class AtVisit:
    """Who says something of a visit, which is locked."""

    visit: CheckinVisit
    act: Act
    visitor: Worker | None
    """None: somebody of the centre, who heard it."""
    theirs: bool = True
    """False: it is not this visitor's, or not any more."""


def at_visit(session: Session, visit_id: int, act: Act) -> AtVisit:
    """A telephone without a network knows no version, and nothing of a round that was planned anew: what its visitor
    says of a visit that is another's by now is heard, and they learn nothing of that visit. Raises ``NotFound``.
    """
    if act.actor.may(May.VISITS_WORK):
        return AtVisit(within(session, visit_id, act), act, None)
    visitor = mine(session, act.actor)
    visit = session.get(CheckinVisit, visit_id, with_for_update=True, populate_existing=True)
    if visit is None:
        raise NotFound(f"there is no visit {visit_id}")
    theirs = session.scalar(of_visitor(session, visitor).where(CheckinVisit.id == visit_id)) is not None
    return AtVisit(visit, Act(as_worker(visitor), act.now, key=act.key), visitor, theirs)


def visits_at_all(session: Session, visitor: Worker) -> bool:
    """Whether their page has anything of check-in visits on it."""
    if skilled(session, visitor):
        return True
    booked = select(CheckinVisit.id).where(
        CheckinVisit.worker_id == visitor.id, CheckinVisit.state == VisitState.BOOKED
    )
    return session.scalar(booked.limit(1)) is not None or session.scalar(_second(visitor).limit(1)) is not None


def of_visitor(session: Session, visitor: Worker) -> Select[CheckinVisit]:
    """Their visits, joined to the elder, the home and the area."""
    return (
        select(CheckinVisit)
        .join(Elder, Elder.id == CheckinVisit.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(or_(with_them(visitor), where_they_go(session, visitor)))
    )


def with_them(visitor: Worker) -> ColumnElement[bool]:
    """Booked with them, or to be made by them and somebody else together."""
    return or_(CheckinVisit.worker_id == visitor.id, CheckinVisit.id.in_(_second(visitor)))


def _second(visitor: Worker) -> Select[int]:
    """Visits that are made by two, of which they are the second."""
    return (
        select(CheckinStop.visit_id)
        .join(CheckinRound, CheckinRound.id == CheckinStop.round_id)
        .join(CheckinPlan, CheckinPlan.id == CheckinStop.plan_id)
        .join(CheckinVisit, CheckinVisit.id == CheckinStop.visit_id)
        .where(
            CheckinStop.second,
            CheckinRound.worker_id == visitor.id,
            CheckinPlan.state == PlanState.PUBLISHED,
            CheckinVisit.planned_at == CheckinStop.starts_at,
        )
        .correlate(None)
    )


def skilled(session: Session, visitor: Worker) -> bool:
    held = (WorkerSkill.worker_id == visitor.id, WorkerSkill.skill == SKILL)
    return session.scalar(select(WorkerSkill.worker_id).where(*held)) is not None


def where_they_go(session: Session, visitor: Worker) -> ColumnElement[bool]:
    """On ``Area``."""
    if not skilled(session, visitor):
        return false()
    served = session.scalars(select(WorkerArea.area_id).where(WorkerArea.worker_id == visitor.id)).all()
    return inside(paths_of(session, served))
