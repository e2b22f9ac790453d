"""What has come due while helpers are asked: the voice call, the next round, telephones to silence.

A step of a plan is work for a worker, since it looks for helpers anew: the clock hands the id over, as it does with
messages, and takes the step itself where no worker does. Each in a transaction of its own: however many clocks and
workers look, and wherever one dies, each happens once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import ASKABLE, State
from dispatch.domain.helps.offers import PlanDue, PlanState
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferPlan
from dispatch.models.outbox import Message
from dispatch.services.centre import Centre
from dispatch.services.due import BATCH, carry_out_each, carry_out_one
from dispatch.services.helps.asking import PLAN_STEPS, Asking
from dispatch.services.helps.ending import Ends, stop
from dispatch.services.response.ringing import silence

HANDOVER = timedelta(seconds=2)
"""How long the broker may take to find a worker before the clock takes the step itself."""


@dataclass(frozen=True)
class Handover:
    plan_id: int
    directly: bool
    """No worker did it in time: whoever reads this does it now."""


def hand_over(centre: Centre, now: datetime) -> list[Handover]:
    """Plans whose next step is due; each comes again after ``HANDOVER`` unless somebody took the step."""
    told = OfferPlan.handed_at >= OfferPlan.next_due_at
    open_ = or_(OfferPlan.handed_at.is_(None), ~told, OfferPlan.handed_at <= now - HANDOVER)
    due = select(OfferPlan.id).where(OfferPlan.next_due_at <= now, open_)
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        ids = list(session.scalars(due.order_by(OfferPlan.next_due_at, OfferPlan.id).limit(BATCH)))
    if not ids:
        return []
    found: list[Handover] = []
    with centre.database.sessions.begin() as session:
        # Of the plans alone: whoever takes a step has locked the case first, and we ask for none.
        mine = select(OfferPlan).where(OfferPlan.id.in_(ids), OfferPlan.next_due_at <= now, open_)
        for plan in session.scalars(mine.order_by(OfferPlan.id).with_for_update(skip_locked=True)):
            again = plan.handed_at is not None and plan.next_due_at is not None and plan.handed_at >= plan.next_due_at
            plan.handed_at = now
            found.append(Handover(plan.id, directly=again))
    return found


def advance(centre: Centre, plan_id: int, now: datetime) -> bool:
    """Take the step that is due, if one still is. Safe to run twice at once, and late."""
    return carry_out_one(centre, OfferPlan.next_due_at, plan_id, now, _advance)


def hang_up(centre: Centre, now: datetime) -> int:
    """Telephones that ring for what is settled fall silent."""
    return carry_out_each(centre, Offer.hang_up_at, now, _hang_up)


def _advance(session: Session, centre: Centre, plan_id: int, now: datetime) -> bool:
    # The case first, as everywhere.
    case_id = session.scalars(select(OfferPlan.case_id).where(OfferPlan.id == plan_id)).one()
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update(skip_locked=True))
    if case is None:
        return False  # somebody answers at this very moment: the next tick looks again
    plan = session.get_one(OfferPlan, plan_id, with_for_update=True, populate_existing=True)
    if plan.state != PlanState.RUNNING or plan.next_due_at is None or plan.next_due_at > now:
        return False
    if State(case.state) not in ASKABLE:  # whoever ended it should have said so: nobody is asked all the same
        return stop(session, Ends(centre, case, SYSTEM, now, "closed"), PlanState.SETTLED)
    PLAN_STEPS[PlanDue(plan.due or PlanDue.EXPIRE)](session, Asking(centre, case, plan, now))
    return True


def _hang_up(session: Session, _centre: Centre, offer_id: int, now: datetime) -> bool:
    if not silence(session, Message.offer_id == offer_id, now):
        return False
    session.get_one(Offer, offer_id, with_for_update=True).hang_up_at = None
    return True
