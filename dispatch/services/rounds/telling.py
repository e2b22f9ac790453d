"""Visitors are told that they have rounds: one short message each, however many days it is about."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.messages import Text
from dispatch.models.outbox import Message, MessageState
from dispatch.models.rounds import CheckinPlan, CheckinRound, CheckinStop
from dispatch.models.workforce import Worker
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.response.words import fitted

PURPOSE = "visit_rounds"


def tell(session: Session, centre: Centre, plan: CheckinPlan, now: datetime) -> None:
    """Only those to whom the plan brings something new. Of today at once, else not at night."""
    session.flush()
    rows = session.execute(
        select(
            Worker,
            func.count(CheckinStop.id),
            func.count(func.distinct(CheckinRound.day)),
            func.min(CheckinRound.day),
        )
        .join(CheckinRound, CheckinRound.worker_id == Worker.id)
        .join(CheckinStop, CheckinStop.round_id == CheckinRound.id)
        .where(CheckinRound.plan_id == plan.id, CheckinStop.kept.is_(False))
        .group_by(Worker.id)
        .order_by(Worker.id)
    ).all()
    day = today(centre, now)
    for worker, visits, days, first in rows:
        words = {"signature": centre.messages["signature"], "day": _day(first, day), "days": days, "visits": visits}
        session.add(_message(centre, plan, worker, words, now, urgent=first == day))


def _day(first: date, day: date) -> str:
    return {0: "今天", 1: "明天"}.get((first - day).days, f"{first.month}月{first.day}日")


def _message(
    centre: Centre, plan: CheckinPlan, worker: Worker, words: dict[str, Any], now: datetime, *, urgent: bool
) -> Message:
    text: Text = fitted(centre.messages[PURPOSE]["sms"], "sms", words, ())
    return Message(
        reference=f"{PURPOSE}:{plan.id}:{worker.id}",
        channel="sms",
        purpose=PURPOSE,
        phone=worker.phone,
        label=worker.name,
        body=text.named(PURPOSE),
        case_id=None,
        case_round=0,
        state=MessageState.PENDING,
        created_at=now,
        next_try_at=now if urgent else centre.orders.quiet.later(now, centre.zone),
        receipt={},
    )
