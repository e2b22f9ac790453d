"""What has come due while helpers are asked: the voice call, the next round, telephones to silence.

Each row in a transaction of its own: however many clocks look, and wherever one dies, each happens once.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import ACTIVE, State
from dispatch.domain.helps.offers import PlanDue, PlanState
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferPlan
from dispatch.models.outbox import Message
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.helps.asking import PLAN_STEPS, Asking
from dispatch.services.helps.ending import Ends, stop
from dispatch.services.response.ringing import silence


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once."""
    return carry_out_each(centre, OfferPlan.next_due_at, now, _advance) + carry_out_each(
        centre, Offer.hang_up_at, now, _hang_up
    )


def _advance(session: Session, centre: Centre, plan_id: int, now: datetime) -> bool:
    # The case first, as everywhere.
    case_id = session.scalars(select(OfferPlan.case_id).where(OfferPlan.id == plan_id)).one()
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(skip_locked=True))
    if case is None:
        return False  # somebody answers at this very moment: the next tick looks again
    plan = session.get_one(OfferPlan, plan_id, with_for_update=True, populate_existing=True)
    if plan.state != PlanState.RUNNING or plan.next_due_at is None or plan.next_due_at > now:
        return False
    if State(case.state) not in ACTIVE:  # whoever ended it should have said so: nobody is asked all the same
        return stop(session, Ends(centre, case, SYSTEM, now, "closed"), PlanState.SETTLED)
    PLAN_STEPS[PlanDue(plan.due or PlanDue.EXPIRE)](session, Asking(centre, case, plan, now))
    return True


def _hang_up(session: Session, _centre: Centre, offer_id: int, now: datetime) -> bool:
    if not silence(session, Message.offer_id == offer_id, now):
        return False
    session.get_one(Offer, offer_id, with_for_update=True).hang_up_at = None
    return True
