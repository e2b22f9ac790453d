"""What an operator does about a call besides making it: end it, and say who has rung."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.domain.errors import Conflict, ExchangeAway, Forbidden, Invalid, NotFound
from dispatch.domain.pbx import SOURCE
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Call, Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder, User
from dispatch.models.places import Area, Household, inside
from dispatch.services.calls import callers
from dispatch.services.centre import Centre
from dispatch.services.hotline.exchange import END_WITHIN, any_away
from dispatch.services.lifecycle import record
from dispatch.services.opening import active_case
from dispatch.services.rows import Row, must_see
from dispatch.services.work import Act, perform

LASTS = timedelta(hours=2)
GOES_ON = (MessageState.SENDING, MessageState.SENT, MessageState.ANSWERED)


def hang_up(centre: Centre, case_id: int, act: Act) -> Row:
    """End the calls that somebody at the desk has made about this case, as far as they ring or go on."""

    def end(session: Session, case: Case) -> None:
        made = select(Message).where(
            Message.case_id == case.id,
            Message.purpose == "call_out",
            Message.state.in_(GOES_ON),
            Message.created_at > act.now - LASTS,
        )
        calls = session.scalars(made.with_for_update()).all()
        if not calls:
            raise Conflict("no call of this case goes on", why="call-over")
        for message in calls:
            message.state, message.next_try_at, message.attempts = MessageState.WITHDRAWING, act.now, 0
        record(session, case, "call_ended", act.actor, act.now, channel="voice")

    return perform(centre, case_id, act, end, any_version=True)


def hang_up_own(centre: Centre, case_id: int, call_id: int, act: Act) -> Row:
    """End the call that came in and that the actor has answered; asked again while it is being ended, nothing changes.

    Raises ``NotFound``, ``Forbidden`` for the call of somebody else, ``Conflict`` for one that does not go on or that
    only its telephone can end, ``ExchangeAway`` while nobody could tell the exchange.
    """

    def end(session: Session, case: Case) -> None:
        call = session.get(Call, call_id, with_for_update=True)
        if call is None or call.case_id != case.id:
            raise NotFound(f"this case has no call {call_id}")
        _must_be_theirs(session, call, act.actor)
        if call.answered_at is None or call.ended_at is not None:
            raise Conflict("this call does not go on", why="call-over")
        if not may_end(call):
            raise Conflict("this call can be ended at its telephone alone", why="at-the-telephone")
        if any_away(session, act.now):
            raise ExchangeAway("the exchange is away: hang up the telephone", why="at-the-telephone")
        if call.end_asked_at is not None and call.end_asked_at > act.now - END_WITHIN:
            return
        call.end_asked_at = act.now
        record(session, case, "call_ended", act.actor, act.now, channel="voice", data={"call_id": call.call_id})

    return perform(centre, case_id, act, end, any_version=True)


def may_end(call: Call) -> bool:
    """Whether it came in by an exchange that we listen to; what we have dialled ourselves is ended with its message."""
    return call.call_id.startswith(SOURCE) and not call.outward


def _must_be_theirs(session: Session, call: Call, actor: Actor) -> None:
    talks = select(User.id).where(User.username == call.agent)
    if actor.user_id is None or session.scalar(talks) != actor.user_id:
        raise Forbidden("somebody else talks: only who has answered a call ends it", why="not-your-call")


def who_may_it_be(centre: Centre, case_id: int, actor: Actor) -> list[dict[str, Any]]:
    """Elders in the actor's areas whose number, or a contact's, is the caller's. None where the elder is known."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        case = session.get_one(Case, case_id)
        if case.elder_id is not None or case.caller is None:
            return []
        ids = [elder.id for elder in callers(session, centre, case.caller)]
        seen = session.scalars(_elders(actor).where(Elder.id.in_(ids)).order_by(Elder.id)).all()
        return [
            {
                "id": str(elder.id),
                "name": elder.name,
                "address_short": mask_address(elder.household.address_short if elder.household else None),
            }
            for elder in seen
        ]


def say_who(centre: Centre, case_id: int, act: Act, elder_id: int) -> Row:
    """The caller has said who it is: the case is this elder's from now on.

    Raises ``Conflict`` where the case has an elder, or the home an emergency of its own.
    """

    def name(session: Session, case: Case) -> None:
        elder = session.scalar(_elders(act.actor).where(Elder.id == elder_id))
        if elder is None:
            raise Invalid("elder_id", "unknown", "there is no such elder in your areas: search again")
        if case.elder_id == elder.id:
            return
        if case.elder_id is not None:
            raise Conflict("this case has its elder already", why="elder-known")
        other = active_case(session, elder.household_id, None)
        if case.kind == Kind.EMERGENCY and other is not None and other.id != case.id:
            raise Conflict(f"this home is in an emergency already: merge into case {other.id}", why="merge-instead")
        case.elder_id, case.household_id = elder.id, elder.household_id
        case.area_id = elder.household.area_id if elder.household else case.area_id
        record(session, case, "caller_known", act.actor, act.now, data={"to": elder.name, "elder_id": str(elder.id)})

    return perform(centre, case_id, act, name, any_version=True)


def _elders(actor: Actor) -> Any:
    return (
        select(Elder)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.archived_at.is_(None), inside(actor.paths))
        .options(joinedload(Elder.household))
    )
