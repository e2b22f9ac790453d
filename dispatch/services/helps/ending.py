"""Offers and visits that end before they are done, inside of other transactions. The caller holds the case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import Flag, State, Trigger
from dispatch.domain.helps.assignments import LIVE, AssignmentState, Deed, follow
from dispatch.domain.helps.offers import OfferState, PlanState
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, OfferPlan
from dispatch.models.response import Arrival
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words, outbox
from dispatch.services.helps.asking import end_plan, nobody_asked, offers_of, running, shut
from dispatch.services.lifecycle import drop, move, record, watch
from dispatch.services.response import promises
from dispatch.services.response.promises import Ending

FLAGS = (Flag.OFFERED, Flag.COMING, Flag.THERE, Flag.HELPER_DONE, Flag.OFFERS_EXHAUSTED)


@dataclass(frozen=True)
class Ends:
    """Something of this case ends: who says so, when and why."""

    centre: Centre
    case: Case
    actor: Actor
    now: datetime
    reason: str
    channel: str = ""

    def note(self, session: Session, kind: str, data: dict[str, Any]) -> None:
        whole = {**data, "reason": self.reason}
        record(session, self.case, kind, self.actor, self.now, channel=self.channel, data=whole)

    def tell(self, session: Session, offer: Offer, purpose: str) -> None:
        text = offer_words.plain(self.centre, purpose, code=offer.code)
        outbox.send(session, self.case, offer, outbox.Words(purpose, text, self.now))


LIVE_JOB = select(Assignment).where(Assignment.state.in_(LIVE))


def live_of(session: Session, case_id: int) -> Assignment | None:
    """Locked: something is about to become of it."""
    return session.scalar(LIVE_JOB.where(Assignment.case_id == case_id).with_for_update())


def withdraw_open(session: Session, ends: Ends, plan: OfferPlan, purpose: str) -> list[str]:
    """Nobody of the plan is asked any more, and who was is told so. Their names."""
    names = []
    for offer in offers_of(session, plan.id):
        if offer.state == OfferState.OFFERED:
            shut(offer, OfferState.WITHDRAWN, ends.now, ends.reason)
            ends.tell(session, offer, purpose)
            names.append(session.get_one(Worker, offer.worker_id).name)
    session.flush()
    return names


def stop(session: Session, ends: Ends, state: PlanState = PlanState.STOPPED) -> bool:
    """The plan that runs, if one does, asks nobody any more. The caller says to the case what follows."""
    plan = running(session, ends.case.id)
    if plan is None:
        return False
    end_plan(plan, state, ends.now, ends.reason)
    names = withdraw_open(session, ends, plan, "offer_over")
    ends.note(session, "offers_withdrawn", {"plan": str(plan.id), "to": "、".join(names)})
    return True


def lose(session: Session, ends: Ends, job: Assignment, deed: Deed) -> None:
    """Whoever was to go does not: the case is its owner's again, and somebody else can be asked."""
    end_job(session, ends, job, deed)
    nobody_asked(ends.case, ends.now)
    data = {"who": session.get_one(Worker, job.worker_id).name, "assignment": str(job.id)}
    ends.note(session, "helper_no_show" if deed is Deed.NO_SHOW else "helper_lost", data)


def end_job(session: Session, ends: Ends, job: Assignment, deed: Deed, *, quietly: bool = False) -> None:
    """The visit is off. Its helper is told, unless it was they who said so or they are told something else."""
    job.state = follow(AssignmentState(job.state), deed)
    job.ended_at, job.end_reason = ends.now, ends.reason
    job.version += 1
    offer = session.get_one(Offer, job.offer_id, with_for_update=True)
    shut(offer, OfferState.WITHDRAWN, ends.now, ends.reason)
    drop(ends.case, Flag.COMING, Flag.THERE, Flag.HELPER_DONE)
    forget_promise(session, ends, job)
    if not quietly and ends.actor.key != f"worker:{job.worker_id}":
        ends.tell(session, offer, "offer_over")
    session.flush()


def forget_promise(session: Session, ends: Ends, job: Assignment) -> None:
    arrival = session.get(Arrival, job.arrival_id, with_for_update=True) if job.arrival_id is not None else None
    if arrival is not None and arrival.state == ArrivalState.OPEN and arrival.case_id == ends.case.id:
        ending = Ending(ArrivalState.CANCELLED, ends.actor, ends.now, ends.channel)
        promises.end(session, ends.case, arrival, ending)


def settle(session: Session, centre: Centre, case: Case, actor: Actor, now: datetime) -> None:
    """The case came to its end: nobody is asked, and whoever is still on the way need not go."""
    ends = Ends(centre, case, actor, now, "closed")
    stop(session, ends, PlanState.SETTLED)
    job = live_of(session, case.id)
    if job is not None and job.state == AssignmentState.ARRIVED:
        finish(session, job, now)
    elif job is not None:
        end_job(session, ends, job, Deed.CANCEL)
    drop(case, *FLAGS)
    case.expected_at = None


def finish(session: Session, job: Assignment, now: datetime) -> None:
    job.state = follow(AssignmentState(job.state), Deed.COMPLETE)
    job.completed_at = job.completed_at or now
    job.ended_at = now
    job.version += 1
    session.get_one(Offer, job.offer_id, with_for_update=True).open = False
    session.flush()


def put_aside(session: Session, centre: Centre, case: Case, now: datetime) -> None:
    """Held: nobody is asked meanwhile. Whoever has accepted goes all the same."""
    if stop(session, Ends(centre, case, SYSTEM, now, "held"), PlanState.SETTLED):
        drop(case, Flag.OFFERED)


def hand_to(session: Session, centre: Centre, case: Case, target: Case, now: datetime) -> None:
    """Merged: whoever goes, goes to the other case, unless somebody goes there already."""
    ends = Ends(centre, case, SYSTEM, now, "merged")
    stop(session, ends, PlanState.SETTLED)
    job = live_of(session, case.id)
    drop(case, *FLAGS)
    if job is None:
        return
    if live_of(session, target.id) is not None:
        end_job(session, ends, job, Deed.CANCEL)
        return
    stop(session, replace(ends, case=target), PlanState.SETTLED)
    session.get_one(Offer, job.offer_id, with_for_update=True).case_id = target.id
    job.case_id = target.id
    there = job.state == AssignmentState.ARRIVED
    drop(target, Flag.OFFERED)
    target.flags = [*target.flags, Flag.THERE if there else Flag.COMING]
    if State(target.state) in (State.NEW, State.OWNED, State.DISPATCHING):
        move(target, Trigger.LOSE)
        move(target, Trigger.ARRIVE if there else Trigger.ASSIGN)
    target.expected_at = job.ends_at if there else job.due_at
    if State(target.state) is not State.NEW and target.held_until is None:
        watch(target, now)
    session.flush()
