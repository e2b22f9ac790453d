"""Pairs of elders that may be one: listed, shown side by side, left apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, NotFound
from dispatch.domain.privacy import mask_address, mask_identity, mask_phone
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.imports import Double, ElderOrigin
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household, inside
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write

SCORES = 10**12
"""The cursor is one number: the score before the id."""
SHOWN = 20


@dataclass(frozen=True)
class Wanted:
    limit: int
    cursor: str | None = None
    elder_id: int | None = None


def listing(centre: Centre, actor: Actor, wanted: Wanted, now: datetime) -> dict[str, Any]:
    """Pairs whose both elders live in the actor's areas, the likeliest first."""
    statement = _open(actor)
    if wanted.elder_id is not None:
        statement = statement.where(or_(Double.elder_a == wanted.elder_id, Double.elder_b == wanted.elder_id))
    with centre.database.reads() as session:
        total = session.scalar(select(func.count()).select_from(statement.subquery()))
        if wanted.cursor is not None:
            score, id_ = divmod(int(wanted.cursor), SCORES)
            statement = statement.where(or_(Double.score < score, and_(Double.score == score, Double.id > id_)))
        found = session.scalars(statement.order_by(Double.score.desc(), Double.id).limit(wanted.limit + 1)).all()
        shown = found[: wanted.limit]
        people = _people(session, centre, {id_ for one in shown for id_ in (one.elder_a, one.elder_b)}, now)
    last = shown[-1] if shown else None
    more = last is not None and len(found) > wanted.limit
    return {
        "items": [{**_pair(one), "a": people[one.elder_a], "b": people[one.elder_b]} for one in shown],
        "next_cursor": str(last.score * SCORES + last.id) if last is not None and more else None,
        "total": total,
    }


def side_by_side(centre: Centre, actor: Actor, double_id: int, now: datetime) -> dict[str, Any]:
    with centre.database.reads() as session:
        found = one(session, actor, double_id)
        people = _people(session, centre, {found.elder_a, found.elder_b}, now)
        a, b = ({**people[id_], **_surroundings(session, id_)} for id_ in (found.elder_a, found.elder_b))
    return {**_pair(found), "a": a, "b": b, "differences": [key for key in COMPARED if a[key] != b[key]]}


def dismiss(centre: Centre, actor: Actor, double_id: int, reason: str, now: datetime) -> dict[str, Any]:
    """They are two people; the pair never comes back."""
    with centre.database.sessions.begin() as session:
        found = one(session, actor, double_id, lock=True)
        if found.state != "proposed":
            raise Conflict("somebody has decided on this pair already", state=found.state)
        decide(found, "dismissed", actor, now, reason)
        data = {"elders": [str(found.elder_a), str(found.elder_b)]}
        write(session, actor, Deed("doubles_dismissed", Subject("double", found.id), reason, data), now)
        return _pair(found)


def decide(found: Double, state: str, actor: Actor, now: datetime, reason: str | None = None) -> None:
    found.state = state
    found.decided_at = now
    found.decided_by = actor.name
    found.reason = reason


def one(session: Session, actor: Actor, double_id: int, *, lock: bool = False) -> Double:
    statement = _scoped(select(Double).where(Double.id == double_id), actor)
    found = session.scalar(statement.with_for_update(of=Double) if lock else statement)
    if found is None:
        raise NotFound("there is no such pair")
    return found


def open_of(session: Session, elder_id: int) -> int:
    """How many pairs of this elder wait for a decision."""
    mine = or_(Double.elder_a == elder_id, Double.elder_b == elder_id)
    return session.scalar(select(func.count()).where(Double.state == "proposed", mine)) or 0


def _open(actor: Actor) -> Select[Double]:
    return _scoped(select(Double).where(Double.state == "proposed"), actor, present=True)


def _scoped(statement: Select[Double], actor: Actor, *, present: bool = False) -> Select[Double]:
    for column in (Double.elder_a, Double.elder_b):
        elder, home = aliased(Elder), aliased(Household)
        statement = statement.join(elder, elder.id == column).join(home, home.id == elder.household_id)
        statement = statement.where(home.area_id.in_(select(Area.id).where(inside(actor.paths))))
        if present:
            statement = statement.where(elder.archived_at.is_(None))
    return statement


def _pair(found: Double) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "score": found.score,
        "reasons": found.reasons,
        "state": found.state,
        "found_at": stamp(found.found_at),
        "decided_at": stamp(found.decided_at),
        "decided_by": found.decided_by,
        "reason": found.reason,
    }


COMPARED = (
    "name",
    "sex",
    "birth_date",
    "identity_masked",
    "phone_masked",
    "area",
    "address_masked",
    "flags",
    "languages",
    "dialect",
    "hearing",
    "ability_level",
    "external_id",
)


def _people(session: Session, centre: Centre, ids: set[int], now: datetime) -> dict[int, dict[str, Any]]:
    statement = (
        select(Elder, Household, Area, ElderOrigin.external_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .outerjoin(ElderOrigin, ElderOrigin.elder_id == Elder.id)
        .where(Elder.id.in_(ids))
    )
    counts = {kind: _counts(session, column, ids) for kind, column in COUNTED}
    today = now.astimezone(centre.zone).date()
    return {
        elder.id: {
            **_person(elder, home, area, today),
            "external_id": external_id,
            **{kind: found.get(elder.id, 0) for kind, found in counts.items()},
        }
        for elder, home, area, external_id in session.execute(statement)
    }


COUNTED = (
    ("cases", Case.elder_id),
    ("devices", Device.elder_id),
    ("contacts", Contact.elder_id),
    ("facts", Fact.elder_id),
)


def _counts(session: Session, column: Any, ids: set[int]) -> dict[int, int]:
    rows = session.execute(select(column, func.count()).where(column.in_(ids)).group_by(column))
    return {row[0]: row[1] for row in rows}


def _person(elder: Elder, home: Household, area: Area, today: date) -> dict[str, Any]:
    return {
        "id": str(elder.id),
        "version": elder.version,
        "name": elder.name,
        "sex": elder.sex,
        "birth_date": elder.birth_date.isoformat(),
        "age": elder.age(today),
        "identity_masked": mask_identity(elder.identity_number),
        "phone_masked": mask_phone(elder.phone),
        "area": {"id": str(area.id), "name": area.name},
        "address_masked": mask_address(home.address),
        "flags": elder.flags,
        "languages": elder.languages,
        "dialect": elder.dialect,
        "hearing": elder.hearing,
        "ability_level": elder.ability_level,
        "archived_at": stamp(elder.archived_at),
        "updated_at": stamp(elder.updated_at),
    }


def _surroundings(session: Session, elder_id: int) -> dict[str, Any]:
    contacts = session.scalars(
        select(Contact).where(Contact.elder_id == elder_id).order_by(Contact.position).limit(SHOWN)
    )
    devices = session.scalars(select(Device).where(Device.elder_id == elder_id).order_by(Device.id).limit(SHOWN))
    facts = session.scalars(select(Fact).where(Fact.elder_id == elder_id).order_by(Fact.id).limit(SHOWN))
    cases: Sequence[Case] = session.scalars(
        select(Case).where(Case.elder_id == elder_id).order_by(Case.id.desc()).limit(5)
    ).all()
    return {
        "contact_list": [
            {"name": one.name, "relation": one.relation, "phone_masked": mask_phone(one.phone)} for one in contacts
        ],
        "device_list": [{"number": one.number, "model": one.model, "location": one.location} for one in devices],
        "fact_list": [{"kind": one.kind, "text": one.text} for one in facts],
        "case_list": [
            {"id": str(one.id), "kind": one.kind, "cause": one.cause, "opened_at": stamp(one.opened_at)}
            for one in cases
        ],
    }
