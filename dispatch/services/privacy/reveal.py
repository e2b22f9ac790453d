"""Show a masked value to somebody who says why, and show the elder's file who looked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.domain.errors import Invalid
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.floor import CallBack
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.trail import TrailEntry
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

SEEN = ("reveal", "record_exported", "shared", "emergency_use")
"""Deeds by which somebody saw or was given what is masked otherwise."""
TAKING = ("taken", "taken_over", "given_to")


def _address(session: Session, elder: Elder) -> Any:
    home = session.get_one(Household, elder.household_id, options=[joinedload(Household.area)])
    return {
        "address": home.address,
        "address_short": home.address_short,
        "access_notes": home.access_notes,
        "lat": home.lat,
        "lon": home.lon,
    }


def _contacts(session: Session, elder: Elder) -> Any:
    found = session.scalars(select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position))
    return [{"id": str(c.id), "name": c.name, "phone": c.phone} for c in found]


def _callbacks(session: Session, elder: Elder) -> Any:
    """Numbers that were left with a promise to ring back, while it is open."""
    promised = select(CallBack).join(Case, Case.id == CallBack.case_id).where(Case.elder_id == elder.id)
    found = session.scalars(promised.where(CallBack.state == "open").order_by(CallBack.id))
    return [{"id": str(one.id), "phone": one.phone} for one in found]


FIELDS: dict[str, Callable[[Session, Elder], Any]] = {
    "phone": lambda _, elder: elder.phone,
    "identity_number": lambda _, elder: elder.identity_number,
    "address": _address,
    "contacts": _contacts,
    "callbacks": _callbacks,
}


def reveal(centre: Centre, elder_id: int, act: Act, fields: Iterable[str], reason: str) -> Answer:
    """The values of ``fields`` in clear. That they were shown is written down before they are, in one transaction."""
    wanted = list(dict.fromkeys(fields))
    unknown = [name for name in wanted if name not in FIELDS]
    if unknown or not wanted:
        raise Invalid("fields", "unknown", f"choose of {', '.join(FIELDS)}")
    with centre.database.sessions.begin() as session:
        elder = elder_within(session, elder_id, act.actor)
        deed = Deed("reveal", Subject("elder", elder.id), reason, {"fields": wanted})
        trail.write(session, act.actor, deed, act.now)
        return {"values": {name: FIELDS[name](session, elder) for name in wanted}}


def accesses(centre: Centre, elder_id: int, actor: Actor, page: PageOf) -> Answer:
    """Who looked at this elder without masks, newest first; beside them who held an emergency of the home."""
    with centre.database.reads() as session:
        elder = elder_within(session, elder_id, actor)
        statement = select(TrailEntry).where(
            TrailEntry.subject_kind == "elder", TrailEntry.subject_id == str(elder.id), TrailEntry.action.in_(SEEN)
        )
        if page.before is not None:
            statement = statement.where(TrailEntry.id < page.before)
        found = session.scalars(statement.order_by(TrailEntry.id.desc()).limit(page.limit + 1)).all()
        held = session.scalars(
            select(CaseEvent)
            .join(Case, Case.id == CaseEvent.case_id)
            .where(
                Case.household_id == elder.household_id,
                Case.kind == Kind.EMERGENCY,
                CaseEvent.kind.in_(TAKING),
            )
            .order_by(CaseEvent.id.desc())
            .limit(50)
        ).all()
    items = [entry_json(entry) for entry in found[: page.limit]]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "emergencies": [_held_json(event) for event in held],
    }


def entry_json(entry: TrailEntry) -> Answer:
    return {
        "id": str(entry.id),
        "at": stamp(entry.at),
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
        "action": entry.action,
        "elder_id": entry.subject_id,
        "reason": entry.reason,
        "data": entry.data,
    }


def _held_json(event: CaseEvent) -> Answer:
    if event.kind == "given_to":  # by a supervisor: whoever was given it saw it
        who = {"kind": "user", "id": event.data["to_id"], "name": event.data["to"]}
        return {"case_id": str(event.case_id), "at": stamp(event.at), "actor": who}
    return {
        "case_id": str(event.case_id),
        "at": stamp(event.at),
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
    }


def last_reveals(centre: Centre, actor: Actor, page: PageOf, since: datetime) -> Answer:
    """What was looked at lately in the actor's areas, and who looked how often since ``since``."""
    with centre.database.reads() as session:
        here = _elders_here(actor)
        statement = select(TrailEntry).where(
            TrailEntry.subject_kind == "elder", TrailEntry.action.in_(SEEN), TrailEntry.subject_id.in_(here)
        )
        if page.before is not None:
            statement = statement.where(TrailEntry.id < page.before)
        found = session.scalars(statement.order_by(TrailEntry.id.desc()).limit(page.limit + 1)).all()
        counts = session.execute(_by_person(actor, since)).all()
        ids = {int(entry.subject_id) for entry in found}
        named = session.execute(select(Elder.id, Elder.name).where(Elder.id.in_(ids)))
        names = {elder_id: name for elder_id, name in named if name}
    items = [entry_json(e) | {"elder": names.get(int(e.subject_id))} for e in found[: page.limit]]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "by_person": [{"name": name, "count": count} for name, count in counts],
    }


def _elders_here(actor: Actor) -> Any:
    """Ids as the trail writes them: text."""
    return (
        select(cast(Elder.id, String))
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(actor.paths))
    )


def _by_person(actor: Actor, since: datetime) -> Any:
    return (
        select(TrailEntry.actor_name, func.count())
        .where(
            TrailEntry.action == "reveal",
            TrailEntry.subject_kind == "elder",
            TrailEntry.at >= since,
            TrailEntry.subject_id.in_(_elders_here(actor)),
        )
        .group_by(TrailEntry.actor_kind, TrailEntry.actor_id, TrailEntry.actor_name)
        .order_by(func.count().desc(), TrailEntry.actor_name)
        .limit(20)
    )
