"""By which gateways a message goes, and what one telephone may get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.messages import Handed
from dispatch.domain.sms import Passed, national, order
from dispatch.models.outbox import Message, MessageState
from dispatch.models.sealed import has_phone, phone_index
from dispatch.models.sms import Passage, Sending
from dispatch.services.centre import Centre

JUDGED = 200
"""Texts by which the ways are judged, the newest ones."""
PAUSE = timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def choose(session: Session, centre: Centre, message: Message, now: datetime) -> tuple[str, ...]:
    """Best first; what has accepted the message before comes in again only where nothing else is left."""
    if len(centre.ways) < 2:
        return centre.ways
    recent = select(Sending.gateway, Sending.sent_at, Sending.finished_at, Sending.state == Passage.FAILED).where(
        Sending.sent_at >= now - centre.sms.window, Sending.channel == "sms"
    )
    rows = session.execute(recent.order_by(Sending.sent_at.desc()).limit(JUDGED))
    ways = order(centre.ways, [Passed(*row) for row in rows], centre.sms, now)
    used = _used(session, message)
    return tuple(way for way in ways if way not in used) or ways


def try_another(session: Session, centre: Centre, message: Message, now: datetime) -> bool:
    """What is on its way without having arrived goes by a gateway that has not had it yet, if there is one."""
    if message.state != MessageState.SENT or _used(session, message) >= set(centre.ways):
        return False
    message.state = MessageState.PENDING
    message.next_try_at = now
    return True


def _used(session: Session, message: Message) -> set[str]:
    accepted = select(Sending.gateway).where(Sending.message_id == message.id, Sending.provider_id.is_not(None))
    return set(session.scalars(accepted))


def paused_until(session: Session, centre: Centre, message: Message, now: datetime) -> datetime | None:
    """Of what is no emergency: whether this telephone has had enough for a while."""
    if message.channel != "sms":
        return None
    for span, most in ((HOUR, centre.sms.per_hour), (DAY, centre.sms.per_day)):
        got = select(func.count(Sending.message_id.distinct())).where(
            has_phone(Sending.phone_index, national(message.phone)),
            Sending.sent_at > now - span,
            Sending.channel == "sms",
        )
        if (session.scalar(got) or 0) >= most:
            return now + PAUSE
    return None


def note(session: Session, message: Message, handed: Sequence[Handed], now: datetime) -> None:
    """What each gateway has said to it."""
    for each in handed:
        refused = each.provider_id is None
        session.add(
            Sending(
                message_id=message.id,
                gateway=each.gateway,
                provider_id=each.provider_id,
                channel=message.channel,
                phone_index=phone_index(national(message.phone)),
                state=Passage.FAILED if refused else Passage.SENT,
                reason=each.fault[:50] or None,
                sent_at=now,
                finished_at=now if refused else None,
            )
        )
