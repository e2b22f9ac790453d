"""Rounds of offers inside of other transactions: begun, advanced, exhausted. The caller holds the case, then the plan.

No message is locked here, for whoever hears from the network has its message first and asks for the case then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import IN_HAND, Flag, State, Trigger
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.helps import matching
from dispatch.domain.helps.offers import Links, Mode, OfferState, PlanDue, PlanState, Way, code_for
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferPlan
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import link_out, offer_words, outbox, replay
from dispatch.services.helps.candidates import Match, match
from dispatch.services.helps.orders import Wanted, wanted_of
from dispatch.services.lifecycle import drop, move, put, record, set_deadline, watch
from dispatch.services.response.alarm import alarm
from dispatch.services.rows import stamp


@dataclass(frozen=True)
class Asking:
    """A plan that is advanced now."""

    centre: Centre
    case: Case
    plan: OfferPlan
    now: datetime

    @property
    def way(self) -> Way:
        return Way(Mode(self.plan.mode), self.plan.size, self.plan.seconds, self.plan.voice_seconds)


def running(session: Session, case_id: int) -> OfferPlan | None:
    return session.scalar(
        select(OfferPlan).where(OfferPlan.case_id == case_id, OfferPlan.state == PlanState.RUNNING).with_for_update()
    )


@dataclass(frozen=True)
class Start:
    way: Way
    chosen: list[int]
    """Helpers in the order in which they are asked."""
    actor: Actor
    now: datetime
    reason: str | None = None
    """Why these, where the operator set a rule aside or chose one person alone."""
    found: Match | None = None
    """By which they were chosen in this very transaction: it need not be made twice."""


def begin(session: Session, centre: Centre, case: Case, start: Start) -> OfferPlan:
    """Ask the first at once. Raises ``IllegalTransition`` where somebody goes already."""
    way, now = start.way, start.now
    alone = case.priority in centre.matching.alone and way.mode is not Mode.DIRECT
    move(case, Trigger.DISPATCH)
    plan = OfferPlan(
        case_id=case.id,
        state=PlanState.RUNNING,
        mode=way.mode,
        size=way.size,
        seconds=way.seconds,
        voice_seconds=way.voice_seconds,
        queue=start.chosen,
        alone=centre.matching.alone_rounds if alone else 0,
        started_at=now,
        started_by=start.actor.name or start.actor.kind,
    )
    session.add(plan)
    session.flush()
    drop(case, Flag.OFFERS_EXHAUSTED)
    put(case, Flag.OFFERED)
    ask_next(session, Asking(centre, case, plan, now), start)
    return plan


def offers_of(session: Session, plan_id: int) -> list[Offer]:
    return list(session.scalars(select(Offer).where(Offer.plan_id == plan_id).order_by(Offer.id)))


def ask_next(session: Session, asking: Asking, start: Start | None = None) -> None:
    """The next of the queue; with an empty queue, where the machine may, the next best; else it is exhausted."""
    centre, case, plan, now = asking.centre, asking.case, asking.plan, asking.now
    wanted = wanted_of(session, centre, case)
    found = start.found if start is not None else None
    if found is None:
        found = match(session, centre, case, wanted, now)
    batch, plan.queue = _pick(plan, found)
    alone = False
    if not batch and plan.alone > 0:
        asked = {offer.worker_id for offer in offers_of(session, plan.id)}
        batch = [one.facts.id for one in found.ranking.candidates if one.facts.id not in asked][: plan.size]
        plan.alone -= 1
        alone = bool(batch)
    if not batch:
        exhaust(session, asking, found)
        return
    plan.round += 1
    turn = asking.way.begin(now)
    plan.due, plan.next_due_at = turn.due, turn.at
    names = [_offer(session, asking, wanted, found, worker_id) for worker_id in batch]
    replay.remember(session, case, found, batch, now)
    case.expected_at = turn.at
    if State(case.state) in IN_HAND and case.held_until is None:
        watch(case, now)
    data: dict[str, Any] = {
        "plan": str(plan.id),
        "to": "、".join(names),
        "mode": plan.mode,
        "round": plan.round,
        "until": stamp(turn.at),
    }
    if alone:
        data["alone"] = True
    actor, text = (start.actor, start.reason) if start is not None else (SYSTEM, None)
    key = f"offers:{plan.id}:{plan.round}"
    record(session, case, "offers_sent", actor, now, text=text, once_key=key, data=data)


def _pick(plan: OfferPlan, found: Match) -> tuple[list[int], list[int]]:
    """The first of the queue whom nothing keeps from going now, and the rest of it."""
    barred = {
        one.facts.id
        for one in found.ranking.excluded
        if any(reason.code not in matching.RELAXABLE for reason in one.reasons)
    }
    free = [worker_id for worker_id in plan.queue if worker_id not in barred and worker_id in found.rows]
    return free[: plan.size], free[plan.size :]


def _offer(session: Session, asking: Asking, wanted: Wanted, found: Match, worker_id: int) -> str:
    case, plan, now = asking.case, asking.plan, asking.now
    worker = session.get_one(Worker, worker_id)
    way = found.way(worker_id)
    taken = set(session.scalars(select(Offer.code).where(Offer.number == worker.phone, Offer.open)))
    offer = Offer(
        case_id=case.id,
        plan_id=plan.id,
        worker_id=worker_id,
        state=OfferState.OFFERED,
        mode=plan.mode,
        round=plan.round,
        number=worker.phone,
        code=code_for(case.id, taken),
        open=True,
        eta_minutes=None if way is None else max(1, round(way.minutes)),
        distance_m=None if way is None else round(way.metres),
        offered_at=now,
        expires_at=plan.next_due_at or now,
    )
    session.add(offer)
    session.flush()
    question = offer_words.Question(case, wanted, way, plan.seconds, now, offer.code)
    text = offer_words.offer_text(session, asking.centre, question)
    outbox.send(session, case, offer, outbox.Words(outbox.question(case), text, now))
    if asking.centre.matching.links is Links.WITHOUT_PAGE and worker.user_id is None:
        link_out.send(session, asking.centre, offer, now)
    return worker.name


def telephone(session: Session, asking: Asking) -> None:
    """Who has not answered the short message is called."""
    centre, case, plan, now = asking.centre, asking.case, asking.plan, asking.now
    turn = asking.way.after_voice(now)
    plan.due, plan.next_due_at = turn.due, turn.at
    silent = [o for o in offers_of(session, plan.id) if o.round == plan.round and o.state == OfferState.OFFERED]
    wanted = wanted_of(session, centre, case)
    names = []
    for offer in silent:
        offer.expires_at = turn.at
        offer.version += 1
        text = offer_words.spoken(session, centre, case, wanted)
        outbox.send(session, case, offer, outbox.Words(outbox.question(case), text, now, "voice"))
        names.append(session.get_one(Worker, offer.worker_id).name)
    case.expected_at = turn.at
    data = {"plan": str(plan.id), "to": "、".join(names), "until": stamp(turn.at)}
    record(session, case, "offer_call", SYSTEM, now, once_key=f"offer_call:{plan.id}:{plan.round}", data=data)


def expire(session: Session, asking: Asking) -> None:
    """The round is over: whoever was silent is asked no more, and the next ones are."""
    case, plan, now = asking.case, asking.plan, asking.now
    silent = [o for o in offers_of(session, plan.id) if o.state == OfferState.OFFERED]
    for offer in silent:
        shut(offer, OfferState.EXPIRED, now)
    session.flush()
    if silent:
        names = [session.get_one(Worker, offer.worker_id).name for offer in silent]
        data = {"plan": str(plan.id), "to": "、".join(names), "round": plan.round}
        key = f"offer_expired:{plan.id}:{plan.round}"
        record(session, case, "offer_expired", SYSTEM, now, once_key=key, data=data)
    ask_next(session, asking)


def shut(offer: Offer, state: OfferState, now: datetime, reason: str | None = None) -> None:
    """It is answered, or nobody waits for an answer; its telephone stops ringing."""
    if state is not OfferState.ACCEPTED:
        offer.open = False
    offer.state = state
    offer.reason = reason
    offer.hang_up_at = now
    offer.version += 1


def end_plan(plan: OfferPlan, state: PlanState, now: datetime, reason: str | None = None) -> None:
    plan.state = state
    plan.due = plan.next_due_at = None
    plan.ended_at = now
    plan.end_reason = reason


def nobody_asked(case: Case, now: datetime) -> None:
    """Back to the owner, or it stays in the queue; what was planned is looked at again at once."""
    drop(case, Flag.OFFERED)
    move(case, Trigger.LOSE)
    case.expected_at = None
    if case.state == State.PLANNED:
        set_deadline(case, Deadline(now, Due.COME_UP))
    if State(case.state) in IN_HAND and case.held_until is None:
        watch(case, now)


def exhaust(session: Session, asking: Asking, found: Match) -> None:
    """Nobody goes: the operator hears it at once, with what could be relaxed."""
    case, plan, now = asking.case, asking.plan, asking.now
    end_plan(plan, PlanState.EXHAUSTED, now)
    nobody_asked(case, now)
    raised = alarm(case, Flag.OFFERS_EXHAUSTED, asking.centre.policies, now)
    data = {
        "plan": str(plan.id),
        "rounds": plan.round,
        "asked": len(offers_of(session, plan.id)),
        "relax": [{"code": str(code), "n": n} for code, n in found.ranking.relax()],
        **raised,
    }
    record(session, case, "offers_exhausted", SYSTEM, now, once_key=f"offers:{plan.id}:exhausted", data=data)
    if case.priority == 1:
        key = f"offers:{plan.id}:supervisor"
        record(session, case, "alert_supervisor", SYSTEM, now, once_key=key, data={"reason": "offers_exhausted"})


PLAN_STEPS = {PlanDue.VOICE: telephone, PlanDue.EXPIRE: expire}
"""What is done when a plan comes due."""
