"""Whose telephone it is: an extension belongs to a seat, and at the seat sits a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, ExchangeAway
from dispatch.domain.pbx import SOURCE
from dispatch.models.cases import Call
from dispatch.models.exchange import ExchangeState
from dispatch.models.floor import Position
from dispatch.models.outbox import Message
from dispatch.models.people import User
from dispatch.services.centre import Centre
from dispatch.services.hotline.exchange import LONGEST, is_away


def sitter(session: Session, centre: Centre, agent: str | None, now: datetime) -> User | None:
    """The user that an exchange calls by name, or whoever sits where this extension stands."""
    if not agent:
        return None
    named = session.scalar(select(User).where(User.username == agent))
    seat = centre.hotline.seat_of(agent)
    if named is not None or seat is None:
        return named
    here = (
        select(User)
        .join(Position, Position.user_id == User.id)
        .where(Position.seat == seat, Position.seen_at > now - centre.floor.gone, User.active)
        .order_by(Position.seen_at.desc())
        .limit(1)
    )
    return session.scalar(here)


def extension_of(session: Session, centre: Centre, user_id: int, now: datetime) -> str | None:
    """The telephone at which this person sits now."""
    found = session.get(Position, user_id)
    if found is None or found.seen_at <= now - centre.floor.gone:
        return None
    return centre.hotline.seats.get(found.seat)


def lead(session: Session, centre: Centre, message: Message, user_id: int | None, *, joins: bool) -> None:
    """Say how an operator rings somebody: by the telephone at their seat, or into the conversation that they have.

    Nothing is said where no exchange is set up. Raises ``ExchangeAway`` with the number, which can then be dialled by
    hand, and ``Conflict`` without a conversation.
    """
    now = message.created_at
    if centre.exchange is None:
        return
    if is_away(session.get(ExchangeState, centre.exchange), now):
        raise ExchangeAway("the exchange is away: dial the number by hand", phone=message.phone)
    desk = extension_of(session, centre, user_id, now) if user_id is not None else None
    if desk is None:
        raise ExchangeAway(
            "there is no telephone at your seat: dial the number by hand", phone=message.phone, why="no-desk-telephone"
        )
    message.conversation = {"desk": desk}
    if joins:
        talk = _talk_of(session, message, user_id)
        if talk is None:
            raise Conflict("you are in no conversation about this case that somebody could join", why="no-conversation")
        message.conversation = {"joins": talk.call_id.removeprefix(SOURCE)}


def _talk_of(session: Session, message: Message, user_id: int | None) -> Call | None:
    """The conversation that this person has about the case now."""
    going_on = Call.answered_at.is_not(None) & Call.ended_at.is_(None)
    mine = (
        select(Call)
        .join(User, User.username == Call.agent)
        .where(Call.case_id == message.case_id, User.id == user_id, going_on)
        .where(Call.first_at > message.created_at - LONGEST)
    )
    return session.scalar(mine.order_by(Call.id.desc()).limit(1))
