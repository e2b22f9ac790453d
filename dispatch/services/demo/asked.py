"""Thirty days in which helpers were asked and went: some often, some hardly, and a few never."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.case import OPEN, Kind
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.offers import Decline, Mode, OfferState, PlanState
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, OfferPlan
from dispatch.models.workforce import Worker, WorkerSkill
from dispatch.services.centre import Centre

NEVER = 9
"""Every ninth helper was never asked."""
WAY = timedelta(minutes=25)


def build(session: Session, centre: Centre, chance: Random, now: datetime) -> None:
    """For each service that is over: who was asked in which order, and who went."""
    able: dict[str, list[Worker]] = defaultdict(list)
    for worker, skill in session.execute(
        select(Worker, WorkerSkill.skill).join(WorkerSkill, WorkerSkill.worker_id == Worker.id).order_by(Worker.id)
    ):
        if worker.id % NEVER:
            able[skill].append(worker)
    over = select(Case).where(Case.kind == Kind.SERVICE, Case.state.not_in(OPEN), Case.help.is_not(None))
    for case in session.scalars(over.order_by(Case.id)):
        skill = centre.catalogue.usual(case.help).skill  # type: ignore[arg-type]  # a StrEnum's value is one
        people = able[skill]
        if people and case.opened_at < now - timedelta(hours=3):
            asked = chance.sample(people, min(len(people), chance.choice((1, 1, 2, 3))))
            _asked(session, chance, case, asked)


def _asked(session: Session, chance: Random, case: Case, people: list[Worker]) -> None:
    at = case.opened_at + timedelta(seconds=90)
    plan = OfferPlan(
        case_id=case.id,
        state=PlanState.ACCEPTED,
        mode=Mode.SEQUENTIAL,
        size=1,
        seconds=300,
        queue=[],
        alone=0,
        round=len(people),
        started_at=at,
        started_by="陈晓",
    )
    session.add(plan)
    session.flush()
    for n, worker in enumerate(people, 1):
        goes = n == len(people)
        waited = timedelta(seconds=chance.randint(12, 240))
        silent = not goes and chance.random() < 0.3
        state = OfferState.ACCEPTED if goes else OfferState.EXPIRED if silent else OfferState.DECLINED
        offer = Offer(
            case_id=case.id,
            plan_id=plan.id,
            worker_id=worker.id,
            state=state,
            mode=Mode.SEQUENTIAL,
            round=n,
            number=worker.phone,
            code=str(100 + case.id % 800),
            open=False,
            offered_at=at,
            expires_at=at + timedelta(minutes=5),
            answered_at=None if silent else at + waited,
            channel=None if silent else chance.choice(("app", "sms")),
            reason=None if goes or silent else chance.choice(list(Decline)),
        )
        session.add(offer)
        session.flush()
        at += timedelta(minutes=5) if silent else waited
    _went(session, chance, case, offer, at)
    plan.ended_at, plan.end_reason = at, None


def _went(session: Session, chance: Random, case: Case, offer: Offer, at: datetime) -> None:
    late = timedelta(minutes=chance.choice((-9, -6, -4, -2, -1, 3, 8)))
    due = at + WAY
    session.add(
        Assignment(
            case_id=case.id,
            offer_id=offer.id,
            worker_id=offer.worker_id,
            state=AssignmentState.COMPLETED,
            emergency=False,
            channel=offer.channel or "app",
            accepted_at=at,
            due_at=due,
            starts_at=due,
            ends_at=due + timedelta(minutes=60),
            departed_at=at + timedelta(minutes=3),
            arrived_at=due + late,
            completed_at=due + late + timedelta(minutes=55),
            ended_at=due + late + timedelta(minutes=55),
            flags=[],
        )
    )
