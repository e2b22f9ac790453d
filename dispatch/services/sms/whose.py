"""Which of several questions at one telephone a reply answers.

A neighbour may be an elder whom the centre asks how the bath was, a volunteer to whom a visit is offered, and the one
who is called for the lady next door. "1" says "satisfied" to the first, "I go" to the other two: where more than one
waits, a bare digit answers none of them and the telephone is asked again. Words and codes that only one of the
questions could mean go there.

A reminder of what was ordered ("another time 2, not at all 3, call me 0") is answered by elders alone, and a person
rings after each of these. So where it and a rating wait at one telephone nobody is asked twice: what could be a wish is
one, and the rating is heard when the person rings.

The time of a check-in visit is confirmed by "1", by the elder or the family. Where anything else waits at that
telephone too, it is asked which is meant.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.domain.followup import bare_digit, named, read_rating
from dispatch.domain.helps import wishes
from dispatch.models.cases import Case
from dispatch.models.followup import FollowUp
from dispatch.models.outbox import Message
from dispatch.services.centre import Centre
from dispatch.services.followup import asking, hearing
from dispatch.services.followup.asking import Other, Words
from dispatch.services.followup.hearing import Heard
from dispatch.services.helps import heard as helpers
from dispatch.services.lifecycle import record
from dispatch.services.ordering import replies as orders
from dispatch.services.response import heard as family
from dispatch.services.visits import appointments

OF_FAMILY = ("cascade", "cascade_accepted", "cascade_named", "cascade_also")
NAMES_AN_OFFER = re.compile(r"\d{3}")
OF_ELDERS = (*appointments.ABOUT, *hearing.PURPOSES, *orders.ABOUT)
"""What elders are written, and never helpers or neighbours as such."""
WISHES = (wishes.Answer.MOVE, wishes.Answer.CANCEL, wishes.Answer.TALK)


def hear(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    """A receipt or a reply to any message at a telephone that may have several. The message is locked."""
    if reply is None or message.channel != "sms":
        _to_its_own(session, centre, message, at, reply)
        return
    row = asking.open_at(session, message.phone, at)
    other = asking.asked_else(session, message.phone)
    reminder = message if message.purpose in orders.ABOUT else asking.reminded_at(session, message.phone, at)
    said = Heard(reply, message, at)
    visit = appointments.open_at(session, message.phone, at) if message.purpose in OF_ELDERS else None
    if visit is not None and (row is not None or other is not None or reminder is not None):
        if bare_digit(reply) is not None:
            appointments.ask_which(session, centre, visit, at)
            return
        if appointments.says_well(reply) or (message.purpose in appointments.ABOUT and wishes.read(reply) in WISHES):
            appointments.hear(session, centre, visit, at, reply)
            return
    if row is not None and named(reply) is not None:
        hearing.take(session, centre, row, said)
    elif (of := _of_elders(message, row, reminder)) is not None and other is not None and bare_digit(reply) is not None:
        _ask_which(session, centre, said, of)
    elif reminder is not None and (message is reminder or _about_the_order(said, reminder, other)):
        orders.hear(session, centre, reminder, at, reply)
    elif row is not None and other is None and _about_the_rating(said):
        hearing.take(session, centre, row, said)
    elif other is not None and (
        message.purpose in hearing.PURPOSES or (message.purpose in appointments.ABOUT and NAMES_AN_OFFER.search(reply))
    ):
        _to_the_other(session, centre, other, said)
    else:
        _to_its_own(session, centre, message, at, reply)


def _about_the_rating(said: Heard) -> bool:
    """The newest message was about it, or it is one: thanks for an offer that was taken back are none."""
    return said.message.purpose in hearing.PURPOSES or read_rating(said.text) is not None


def _of_elders(message: Message, row: FollowUp | None, reminder: Message | None) -> int | None:
    """The case about which an elder is asked there: by a rating, or by a reminder if the newest message was none of
    those that only helpers and neighbours get.
    """
    if row is not None:
        return row.case_id
    newest = reminder is message or message.purpose in hearing.PURPOSES
    waits = reminder is not None and (reminder is message or asking.waits_for_answer(reminder))
    return reminder.case_id if reminder is not None and newest and waits else None


def _about_the_order(said: Heard, reminder: Message, other: Other | None) -> bool:
    """The newest message was about a rating, and this is a wish, or a yes that is no praise. A "2" or "3" is either
    while the reminder waits: then somebody rings, because a visit to a closed door is worse than a rating that comes
    later.
    """
    if said.message.purpose not in hearing.PURPOSES:
        return False
    wish = wishes.read(said.text)
    if wish is wishes.Answer.CONFIRM:
        return other is None and read_rating(said.text) is None
    if bare_digit(said.text) is not None:
        return wish in WISHES and other is None and asking.waits_for_answer(reminder)
    return wish in WISHES


def _to_the_other(session: Session, centre: Centre, other: Other, said: Heard) -> None:
    """The newest message was about a rating, and this is not."""
    if other.message_id is None:
        key = f"{said.message.id}:{said.text}"[:50]
        helpers.hear_text(session, centre, helpers.Heard(said.message.phone, said.text, said.at, key))
        return
    called = session.get_one(Message, other.message_id, with_for_update=True)
    family.hear(session, centre, called, said.at, said.text)


def _to_its_own(session: Session, centre: Centre, message: Message, at: datetime, reply: str | None) -> None:
    if message.purpose in hearing.PURPOSES:
        hearing.hear(session, centre, message, at, reply)
    elif message.purpose in orders.ABOUT:
        orders.hear(session, centre, message, at, reply)
    elif message.purpose in appointments.ABOUT:
        appointments.hear(session, centre, message, at, reply)
    elif message.purpose in OF_FAMILY:
        family.hear(session, centre, message, at, reply)
    else:
        helpers.hear(session, centre, message, at, reply)


def _ask_which(session: Session, centre: Centre, said: Heard, case_id: int) -> None:
    """Nothing is guessed: an acceptance that nobody meant leaves an elder alone."""
    case = session.get_one(Case, case_id, with_for_update=True, populate_existing=True)
    actor = hearing.elder_of(session, case)
    record(session, case, "which_question", actor, said.at, channel="sms", data={"reply": said.text[:200]})
    message = said.message
    key = f"{message.id}:{said.text}"[:50]
    asking.send(session, centre, case, Words("which_question", message.phone, message.label, said.at, key=key))
