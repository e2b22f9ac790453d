"""Tokens of machines: given by administrators of the whole centre, shown once, revoked at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, NotFound
from dispatch.models.people import ApiToken, User
from dispatch.models.places import Area, inside
from dispatch.services import trail
from dispatch.services.accounts import new_token
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act


def tokens(centre: Centre, actor: Actor, limit: int, before: int | None) -> dict[str, Any]:
    """Newest first, the revoked ones too."""
    statement = (
        select(ApiToken, User.name)
        .outerjoin(User, User.id == ApiToken.created_by)
        .order_by(ApiToken.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(ApiToken.id < before)
    with centre.database.reads() as session:
        _whole_centre(session, actor)
        found = session.execute(statement).all()
    items = [_as_json(token, name) for token, name in found[:limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None}


def add(centre: Centre, act: Act, name: str, scopes: list[str]) -> tuple[dict[str, Any], str]:
    """Create a token; its text is returned now and never again."""
    row, text = new_token(name, scopes, act.now)
    row.created_by = act.actor.user_id
    with centre.database.sessions.begin() as session:
        _whole_centre(session, act.actor)
        session.add(row)
        session.flush()
        deed = Deed("token_added", Subject("token", row.id), data={"scopes": row.scopes})
        trail.write(session, act.actor, deed, act.now)
        return _as_json(row, act.actor.name), text


def revoke(centre: Centre, act: Act, token_id: int) -> dict[str, Any]:
    """End a token; the web processes forget it within ten seconds. Revoked again it stays as it is."""
    with centre.database.sessions.begin() as session:
        _whole_centre(session, act.actor)
        row = session.get(ApiToken, token_id, with_for_update=True)
        if row is None:
            raise NotFound(f"there is no token {token_id}")
        if row.revoked_at is None:
            row.revoked_at = act.now
            trail.write(session, act.actor, Deed("token_revoked", Subject("token", row.id)), act.now)
        creator = session.get(User, row.created_by) if row.created_by else None
        return _as_json(row, creator.name if creator else None)


def _whole_centre(session: Session, actor: Actor) -> None:
    """A token sees every area, so only those give one who have one of the largest."""
    if session.scalar(select(Area.id).where(Area.parent_id.is_(None), inside(actor.paths)).limit(1)) is None:
        raise Forbidden(
            "a token sees every area: only an administrator of the whole centre gives one", why="not-your-area"
        )


def _as_json(token: ApiToken, creator: str | None) -> dict[str, Any]:
    return {
        "id": str(token.id),
        "name": token.name,
        "scopes": token.scopes,
        "created_at": stamp(token.created_at),
        "created_by": creator,
        "revoked_at": stamp(token.revoked_at),
    }
