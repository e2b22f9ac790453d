"""What elders, those who asked for them and helpers are told about an order: rows of the outbox, in its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words, outbox
from dispatch.services.helps.orders import wanted_of
from dispatch.services.response.words import fitted

MOBILE = 11
"""Digits of a mobile number, which begins with 1; everything else is a telephone on a wall, and is rung."""


@dataclass(frozen=True)
class News:
    """``purpose`` of ``config/messages.yaml``. ``key`` tells it apart from the same news of another time."""

    purpose: str
    key: str
    now: datetime
    urgent: bool = False
    """It cannot wait for the morning."""


def day_and_time(centre: Centre, at: datetime, now: datetime) -> str:
    """``明天11:30``, ``11月26日11:30``."""
    local, today = at.astimezone(centre.zone), now.astimezone(centre.zone).date()
    days = {0: "今天", 1: "明天", 2: "后天"}
    return days.get((local.date() - today).days, f"{local.month}月{local.day}日") + f"{local:%H:%M}"


def tell_home(session: Session, centre: Centre, case: Case, news: News, **words: Any) -> list[str]:
    """The elder, and whoever asked from another telephone; the channels by which they are told."""
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    phones = [number for number in (elder.phone if elder else None, case.caller) if number]
    given = {**_words(session, centre, case, elder, news.now), **words}
    about = _About(centre, case, news)
    return [_send(session, about, phone, given) for phone in dict.fromkeys(phones)]


def tell_elder(session: Session, centre: Centre, case: Case, news: News, **words: Any) -> str | None:
    """The channel by which the elder is told; None: no telephone is known."""
    elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
    phone = (elder.phone if elder else None) or case.caller
    if not phone:
        return None
    given = {**_words(session, centre, case, elder, news.now), **words}
    return _send(session, _About(centre, case, news), phone, given)


def _words(session: Session, centre: Centre, case: Case, elder: Elder | None, now: datetime) -> dict[str, Any]:
    return {
        "signature": centre.messages["signature"],
        "who": offer_words.called(elder),
        "need": wanted_of(session, centre, case).item.words.zh,
        "when": day_and_time(centre, case.wanted_at, now) if case.wanted_at is not None else "",
        "by": "",
    }


@dataclass(frozen=True)
class _About:
    centre: Centre
    case: Case
    news: News


def _send(session: Session, about: _About, phone: str, words: dict[str, Any]) -> str:
    centre, case, news = about.centre, about.case, about.news
    texts = centre.messages[news.purpose]
    channel = "sms" if "voice" not in texts or is_mobile(phone) else "voice"
    at = news.now if news.urgent else centre.orders.quiet.later(news.now, centre.zone)
    number = session.scalar(select(func.count(Message.id)).where(Message.case_id == case.id)) or 0
    session.add(
        Message(
            reference=f"{news.purpose}:{case.id}:{news.key}:{number}",
            channel=channel,
            purpose=news.purpose,
            phone=phone,
            label=str(words["who"]),
            body=fitted(texts[channel], channel, words, ("by", "need")).named(news.purpose),
            case_id=case.id,
            case_round=case.round,
            state=MessageState.PENDING,
            created_at=news.now,
            next_try_at=at,
            receipt={},
        )
    )
    session.flush()
    return channel


def is_mobile(phone: str) -> bool:
    return len(phone) == MOBILE and phone.isdigit() and phone.startswith("1")


def who_goes(session: Session, job: Assignment) -> str:
    """``张师傅``: the surname is enough for the door."""
    return session.get_one(Worker, job.worker_id).name[:1] + "师傅"


def tell_helper(session: Session, centre: Centre, case: Case, job: Assignment, news: News) -> None:
    """Whoever is to go, by short message to the telephone that was asked. The texts name the offer, for the answer."""
    offer = session.get_one(Offer, job.offer_id)
    home = offer_words.home_of(session, case)
    words = {
        "signature": centre.messages["signature"],
        "code": offer.code,
        "need": wanted_of(session, centre, case).item.words.zh,
        "when": day_and_time(centre, case.wanted_at, news.now) if case.wanted_at is not None else "",
        "address": home.address_short if home is not None else offer_words.UNKNOWN,
    }
    text = fitted(centre.messages[news.purpose]["sms"], "sms", words, ("address",)).named(news.purpose)
    outbox.send(session, case, offer, outbox.Words(news.purpose, text, news.now, key=news.key))
