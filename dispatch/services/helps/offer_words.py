"""The short messages to helpers: at most 70 characters, a surname and never an illness; the door after the yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.case import Kind
from dispatch.domain.helps.matching import Way
from dispatch.domain.privacy import HIDDEN, mask_address
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.centre import Centre
from dispatch.services.helps.orders import Wanted
from dispatch.services.response.words import fitted
from dispatch.services.rows import mask

PREVIEW = "372"
"""A code as it will look like."""
UNKNOWN = "地址见中心"


def elder_of(session: Session, case: Case) -> Elder | None:
    return session.get(Elder, case.elder_id) if case.elder_id is not None else None


def home_of(session: Session, case: Case) -> Household | None:
    return session.get(Household, case.household_id) if case.household_id is not None else None


def building(home: Household | None) -> str:
    """The street and the house: the door comes with the yes."""
    return UNKNOWN if home is None else (mask_address(home.address_short) or "").replace(HIDDEN, "").strip()


def called(elder: Elder | None) -> str:
    """``王奶奶``: enough to ask for at the door, and no name."""
    if elder is None:
        return "老人"
    return elder.name[:1] + ("奶奶" if elder.sex == "F" else "爷爷")


def need_of(centre: Centre, case: Case, wanted: Wanted) -> str:
    if case.kind == Kind.EMERGENCY:
        return str(centre.messages["causes"].get(case.cause, case.cause))
    return wanted.item.words.zh


def need_in_both(centre: Centre, case: Case, wanted: Wanted) -> dict[str, str]:
    """For a page that its reader may have in either language."""
    english = centre.messages["causes_en"].get(case.cause, case.cause)
    return {
        "zh": need_of(centre, case, wanted),
        "en": str(english) if case.kind == Kind.EMERGENCY else wanted.item.words.en,
    }


def when_of(centre: Centre, case: Case, now: datetime) -> str:
    """``今天14:30``; nothing for what is wanted at once."""
    if case.wanted_at is None or case.kind == Kind.EMERGENCY or case.wanted_at <= now:
        return ""
    at, today = case.wanted_at.astimezone(centre.zone), now.astimezone(centre.zone).date()
    days = {0: "今天", 1: "明天"}
    return days.get((at.date() - today).days, f"{at.month}月{at.day}日") + f"{at:%H:%M}"


@dataclass(frozen=True)
class Question:
    case: Case
    wanted: Wanted
    way: Way | None
    seconds: int
    """To answer it in."""
    now: datetime
    code: str


def offer_text(session: Session, centre: Centre, asked: Question) -> str:
    case, seconds, way = asked.case, asked.seconds, asked.way
    elder, home = elder_of(session, case), home_of(session, case)
    words = {
        "signature": centre.messages["signature"],
        "code": asked.code,
        "urgent": "紧急：" if case.kind == Kind.EMERGENCY else "",
        "who": called(elder),
        "age": f"{elder.age(asked.now.astimezone(centre.zone).date())}岁" if elder is not None else "",
        "need": need_of(centre, case, asked.wanted),
        "when": when_of(centre, case, asked.now),
        "address": building(home),
        "distance": f"，{way.metres / 1000:.1f}公里" if way is not None else "",
        "within": f"{seconds}秒" if seconds < 120 else f"{seconds // 60}分钟",
    }
    return fitted(centre.messages["offer"]["sms"], "sms", words, ("address",)).named("offer")


def spoken(session: Session, centre: Centre, case: Case, wanted: Wanted) -> str:
    """What the telephone says: no name."""
    home = home_of(session, case)
    return plain(centre, "offer", "voice", need=need_of(centre, case, wanted), address=building(home))


def preview(session: Session, centre: Centre, asked: Question) -> str:
    """What the first one will read."""
    return str(offer_text(session, centre, asked))


def accepted_text(session: Session, centre: Centre, case: Case, code: str) -> str:
    """The way in, after the yes. Notes of the door give way first, then the end of the address."""
    elder, home = elder_of(session, case), home_of(session, case)
    phone = mask(elder.phone) if elder is not None else None
    words = {
        "signature": centre.messages["signature"],
        "code": code,
        "address": home.address_short if home is not None else UNKNOWN,
        "phone": f"，电话{phone}" if phone else "",
        "access": f",{home.access_notes}" if home is not None and home.access_notes else "",
    }
    fit = fitted(centre.messages["offer_accepted"]["sms"], "sms", words, ("access", "address"))
    return fit.named("offer_accepted")


def plain(centre: Centre, purpose: str, channel: str = "sms", **words: Any) -> str:
    """A text without a place."""
    given = {"signature": centre.messages["signature"], **words}
    return fitted(centre.messages[purpose][channel], channel, given, ()).named(purpose)
