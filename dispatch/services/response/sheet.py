"""The sheet that is read aloud to 120, 119 or 110: in clear for whoever holds the case, masked for everybody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.arrival import ArrivalState
from dispatch.domain.case import OPEN, State
from dispatch.domain.privacy import mask_phone
from dispatch.models.cases import Case
from dispatch.models.devices import Signal
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household, ids_in
from dispatch.models.response import Arrival
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.privacy import sight
from dispatch.services.response.handoffs import handoffs_of
from dispatch.services.response.progress import current_run
from dispatch.services.rows import must_see, stamp
from dispatch.services.trail import Deed, Subject

REVEALED = {"fields": ["phone", "address", "contacts"]}
TOLD_FACTS = ("health", "medication", "mobility", "communication", "access")
OWN = "own"


def sheet(centre: Centre, case_id: int, actor: Actor, now: datetime, *, reason: str | None = None) -> dict[str, Any]:
    """Everything that 120, 119 and 110 ask for, in the order in which they ask. The console has the words beside it.

    In clear for whoever holds this open case, or an open emergency of the home. Everybody else, a colleague who makes
    the call for the owner among them, says why (``reason``), and is in the elder's file. So is the owner of a case that
    is no emergency: a request can turn out to be one.
    """
    with centre.database.sessions.begin() as session:
        must_see(session, case_id, actor)
        case = session.get_one(Case, case_id)
        usual = sight.unmasked(session, actor, case.household_id)
        clear = usual or reason is not None or _holds(actor, case)
        if clear and not usual:
            known = Subject("elder", case.elder_id) if case.elder_id is not None else Subject("case", case.id)
            said = reason or f"hand-off sheet of case {case.id}"
            trail.write(session, actor, Deed("reveal", known, said, REVEALED | {"case": str(case.id)}), now)
        elder = session.get(Elder, case.elder_id) if case.elder_id is not None else None
        household = session.get(Household, case.household_id) if case.household_id is not None else None
        found = {
            "number": str(case.id),
            "masked": not clear,
            "callback_number": None if centre.response.callback_number == OWN else centre.response.callback_number,
            "where": _where(session, household),
            "who": _who(session, centre, elder, now),
            "caller_number": case.caller,
            "there": _there(session, case, elder),
            "happened": _happened(session, case),
            "handoffs": handoffs_of(session, case.id),
        }
        return found if clear else _veiled(found)


def _holds(actor: Actor, case: Case) -> bool:
    return actor.user_id is not None and case.owner_id == actor.user_id and State(case.state) in OPEN


def _veiled(found: dict[str, Any]) -> dict[str, Any]:
    """Nothing to find the home or to ring it by. What was said and what happened stays."""
    where, who, there = found["where"], found["who"], found["there"]
    return found | {
        "where": where and sight.veil_place(where) | {"keys": []},
        "who": who and sight.veil_elder(who) | {"facts": []},
        "caller_number": mask_phone(found["caller_number"]),
        "there": there | {"keys": [sight.veil_contact(one) for one in there["keys"]]},
    }


def _where(session: Session, household: Household | None) -> dict[str, Any] | None:
    if household is None:
        return None
    path = session.get_one(Area, household.area_id).path
    areas = session.scalars(select(Area.name).where(Area.id.in_(ids_in(path))).order_by(Area.path))
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
