"""The code on the sheet at an elder's home, by which a helper shows to have been there without a position."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.followup import CardCode
from dispatch.services import trail
from dispatch.services.care.reach import elder_within
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.transact import transact
from dispatch.services.work import Act


def issue(centre: Centre, elder_id: int, act: Act) -> dict[str, Any]:
    """A new code; the one before is wrong from now on. It is told this once, to be printed."""
    code = f"{secrets.randbelow(1_000_000):06d}"

    def change(session: Session) -> dict[str, Any]:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        _revoke(session, elder.id, act.now)
        new = CardCode(elder_id=elder.id, code=code, issued_at=act.now, issued_by=act.actor.name)
        session.add(new)
        session.flush()
        made = trail.Deed("card_code_issued", trail.Subject("elder", elder.id), data={"card": new.id})
        trail.write(session, act.actor, made, act.now)
        return {**_json(new), "name": elder.name, "code": code}

    return transact(centre, change)


def revoke(centre: Centre, elder_id: int, act: Act) -> None:
    """The sheet is lost; until there is another one, nothing that is typed proves anything."""

    def change(session: Session) -> None:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if _revoke(session, elder.id, act.now):
            gone = trail.Deed("card_code_revoked", trail.Subject("elder", elder.id))
            trail.write(session, act.actor, gone, act.now)

    transact(centre, change)


def of_elder(centre: Centre, elder_id: int, actor: Actor) -> dict[str, Any] | None:
    """The one that counts, without its digits."""
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        live = select(CardCode).where(CardCode.elder_id == elder_id, CardCode.revoked_at.is_(None))
        found = session.scalar(live)
        return _json(found) if found is not None else None


def _revoke(session: Session, elder_id: int, now: datetime) -> bool:
    gone = (
        update(CardCode)
        .where(CardCode.elder_id == elder_id, CardCode.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(CardCode.id)
    )
    return bool(session.scalars(gone, execution_options={"synchronize_session": False}).all())


def _json(card: CardCode) -> dict[str, Any]:
    return {"issued_at": stamp(card.issued_at), "issued_by": card.issued_by}
