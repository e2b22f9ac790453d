"""What helpers write back or press: which of their offers is meant, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import HelperBusy, OfferExpired, OfferTaken
from dispatch.domain.helps.answers import Answer, Meaning, read
from dispatch.domain.helps.assignments import AssignmentState
from dispatch.domain.helps.offers import OfferState
from dispatch.models.cases import Case
from dispatch.models.helps import Assignment, Offer
from dispatch.models.outbox import Message
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.helps import answering, crying, offer_words, outbox, working
from dispatch.services.helps.answering import Said, as_worker
from dispatch.services.helps.working import OnTheJob, Report
from dispatch.services.response.alarm import ask_owner

ABOUT = (
    *outbox.QUESTIONS,
    *(
        "offer_link",
        "offer_accepted",
        "offer_declined",
        "offer_taken",
        "offer_over",
        "offer_which",
        "offer_unclear",
        "offer_done",
    ),
    *("offer_moved", "helper_reminder"),
)
"""Purposes of the messages that a helper may answer."""
REMEMBERED = timedelta(minutes=10)
"""How long a reply may still be about an offer that is over."""
LATE_ENOUGH = timedelta(days=1)
ABOUT_NOW = timedelta(hours=2)
ABOUT_OFFERS = (Meaning.ACCEPT, Meaning.DECLINE)
ABOUT_VISITS = (Meaning.ARRIVED, Meaning.DONE)


@dataclass(frozen=True)
class Heard:
    """A reply from a telephone. ``key`` names it for ever."""

    phone: str
    text: str
    at: datetime
    key: str
    channel: str = "sms"


def still_offered(session: Session, message: Message) -> bool:
    """Nobody is asked about what is settled."""
    return session.get_one(Offer, message.offer_id).state == OfferState.OFFERED


def still_going(session: Session, message: Message) -> bool:
    """Nobody is reminded of a visit that is not theirs any more."""
    return session.get_one(Offer, message.offer_id).state == OfferState.ACCEPTED


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply to a message about an offer. The message is locked."""
    if reply is None:
        return
    heard = Heard(message.phone, reply, at, f"{message.id}:{reply}"[:50], message.channel)
    if message.channel == "voice":
        offer = session.get_one(Offer, message.offer_id)
        _follow(session, centre, heard, offer, read(reply, [offer.code]))
        return
    hear_text(session, centre, heard)


def hear_text(session: Session, centre: Centre, heard: Heard) -> bool:
    """A short message from ``heard.phone``. False: this telephone was never asked anything lately."""
    lately = _lately(session, heard)
    if not lately:
        return False
    offer, answer = _which(session, heard, lately)
    _follow(session, centre, heard, offer, answer)
    return True


def _lately(session: Session, heard: Heard) -> list[Offer]:
    """Open offers of this telephone, and those of the last day, newest first."""
    found = session.scalars(
        select(Offer)
        .where(Offer.number == heard.phone, Offer.open | (Offer.offered_at > heard.at - LATE_ENOUGH))
        .order_by(Offer.id.desc())
    )
    return list(found)


def _which(session: Session, heard: Heard, lately: Sequence[Offer]) -> tuple[Offer, Answer]:
    """A yes is about what is asked, "I am there" about what was accepted; a bare reason about the last refusal.

    A code that was written names its offer, also one that is over.
    """
    asked = [o for o in lately if o.state == OfferState.OFFERED]
    going = [o for o in lately if o.state == OfferState.ACCEPTED and o.open]
    over = [o for o in lately if _ended(o) > heard.at - REMEMBERED and o not in asked and o not in going]
    answer = read(heard.text, [o.code for o in asked])
    named = next((o for o in [*asked, *going, *lately] if o.code == answer.code), None)
    refused = [o for o in over if o.state == OfferState.DECLINED and o.reason is None]
    if refused and _adds_a_reason(heard, answer, asked=bool(asked)):
        return refused[0], answer
    if named is not None:
        return named, answer
    if answer.meaning in ABOUT_OFFERS:
        rest = [*over, *going] if answer.meaning is Meaning.ACCEPT else [*going, *over]
        return (rest or [*lately])[0], answer
    if answer.meaning in ABOUT_VISITS and len(going) > 1:
        going = _at_hand(session, heard.at, going)
        if len(going) > 1:
            return going[0], replace(answer, meaning=Meaning.WHICH)
    return [*going, *asked, *lately][0], answer


def _at_hand(session: Session, at: datetime, going: list[Offer]) -> list[Offer]:
    """What a bare "I am there" can be about: an emergency, else where they are already, else what begins about now.

    Whoever has promised the meals of a week is at one door all the same.
    """
    jobs = list(session.scalars(select(Assignment).where(Assignment.offer_id.in_([offer.id for offer in going]))))
    chosen = (
        [job for job in jobs if job.emergency]
        or [job for job in jobs if job.state == AssignmentState.ARRIVED]
        or [job for job in jobs if abs(job.starts_at - at) <= ABOUT_NOW]
    )
    ids = {job.offer_id for job in chosen}
    return [offer for offer in going if offer.id in ids] or going


def _adds_a_reason(heard: Heard, answer: Answer, *, asked: bool) -> bool:
    """ "21" after "2". While another offer is open, words are about that one."""
    bare = heard.text.strip().isdigit()
    return answer.meaning is Meaning.DECLINE and answer.reason is not None and (bare or not asked)


def _ended(offer: Offer) -> datetime:
    return offer.hang_up_at or offer.answered_at or offer.expires_at


def _follow(session: Session, centre: Centre, heard: Heard, offer: Offer, answer: Answer) -> None:
    case = session.get_one(Case, offer.case_id, with_for_update=True, populate_existing=True)
    session.refresh(offer, with_for_update=True)
    worker = session.get_one(Worker, offer.worker_id)
    said = Said(case, offer, worker, as_worker(worker), heard.channel, heard.at)
    match answer.meaning:
        case Meaning.ACCEPT:
            _accept(session, centre, said)
        case Meaning.DECLINE:
            _decline(session, centre, said, answer.reason)
        case Meaning.ARRIVED | Meaning.DONE | Meaning.HELP:
            _work(session, centre, said, heard, answer.meaning)
        case Meaning.OPERATOR:
            ask_owner(case, heard.at)
            said.note(session, "helper_calls", {"reply": heard.text[:200]})
        case Meaning.WHICH:
            _ask_which(session, centre, said, heard)
        case Meaning.UNCLEAR:
            _not_understood(session, centre, said, heard)


def _accept(session: Session, centre: Centre, said: Said) -> None:
    try:
        answering.accept(session, centre, said)
    except OfferTaken as taken:
        said.ends(centre, "taken").tell(session, said.offer, "offer_taken")
        said.note(session, "offer_late", {"first": taken.extra.get("who", "")})
    except OfferExpired:
        said.ends(centre, "over").tell(session, said.offer, "offer_over")
        said.note(session, "offer_late", {"first": ""})
    except HelperBusy:
        answering.decline(session, centre, said, "busy")


def _decline(session: Session, centre: Centre, said: Said, reason: str | None) -> None:
    try:
        answering.decline(session, centre, said, reason)
    except OfferExpired:
        return  # it was over anyway


def _work(session: Session, centre: Centre, said: Said, heard: Heard, meaning: Meaning) -> None:
    job = session.query(Assignment).filter_by(offer_id=said.offer.id).with_for_update().one_or_none()
    if job is None:
        _not_understood(session, centre, said, heard)
        return
    on = OnTheJob(said.case, job, said.worker, said.actor, heard.at)
    report = Report(f"sms:{heard.key}"[:50], heard.at, channel=heard.channel)
    if working.known(session, job.id, report) is not None:
        return
    if meaning is Meaning.ARRIVED:
        working.arrive(session, centre, on, report)
    elif meaning is Meaning.DONE:
        working.complete(session, centre, on, report)
    else:
        crying.cry(session, centre, on, report)


def _ask_which(session: Session, centre: Centre, said: Said, heard: Heard) -> None:
    codes = [o.code for o in reversed(_lately(session, heard)) if o.open]
    text = offer_words.plain(centre, "offer_which", n=len(codes), codes="、".join(codes[:4]), first=codes[0])
    _reply(session, said, heard, "offer_which", text)


def _not_understood(session: Session, centre: Centre, said: Said, heard: Heard) -> None:
    """A person reads it; nothing follows from it."""
    said.note(session, "offer_unclear", {"reply": heard.text[:200]})
    if heard.channel == "sms":
        _reply(session, said, heard, "offer_unclear", offer_words.plain(centre, "offer_unclear"))


def _reply(session: Session, said: Said, heard: Heard, purpose: str, text: str) -> None:
    outbox.send(session, said.case, said.offer, outbox.Words(purpose, text, heard.at, key=heard.key))
