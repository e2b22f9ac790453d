"""A helper's yes or no, by whichever way it came. The first yes wins: all others are told, and cannot win any more.

The functions here work inside of a transaction that holds the case, and then the offer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import ASKABLE, IN_HAND, Flag, Kind, State, Trigger
from dispatch.domain.errors import HelperBusy, OfferExpired, OfferTaken
from dispatch.domain.helps.assignments import LIVE, AssignmentState, Deed
from dispatch.domain.helps.offers import OfferState, PlanState
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer, OfferPlan
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words, outbox
from dispatch.services.helps.asking import Asking, end_plan, expire, offers_of, shut
from dispatch.services.helps.ending import Ends, live_of, lose, withdraw_open
from dispatch.services.helps.orders import keep, wanted_of
from dispatch.services.helps.pricing import settle_price
from dispatch.services.lifecycle import drop, move, put, record, watch
from dispatch.services.response import promises
from dispatch.services.response.alarm import alarm
from dispatch.services.response.promises import Promise
from dispatch.services.rows import stamp

AGREED = "agreed"
"""The channel of a yes that was said once to a whole standing order."""
STILL_WELCOME = (PlanState.RUNNING, PlanState.EXHAUSTED)
"""While nobody else goes, a yes that comes too late for its round is better than none."""


@dataclass(frozen=True)
class Said:
    """Who said it about which offer, by which channel, when."""

    case: Case
    offer: Offer
    worker: Worker
    actor: Actor
    channel: str
    now: datetime

    def ends(self, centre: Centre, reason: str) -> Ends:
        return Ends(centre, self.case, self.actor, self.now, reason, self.channel)

    def note(self, session: Session, kind: str, data: dict[str, object]) -> None:
        whole = {"who": self.worker.name, "offer": str(self.offer.id), **data}
        record(session, self.case, kind, self.actor, self.now, channel=self.channel, data=whole)


def as_worker(worker: Worker) -> Actor:
    return Actor("worker", str(worker.id), worker.name)


def accept(session: Session, centre: Centre, said: Said) -> Assignment:
    """Raises ``OfferTaken``, ``OfferExpired`` or ``HelperBusy``. Said twice it is said once."""
    case, offer = said.case, said.offer
    job = live_of(session, case.id)
    if job is not None and job.offer_id == offer.id:
        return job
    plan = session.get_one(OfferPlan, offer.plan_id, with_for_update=True, populate_existing=True)
    _still_possible(session, said, plan, job)
    urgent = case.kind == Kind.EMERGENCY
    if urgent and _in_emergency(session, offer.worker_id):
        raise HelperBusy(f"{said.worker.name} is in another emergency")
    won = session.execute(
        update(Offer)
        .where(Offer.id == offer.id, Offer.state.in_((OfferState.OFFERED, OfferState.EXPIRED)))
        .values(state=OfferState.ACCEPTED),
        execution_options={"synchronize_session": False},
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise OfferTaken("somebody else was quicker")
    session.refresh(offer)
    shut(offer, OfferState.ACCEPTED, said.now)
    offer.answered_at, offer.channel = said.now, said.channel
    _reopen_code(session, offer)
    job = _assign(session, centre, said)
    end_plan(plan, PlanState.ACCEPTED, said.now)
    withdraw_open(session, said.ends(centre, "taken"), plan, "offer_taken")
    _show(session, centre, said, job)
    return job


def _still_possible(session: Session, said: Said, plan: OfferPlan, job: Assignment | None) -> None:
    offer = said.offer
    if job is not None:
        first = session.get_one(Worker, job.worker_id)
        raise OfferTaken(f"{first.name} was quicker", who=first.name)
    late = offer.state == OfferState.EXPIRED and plan.state in STILL_WELCOME
    if offer.state != OfferState.OFFERED and not late:
        raise OfferExpired("nobody waits for an answer to this offer any more", state=offer.state)
    if State(said.case.state) not in ASKABLE or said.case.held_until is not None:
        raise OfferExpired("the case needs nobody any more", state=offer.state)


def _in_emergency(session: Session, worker_id: int) -> bool:
    live = select(Assignment.id).where(
        Assignment.worker_id == worker_id, Assignment.emergency, Assignment.state.in_(LIVE)
    )
    return session.scalar(live.limit(1)) is not None


def _reopen_code(session: Session, offer: Offer) -> None:
    """Of an offer that was over: its code may be another one's by now, and then the app and the desk name it alone."""
    used = select(Offer.id).where(
        Offer.number == offer.number, Offer.code == offer.code, Offer.open, Offer.id != offer.id
    )
    offer.open = session.scalar(used.limit(1)) is None


def _assign(session: Session, centre: Centre, said: Said) -> Assignment:
    case, offer, now = said.case, said.offer, said.now
    urgent = case.kind == Kind.EMERGENCY
    order = keep(session, centre, case, wanted_of(session, centre, case), now)
    settle_price(session, centre, order, said.worker)
    there = now + timedelta(minutes=offer.eta_minutes or centre.cascade.default_minutes)
    due_at = there if urgent or case.wanted_at is None else max(case.wanted_at, there)
    alarm_at = due_at if urgent else due_at + centre.matching.service_grace
    arrival = promises.make(session, case, Promise(said.worker.name, alarm_at), said.actor, now)
    job = Assignment(
        case_id=case.id,
        offer_id=offer.id,
        worker_id=offer.worker_id,
        state=AssignmentState.ACCEPTED,
        emergency=urgent,
        channel=said.channel,
        accepted_at=now,
        due_at=due_at,
        starts_at=due_at,
        ends_at=due_at + timedelta(minutes=order.minutes),
        arrival_id=arrival.id,
        flags=[],
    )
    session.add(job)
    session.flush()
    return job


def _show(session: Session, centre: Centre, said: Said, job: Assignment) -> None:
    """The case, the timeline, and the helper who has no page."""
    case, now = said.case, said.now
    move(case, Trigger.ASSIGN)
    drop(case, Flag.OFFERED, Flag.OFFERS_EXHAUSTED)
    put(case, Flag.COMING)
    case.expected_at = job.due_at
    if State(case.state) in IN_HAND:
        watch(case, now)
    if said.channel not in ("app", AGREED):
        text = offer_words.accepted_text(session, centre, case, said.offer.code)
        outbox.send(session, case, said.offer, outbox.Words("offer_accepted", text, now))
    minutes = max(1, round((job.due_at - now).total_seconds() / 60))
    data = {"assignment": str(job.id), "minutes": minutes, "due_at": stamp(job.due_at)}
    said.note(session, "offer_accepted", data)


def decline(session: Session, centre: Centre, said: Said, reason: str | None) -> None:
    """No; the next ones are asked at once when nobody else of the round can still say yes.

    After a yes it gives the job back, and the owner hears of it at once. Raises ``OfferExpired``.
    """
    offer, now = said.offer, said.now
    if offer.state == OfferState.DECLINED:
        offer.reason = reason or offer.reason
        return
    if offer.state == OfferState.ACCEPTED:
        _give_back(session, centre, said, reason)
        return
    if offer.state != OfferState.OFFERED:
        raise OfferExpired("nobody waits for an answer to this offer any more", state=offer.state)
    shut(offer, OfferState.DECLINED, now, reason)
    offer.answered_at, offer.channel = now, said.channel
    if said.channel in ("sms", "voice"):
        said.ends(centre, "declined").tell(session, offer, "offer_declined")
    said.note(session, "offer_declined", {"reason": reason})
    session.flush()
    plan = session.get_one(OfferPlan, offer.plan_id, with_for_update=True, populate_existing=True)
    waited_for = any(one.state == OfferState.OFFERED for one in offers_of(session, plan.id))
    if plan.state == PlanState.RUNNING and not waited_for:
        expire(session, Asking(centre, said.case, plan, now))


def _give_back(session: Session, centre: Centre, said: Said, reason: str | None) -> None:
    job = live_of(session, said.case.id)
    if job is None or job.offer_id != said.offer.id:
        raise OfferExpired("this visit is over", state=said.offer.state)
    lose(session, said.ends(centre, reason or "other"), job, Deed.CANCEL)
    alarm(said.case, Flag.OFFERS_EXHAUSTED, centre.policies, said.now)
    said.note(session, "helper_gave_back", {"reason": reason})
