"""Handing a case to 120, 119 or 110: the sheet to read aloud, what was agreed, and telling everybody at the same time.

The product dials none of these numbers and never replaces them; a person does, and writes down here what was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import OPEN, Flag, Kind, State, Trigger
from dispatch.domain.errors import IllegalTransition, Invalid
from dispatch.domain.privacy import Basis
from dispatch.domain.scripts import SERVICES
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, Elder, Fact, User
from dispatch.models.places import Area, Household
from dispatch.models.privacy import Sharing
from dispatch.models.response import Arrival, Handoff
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, move, put, record
from dispatch.services.privacy import sharing
from dispatch.services.privacy.sight import unmasked
from dispatch.services.response.progress import current_run
from dispatch.services.response.reachable import Target, everybody
from dispatch.services.response.words import about, body
from dispatch.services.rows import must_see, stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act, perform

OLDEST_CALL = timedelta(hours=24)
REVEALED = {"fields": ["phone", "address", "contacts"]}
TOLD_FACTS = ("health", "medication", "mobility", "communication", "access")


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
        record(session, case, "handed_over", act.actor, act.now, text=given.note, data=data)
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


# -- the sheet


def sheet(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Everything that 120, 119 and 110 ask for, in the order in which they ask. The console has the words beside it.

    In clear, for a colleague often makes that call; who opens it without holding the case is in the elder's file.
    """
    with centre.database.sessions.begin() as session:
        must_see(session, case_id, actor)
        case = session.get_one(Case, case_id)
        if case.elder_id is not None and not unmasked(session, actor, case.household_id):
            deed = Deed("reveal", Subject("elder", case.elder_id), f"hand-off sheet of case {case.id}", REVEALED)
            trail.write(session, actor, deed, now)
        elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
        household = session.get(Household, case.household_id) if case.household_id is not None else None
        return {
            "number": str(case.id),
            "callback_number": centre.response.callback_number,
            "where": _where(session, household),
            "who": _who(session, centre, elder, now),
            "caller_number": case.caller,
            "there": _there(session, case, elder),
            "happened": _happened(session, case),
            "handoffs": handoffs_of(session, case.id),
        }


def _where(session: Session, household: Household | None) -> dict[str, Any] | None:
    if household is None:
        return None
    path = session.get_one(Area, household.area_id).path
    ids = [int(part) for part in path.strip("/").split("/")]
    areas = session.scalars(select(Area.name).where(Area.id.in_(ids)).order_by(Area.path))
    return {
        "address": household.address,
        "areas": list(areas),
        "access_notes": household.access_notes,
        "keys": household.keys,
        "lat": household.lat,
        "lon": household.lon,
    }


def _who(session: Session, centre: Centre, elder: Elder | None, now: datetime) -> dict[str, Any] | None:
    if elder is None:
        return None
    facts = session.scalars(select(Fact).where(Fact.elder_id == elder.id, Fact.kind.in_(TOLD_FACTS)).order_by(Fact.id))
    return {
        "name": elder.name,
        "sex": elder.sex,
        "age": elder.age(now.astimezone(centre.zone).date()),
        "phone": elder.phone,
        "languages": elder.languages,
        "hearing": elder.hearing,
        "facts": [{"kind": f.kind, "text": f.text, "confirmed_at": stamp(f.confirmed_at)} for f in facts],
    }


def _there(session: Session, case: Case, elder: Elder | None) -> dict[str, Any]:
    """Who lives there, who has a key, who is on the way."""
    coming = session.scalars(
        select(Arrival).where(Arrival.case_id == case.id, Arrival.state != ArrivalState.CANCELLED).order_by(Arrival.id)
    )
    keys: Iterable[Contact] = ()
    living = 0
    if elder is not None:
        keys = session.scalars(select(Contact).where(Contact.elder_id == elder.id, Contact.has_key))
        living = (
            session.scalar(
                select(func.count(Elder.id)).where(
                    Elder.household_id == elder.household_id, Elder.archived_at.is_(None)
                )
            )
            or 0
        )
    return {
        "alone": elder is not None and living <= 1,
        "living": living,
        "keys": [{"name": c.name, "relation": c.relation, "phone": c.phone} for c in keys],
        "coming": [
            {"who": a.who, "due_at": stamp(a.due_at), "arrived": a.state == ArrivalState.ARRIVED} for a in coming
        ],
    }


def _happened(session: Session, case: Case) -> dict[str, Any]:
    run = current_run(session, case.id)
    signals = session.execute(
        select(Signal.kind, Signal.received_at).where(Signal.case_id == case.id).order_by(Signal.received_at).limit(20)
    )
    return {
        "cause": case.cause,
        "help": case.help,
        "opened_at": stamp(case.opened_at),
        "text": case.text,
        "signals": [{"kind": kind, "at": stamp(at)} for kind, at in signals],
        "answers": [
            {"question": given["question"], "reply": given["reply"], "at": given["at"]}
            for given in (run.answers.values() if run else ())
        ],
    }


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
