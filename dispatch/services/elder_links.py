"""The card that opens an elder's own page: made, looked at and taken back by the desk."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.elder_links import ElderLink
from dispatch.services import trail
from dispatch.services.accounts import digest
from dispatch.services.care.reach import elder_within
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.transact import transact
from dispatch.services.work import Act


def make_link(centre: Centre, elder_id: int, act: Act) -> dict[str, Any]:
    """A new card for this elder; the one before opens nothing any more. The token is told once."""
    token = secrets.token_urlsafe(18)

    def change(session: Session) -> dict[str, Any]:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        _revoke(session, elder.id, act.now)
        new = ElderLink(elder_id=elder.id, digest=digest(token), created_at=act.now, created_by=act.actor.name)
        session.add(new)
        session.flush()
        made = trail.Deed("elder_link_made", trail.Subject("elder", elder.id), data={"link": new.id})
        trail.write(session, act.actor, made, act.now)
        return {**_link_json(new), "name": elder.name, "token": token}

    return transact(centre, change)


def revoke_link(centre: Centre, elder_id: int, act: Act) -> None:
    """The card is lost or not wanted any more."""

    def change(session: Session) -> None:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if _revoke(session, elder.id, act.now):
            gone = trail.Deed("elder_link_revoked", trail.Subject("elder", elder.id))
            trail.write(session, act.actor, gone, act.now)

    transact(centre, change)


def link_of(centre: Centre, elder_id: int, actor: Actor) -> dict[str, Any] | None:
    """The card that counts, without its token, which nobody can read again."""
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        found = session.scalar(select(ElderLink).where(ElderLink.elder_id == elder_id, ElderLink.revoked_at.is_(None)))
        return _link_json(found) if found else None


def _revoke(session: Session, elder_id: int, now: datetime) -> bool:
    found = session.scalars(
        update(ElderLink)
        .where(ElderLink.elder_id == elder_id, ElderLink.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(ElderLink.id)
    ).all()
    return bool(found)


def _link_json(link: ElderLink) -> dict[str, Any]:
    return {"created_at": stamp(link.created_at), "created_by": link.created_by, "used_at": stamp(link.used_at)}
