"""What an operator does about a call besides making it: end it, and say who has rung."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.services.calls import callers
from dispatch.services.centre import Centre
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
            raise Conflict("no call of this case goes on", why="no-conversation")
        for message in calls:
            message.state, message.next_try_at, message.attempts = MessageState.WITHDRAWING, act.now, 0
        record(session, case, "call_ended", act.actor, act.now, channel="voice")

    return perform(centre, case_id, act, end, any_version=True)


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
