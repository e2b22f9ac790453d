"""Which rights may be given, by whom, to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, Invalid, LastAdministrator
from dispatch.domain.permissions import OF_ROLE, ROLES, May
from dispatch.models.database import RIGHTS_LOCK
from dispatch.models.people import User
from dispatch.models.places import Area, ids_in, inside
from dispatch.services.centre import Centre

MOST_AREAS = 200
NAMES = ("roles", "area_ids", "active")
GIVES_RIGHTS = frozenset(role for role, rights in OF_ROLE.items() if May.USERS in rights)


def areas_of(session: Session, actor: Actor) -> set[int]:
    return set(session.scalars(select(Area.id).where(inside(actor.paths))))


def roots(session: Session, actor: Actor) -> list[int]:
    """The largest areas that the actor has: what somebody gets who is given none by name."""
    largest = Area.parent_id.is_(None) if "/" in actor.paths else Area.path.in_(actor.paths)
    return list(session.scalars(select(Area.id).where(largest)))


def one_at_a_time(session: Session, centre: Centre) -> None:
    """Two administrators who remove each other at the same moment must not both succeed. SQLite has one writer."""
    if centre.database.is_postgresql:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RIGHTS_LOCK})


def judge_change(session: Session, centre: Centre, actor: Actor, found: User, changed: Mapping[str, Any]) -> None:
    if found.id == actor.user_id:
        raise Forbidden("nobody changes their own rights: ask another administrator", why="own-rights")
    roles = changed.get("roles", found.roles)
    active = changed.get("active", found.active)
    judge(session, centre, actor, roles, changed.get("area_ids", found.area_ids))
    gave = found.active and GIVES_RIGHTS & set(found.roles)
    if gave and not (active and GIVES_RIGHTS & set(roles)):
        others = session.scalars(select(User.roles).where(User.active, User.id != found.id))
        if not any(GIVES_RIGHTS & set(held) for held in others):
            raise LastAdministrator("this is the last administrator: make another one first")


def judge(session: Session, centre: Centre, actor: Actor, roles: Any, area_ids: Any) -> None:
    """Raises ``Invalid`` for roles and areas that cannot be given, ``Forbidden`` for areas that are not one's own."""
    judge_roles(centre, roles)
    wanted = set(area_ids)
    known = {area.id: area for area in session.scalars(select(Area).where(Area.id.in_(wanted)))}
    if wanted - known.keys() or not wanted:
        raise Invalid("areas", "unknown", "choose areas that are there, at least one")
    if not wanted <= areas_of(session, actor):
        raise Forbidden("you can only give areas that are yours", why="not-your-area")
    if (local := centre.access.local & set(roles)) and any(area.parent_id is None for area in known.values()):
        raise Invalid("areas", "too-large", f"{min(local)} needs an area of its own, not the whole centre")


def judge_roles(centre: Centre, roles: Any) -> None:
    held = set(roles)
    if not held:
        raise Invalid("roles", "required", "choose at least one role")
    if unknown := held - ROLES:
        raise Invalid("roles", "unknown", f"unknown role {', '.join(sorted(unknown))}: use {', '.join(sorted(ROLES))}")
    if (apart := centre.access.held_together(held)) is not None:
        raise Invalid("roles", "apart", f"{apart[0]} and {apart[1]} must not be one person")


def areas(centre: Centre, actor: Actor, parent: int | None, q: str) -> list[dict[str, Any]]:
    """Areas that the actor can give: those below ``parent``, or by a part of the name; else the largest."""
    below = aliased(Area)
    has_more = select(below.id).where(below.parent_id == Area.id).exists()
    statement = select(Area, has_more).where(inside(actor.paths)).order_by(Area.path).limit(MOST_AREAS)
    with centre.database.reads() as session:
        if q:
            statement = statement.where(Area.name.contains(q, autoescape=True))
        elif parent is not None:
            statement = statement.where(Area.parent_id == parent)
        else:
            statement = statement.where(Area.id.in_(roots(session, actor)))
        found = session.execute(statement).all()
        above = {area_id for area, _ in found for area_id in ids_in(area.path)}
        names = dict(session.execute(select(Area.id, Area.name).where(Area.id.in_(above))).all())
    return [
        {
            "id": str(area.id),
            "name": area.name,
            "path_names": [names[area_id] for area_id in ids_in(area.path)],
            "has_more": more,
        }
        for area, more in found
    ]
