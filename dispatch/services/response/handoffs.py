"""Handing a case to 120, 119 or 110: what was agreed, and telling everybody at the same time.

The product dials none of these numbers and never replaces them; a person does, and writes down here what was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, Flag, Kind, State, Trigger
from dispatch.domain.errors import IllegalTransition, Invalid
from dispatch.domain.privacy import Basis
from dispatch.domain.scripts import SERVICES
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import User
from dispatch.models.privacy import Sharing
from dispatch.models.response import Handoff
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, move, put, record
from dispatch.services.privacy import sharing
from dispatch.services.response.reachable import Target, everybody
from dispatch.services.response.words import about, body
from dispatch.services.rows import stamp
from dispatch.services.work import Act, perform

OLDEST_CALL = timedelta(hours=24)


@dataclass(frozen=True)
class Given:
    """What the operator writes down after the call."""

    service: str
    dispatcher: str
    called_at: datetime | None = None
    reference: str | None = None
    note: str | None = None
    who_is_there: str | None = None
    tell: bool = False
    """Family, station and community are told at the same time."""


def record_handoff(centre: Centre, case_id: int, act: Act, given: Given) -> None:
    """Write it down. Refused in no state of the case: it has happened."""
    if given.service not in SERVICES:
        raise Invalid("service", "unknown", f"choose one of: {', '.join(SERVICES)}")
    called_at = given.called_at or act.now
    if not act.now - OLDEST_CALL <= called_at <= act.now + timedelta(minutes=1):
        raise Invalid("called_at", "out-of-range", "choose a time of the last 24 hours")

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.NOTE)
        new = Handoff(
            case_id=case.id,
            service=given.service,
            called_at=called_at,
            recorded_at=act.now,
            recorded_by=act.actor.user_id,
            dispatcher=given.dispatcher,
            reference=given.reference,
            note=given.note,
            who_is_there=given.who_is_there,
        )
        session.add(new)
        session.flush()
        put(case, Flag.HANDED_OVER)
        _share(session, centre, case, act, given)
        if act.actor.user_id is not None and case.owner_id == act.actor.user_id:
            acted(case, act.now)
        data = {
            "service": given.service,
            "dispatcher": given.dispatcher,
            "reference": given.reference,
            "called_at": stamp(called_at),
        }
        record(session, case, "handed_to_service", act.actor, act.now, text=given.note, data=data)
        if given.tell:
            tell(session, centre, case, act.actor, act.now, service=given.service)

    perform(centre, case_id, act, change, any_version=True)


def _share(session: Session, centre: Centre, case: Case, act: Act, given: Given) -> None:
    """What was told about an elder is in the log of what was handed on. Nothing here may stop a hand-off."""
    if case.elder_id is None:
        return
    receiver, kinds = f"{given.service}", ("name", "address", "phone", "health")
    if case.kind == Kind.EMERGENCY:
        shared = sharing.Given(
            receiver, "rescue", "share_rescue", kinds, Basis.EMERGENCY, case.elder_id, case_id=case.id
        )
        sharing.share(session, centre, act, shared)
    else:  # a call or a request that has turned out to be one
        session.add(
            Sharing(
                at=act.now,
                elder_id=case.elder_id,
                receiver=receiver,
                receiver_kind="rescue",
                purpose="share_rescue",
                kinds=list(kinds),
                basis=Basis.EMERGENCY,
                case_id=case.id,
                recorded_by=act.actor.name or act.actor.kind,
            )
        )


def tell_all(centre: Centre, case_id: int, act: Act, *, service: str) -> None:
    """One act: family, neighbours, station, community and rescue hear that help was called. Each once for a service."""

    def change(session: Session, case: Case) -> None:
        move(case, Trigger.NOTE)
        if State(case.state) not in OPEN:
            raise IllegalTransition("nobody is told about a case that is over", state=case.state)
        tell(session, centre, case, act.actor, act.now, service=service)
        if act.actor.user_id is not None and case.owner_id == act.actor.user_id:
            acted(case, act.now)

    perform(centre, case_id, act, change, any_version=True)


def tell(session: Session, centre: Centre, case: Case, actor: Actor, now: datetime, *, service: str) -> None:
    """The caller holds the case, so who was told already cannot change meanwhile."""
    text = body(centre, "tell_all", "sms", {**about(session, centre, case), "service": service})
    references = {_reference(case, service, t): t for t in everybody(session, centre, case, now)}
    known = set(session.scalars(select(Message.reference).where(Message.reference.in_(references))))
    fresh = {reference: target for reference, target in references.items() if reference not in known}
    session.add_all(
        Message(
            reference=reference,
            channel="sms",
            purpose="tell_all",
            phone=target.phone,
            label=target.label,
            body=text,
            case_id=case.id,
            case_round=case.round,
            contact_id=target.contact_id,
            state=MessageState.PENDING,
            created_at=now,
            next_try_at=now,
            receipt={},
        )
        for reference, target in fresh.items()
    )
    data = {"service": service, "count": len(fresh), "to": "、".join(t.label for t in fresh.values())}
    record(session, case, "told_all", actor, now, data=data)


def _reference(case: Case, service: str, target: Target) -> str:
    return f"tell:{case.id}:{service}:{target.person}"


def handoffs_of(session: Session, case_id: int) -> list[dict[str, Any]]:
    statement = (
        select(Handoff, User.name)
        .outerjoin(User, User.id == Handoff.recorded_by)
        .where(Handoff.case_id == case_id)
        .order_by(Handoff.id)
    )
    return [
        {
            "id": str(h.id),
            "service": h.service,
            "called_at": stamp(h.called_at),
            "dispatcher": h.dispatcher,
            "reference": h.reference,
            "note": h.note,
            "who_is_there": h.who_is_there,
            "by": name,
        }
        for h, name in session.execute(statement)
    ]
