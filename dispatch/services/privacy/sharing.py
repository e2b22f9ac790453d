"""Who outside was given what about an elder, on which ground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.privacy import Basis
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.privacy import Sharing
from dispatch.services import trail
from dispatch.services.care.consents import standing
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.privacy.telling import Use, owe
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act


@dataclass(frozen=True)
class Given:
    """``elder_id`` None: a list of ``persons``."""

    receiver: str
    receiver_kind: str
    purpose: str
    kinds: tuple[str, ...]
    basis: Basis
    elder_id: int | None = None
    persons: int = 1
    case_id: int | None = None
    note: str | None = None


def record_sharing(centre: Centre, act: Act, given: Given) -> Answer:
    """Write down that somebody was given something. Raises ``Conflict`` where the elder's consent is missing."""

    def change(session: Session) -> Answer:
        if given.elder_id is not None:
            elder_within(session, given.elder_id, act.actor)
        return sharing_json(share(session, centre, act, given))

    return once(centre, act, f"sharing:{given.elder_id}", change)


def share(session: Session, centre: Centre, act: Act, given: Given) -> Sharing:
    """``record_sharing`` in the caller's transaction, for a hand-off or an export that is itself a change.

    Article 23: on the ground of consent it needs a standing one for that very purpose. In an emergency it goes without;
    then the elder is told afterwards (article 18).
    """
    purpose = centre.care.purposes.get(given.purpose)
    if purpose is None:
        raise Invalid("purpose", "unknown", f"there is no purpose {given.purpose}: see GET /privacy/purposes")
    consent = standing(session, given.elder_id, given.purpose) if given.elder_id is not None else None
    if given.basis is Basis.CONSENT and consent is None:
        raise Conflict(f"the elder has not agreed to {given.purpose}: ask first, or name another ground")
    if given.basis is Basis.EMERGENCY:
        case = session.get(Case, given.case_id) if given.case_id is not None else None
        if case is None or case.kind != Kind.EMERGENCY or not purpose.emergency_use:
            raise Invalid("basis", "no_emergency", "name the emergency, and a purpose that may do without consent")
        if consent is None and given.elder_id is not None:
            owe(session, centre, act, Use(given.elder_id, case.id, given.purpose))
    new = Sharing(
        at=act.now,
        elder_id=given.elder_id,
        persons=given.persons,
        receiver=given.receiver,
        receiver_kind=given.receiver_kind,
        purpose=given.purpose,
        kinds=list(given.kinds),
        basis=given.basis,
        consent_id=consent.id if consent else None,
        case_id=given.case_id,
        note=given.note,
        recorded_by=act.actor.name,
    )
    session.add(new)
    session.flush()
    if given.elder_id is not None:
        data = {"sharing": new.id, "purpose": new.purpose, "kinds": new.kinds, "basis": new.basis}
        trail.write(session, act.actor, Deed("shared", Subject("elder", given.elder_id), data=data), act.now)
    return new


def list_sharings(centre: Centre, actor: Actor, page: PageOf, elder_id: int | None = None) -> Answer:
    """The sharing log, newest first: of one elder, or of the actor's areas with the lists that were given out."""
    statement: Any = (
        select(Sharing, Elder.name)
        .outerjoin(Elder, Elder.id == Sharing.elder_id)
        .outerjoin(Household, Household.id == Elder.household_id)
        .outerjoin(Area, Area.id == Household.area_id)
    )
    with centre.database.reads() as session:
        if elder_id is not None:
            elder_within(session, elder_id, actor)
            statement = statement.where(Sharing.elder_id == elder_id)
        else:
            statement = statement.where(or_(Sharing.elder_id.is_(None), inside(actor.paths)))
        if page.before is not None:
            statement = statement.where(Sharing.id < page.before)
        found = session.execute(statement.order_by(Sharing.id.desc()).limit(page.limit + 1)).all()
    items = [
        sharing_json(s) | {"elder": s.elder_id and {"id": str(s.elder_id), "name": n}} for s, n in found[: page.limit]
    ]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def sharing_json(sharing: Sharing) -> Answer:
    return {
        "id": str(sharing.id),
        "at": stamp(sharing.at),
        "persons": sharing.persons,
        "receiver": sharing.receiver,
        "receiver_kind": sharing.receiver_kind,
        "purpose": sharing.purpose,
        "kinds": sharing.kinds,
        "basis": sharing.basis,
        "article": Basis(sharing.basis).article,
        "consent_id": sharing.consent_id and str(sharing.consent_id),
        "case_id": sharing.case_id and str(sharing.case_id),
        "note": sharing.note,
        "recorded_by": sharing.recorded_by,
    }
