"""Who can be called for a case, by their place in the cascade. The register is asked when the call is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.cascade import CascadeRules, Who
from dispatch.models.cases import Case
from dispatch.models.people import Contact, Elder, User
from dispatch.services.centre import Centre
from dispatch.services.duty.on_duty import chain_of, phones_on_duty

RESCUE = ("rescue",)
STATION = "station"


@dataclass(frozen=True)
class Target:
    person: str
    """``elder:7``, ``contact:12``, ``duty_phone:3`` or ``user:5``."""
    who: Who
    label: str
    phone: str
    relation: str = ""
    minutes_away: int | None = None
    has_key: bool = False

    @property
    def contact_id(self) -> int | None:
        kind, _, number = self.person.partition(":")
        return int(number) if kind == "contact" else None


def targets(session: Session, centre: Centre, case: Case, who: Who, now: datetime) -> list[Target]:
    """Those of one place in their order, each number once; the elder's own number belongs to the elder alone."""
    elders = _elders(session, case)
    own = tuple(elder.phone for elder in elders if elder.phone)
    match who:
        case Who.ELDER:
            found = [Target(f"elder:{elder.id}", who, elder.name, elder.phone) for elder in elders if elder.phone]
        case Who.RESCUE:  # nobody off duty is called
            phones = phones_on_duty(session, RESCUE, chain_of(session, case.area_id), now)
            found = [Target(f"duty_phone:{p.id}", who, p.label, p.phone) for p in phones]
        case _:
            found = _contacts(session, centre.cascade, elders, who)
            if who is Who.COMMUNITY_WORKER:
                found += stations(session, case.area_id)
    return _each_number_once(found, () if who is Who.ELDER else own)


def _elders(session: Session, case: Case) -> list[Elder]:
    """Who lies there. Of two in one home nobody knows who pressed: those of both are called."""
    if case.elder_id is not None:
        return [session.get_one(Elder, case.elder_id)]
    if case.household_id is None:
        return []
    living = select(Elder).where(Elder.household_id == case.household_id, Elder.archived_at.is_(None))
    return list(session.scalars(living.order_by(Elder.id)))


def _contacts(session: Session, rules: CascadeRules, elders: Sequence[Elder], who: Who) -> list[Target]:
    of_them = Contact.elder_id.in_([elder.id for elder in elders])
    statement = select(Contact).where(of_them).order_by(Contact.position, Contact.id)
    return [
        Target(f"contact:{c.id}", who, c.name, c.phone, c.relation, c.minutes_away, c.has_key)
        for c in session.scalars(statement)
        if c.phone and rules.relations.get(c.relation, Who.CONTACTS) is who
    ]


def stations(session: Session, area_id: int | None) -> list[Target]:
    """The telephones of the stations whose area the case lies in."""
    if area_id is None:
        return []
    chain = set(chain_of(session, area_id) or ())
    known = session.execute(
        select(User.id, User.name, User.phone, User.roles, User.area_ids)
        .where(User.active, User.phone.is_not(None))
        .order_by(User.id)
    )
    return [
        Target(f"user:{u.id}", Who.COMMUNITY_WORKER, u.name, u.phone, STATION)
        for u in known
        if STATION in u.roles and chain & set(u.area_ids)
    ]


def _each_number_once(found: Iterable[Target], but: tuple[str, ...]) -> list[Target]:
    seen = set(but)
    kept = []
    for target in found:
        if target.phone not in seen:
            seen.add(target.phone)
            kept.append(target)
    return kept


def everybody(session: Session, centre: Centre, case: Case, now: datetime) -> list[Target]:
    """Family, neighbours, community, station and rescue at once."""
    groups = (Who.CONTACTS, Who.NEIGHBOUR, Who.COMMUNITY_WORKER, Who.RESCUE)
    return _each_number_once((t for who in groups for t in targets(session, centre, case, who, now)), ())
