"""Those who sign in: who they are, what they may do where, and the ways back in for somebody who is shut out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Forbidden, Invalid, NotFound, VersionConflict
from dispatch.models.access import SecondFactor, SignedIn
from dispatch.models.people import User
from dispatch.models.places import Area
from dispatch.services import trail
from dispatch.services.access import passwords, rights, sessions
from dispatch.services.access.factor import forget
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act


@dataclass(frozen=True)
class UserFilter:
    q: str = ""
    role: str | None = None
    active: bool | None = None


def users(centre: Centre, actor: Actor, wanted: UserFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """Those whose areas all lie in the actor's, by user name; with the number of all that match."""
    statement = select(User).order_by(User.username, User.id)
    if wanted.q:
        like = or_(User.username.contains(wanted.q, autoescape=True), User.name.contains(wanted.q, autoescape=True))
        statement = statement.where(like)
    if wanted.active is not None:
        statement = statement.where(User.active.is_(wanted.active))
    with centre.database.reads() as session:
        mine = rights.areas_of(session, actor)
        # In Python, not in the statement: roles and areas are lists in a column, and a centre has hundreds of users.
        found = [
            user
            for user in session.scalars(statement)
            if set(user.area_ids) <= mine and (wanted.role is None or wanted.role in user.roles)
        ]
        places = [user.id for user in found]
        start = places.index(page.before) + 1 if page.before in places else 0
        shown = found[start : start + page.limit]
        items = _as_json(session, shown, now)
    more = start + page.limit < len(found)
    return {"items": items, "next_cursor": items[-1]["id"] if more else None, "total": len(found)}


def user(centre: Centre, actor: Actor, user_id: int, now: datetime) -> dict[str, Any]:
    with centre.database.reads() as session:
        return _as_json(session, [_mine(session, actor, user_id)], now)[0]


@dataclass(frozen=True)
class NewUser:
    username: str
    name: str
    roles: tuple[str, ...]
    area_ids: tuple[int, ...] = ()
    """None by name: all that the administrator has."""
    locale: str = "zh-CN"
    phone: str | None = None


def add(centre: Centre, act: Act, new: NewUser) -> tuple[dict[str, Any], str]:
    """Create a user with a one-time password; returns both. Raises ``Invalid`` or ``Forbidden``."""
    password = passwords.one_time()
    hashed = passwords.hasher.hash(password)
    with centre.database.sessions.begin() as session:
        area_ids = list(new.area_ids) or rights.roots(session, act.actor)
        rights.judge(session, centre, act.actor, new.roles, area_ids)
        made = User(
            username=new.username,
            name=new.name,
            roles=sorted(set(new.roles)),
            area_ids=sorted(set(area_ids)),
            locale=new.locale,
            phone=new.phone,
            password_hash=hashed,
            active=True,
            version=0,
        )
        _give_one_time(centre, made, act.now)
        session.add(made)
        try:
            session.flush()
        except IntegrityError:
            raise Invalid("username", "taken", f"there is a user {new.username} already") from None
        _write(session, act, "user_added", made, {"roles": made.roles, "areas": made.area_ids})
        return _as_json(session, [made], act.now)[0], password


def change(centre: Centre, act: Act, user_id: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Change some of name, roles, area_ids, locale, phone, active.

    Nobody changes their own rights; somebody who may give rights is always left. A change of rights ends the person's
    sessions: the next sign-in has the new ones.
    """
    with centre.database.sessions.begin() as session:
        rights.one_at_a_time(session, centre)
        found = _mine(session, act.actor, user_id, lock=True)
        if act.version is not None and act.version != found.version:
            raise VersionConflict("somebody changed this user in the meantime: look again", version=found.version)
        before = {name: getattr(found, name) for name in changes}
        after = {name: sorted(set(v)) if isinstance(v, list | tuple) else v for name, v in changes.items()}
        changed = {name: value for name, value in after.items() if value != before[name]}
        if not changed:
            return _as_json(session, [found], act.now)[0]
        of_rights = [name for name in rights.NAMES if name in changed]
        if of_rights:
            rights.judge_change(session, centre, act.actor, found, changed)
        for name, value in changed.items():
            setattr(found, name, value)
        found.version += 1
        if of_rights:
            sessions.end_all(session, found, act.now)
        said = {name: {"from": before[name], "to": changed[name]} for name in of_rights}
        _write(session, act, "user_changed", found, {"fields": sorted(changed), **said})
        session.flush()
        return _as_json(session, [found], act.now)[0]


def add_by_hand(centre: Centre, new: User, password: str, now: datetime) -> User:
    """Create a user from the command line, with a password that the rules allow; no area means the whole centre."""
    rights.judge_roles(centre, new.roles)
    passwords.judge(centre.access.passwords, password, new.username)
    new.password_hash = passwords.hasher.hash(password)
    new.password_set_at = now
    act = Act(Actor("system", "command-line", ""), now)
    with centre.database.sessions.begin() as session:
        if session.scalar(select(User.id).where(User.username == new.username)) is not None:
            raise Invalid("username", "taken", f"there is a user {new.username} already")
        if not new.area_ids:
            new.area_ids = list(session.scalars(select(Area.id).where(Area.parent_id.is_(None))))
        session.add(new)
        session.flush()
        _write(session, act, "user_added", new, {"roles": new.roles, "areas": new.area_ids})
    return new


@dataclass(frozen=True)
class Also:
    whole_centre: bool = False
    second_factor: bool = False
    """Forget it."""


def rescue(centre: Centre, username: str, also: Also, now: datetime) -> str:
    """From the command line: a one-time password for somebody whom no administrator can help. Raises ``NotFound``."""
    password = passwords.one_time()
    hashed = passwords.hasher.hash(password)
    act = Act(Actor("system", "command-line", ""), now)
    with centre.database.sessions.begin() as session:
        found = session.scalar(select(User).where(User.username == username).with_for_update())
        if found is None:
            raise NotFound(f"there is no user {username}")
        passwords.replace(session, centre.access.passwords, found, hashed, now)
        _give_one_time(centre, found, now)
        sessions.end_all(session, found, now)
        found.active = True
        found.version += 1
        if also.second_factor:
            forget(session, found.id)
        if also.whole_centre:
            found.area_ids = list(session.scalars(select(Area.id).where(Area.parent_id.is_(None))))
        _write(session, act, "password_reset", found, asdict(also))
    return password


def reset_password(centre: Centre, act: Act, user_id: int) -> str:
    """Give a one-time password, open the door if it was locked, and end the sessions."""
    password = passwords.one_time()
    hashed = passwords.hasher.hash(password)
    with centre.database.sessions.begin() as session:
        found = _another(session, act, user_id)
        passwords.replace(session, centre.access.passwords, found, hashed, act.now)
        _give_one_time(centre, found, act.now)
        sessions.end_all(session, found, act.now)
        found.version += 1
        _write(session, act, "password_reset", found)
    return password


def reset_second_factor(centre: Centre, act: Act, user_id: int) -> dict[str, Any]:
    """Forget a lost authenticator, and end the sessions."""
    with centre.database.sessions.begin() as session:
        found = _another(session, act, user_id)
        forget(session, found.id)
        sessions.end_all(session, found, act.now)
        _write(session, act, "second_factor_reset", found)
        session.flush()
        return _as_json(session, [found], act.now)[0]


def unlock(centre: Centre, act: Act, user_id: int) -> dict[str, Any]:
    with centre.database.sessions.begin() as session:
        found = _another(session, act, user_id)
        found.locked_until = None
        found.failed_sign_ins = 0
        _write(session, act, "user_unlocked", found)
        return _as_json(session, [found], act.now)[0]


def end_sessions(centre: Centre, act: Act, user_id: int) -> dict[str, Any]:
    with centre.database.sessions.begin() as session:
        found = _another(session, act, user_id)
        sessions.end_all(session, found, act.now)
        _write(session, act, "sessions_ended", found)
        session.flush()
        return _as_json(session, [found], act.now)[0]


def _write(session: Session, act: Act, action: str, subject: User, data: dict[str, Any] | None = None) -> None:
    trail.write(session, act.actor, Deed(action, Subject("user", subject.id), data=data or {}), act.now)


def _give_one_time(centre: Centre, found: User, now: datetime) -> None:
    found.must_change_password = True
    found.password_set_at = now
    found.password_ends_at = now + centre.access.passwords.one_time


def _another(session: Session, act: Act, user_id: int) -> User:
    found = _mine(session, act.actor, user_id, lock=True)
    if found.id == act.actor.user_id:
        raise Forbidden("do this for yourself under your own account: it asks for your password", why="own-account")
    return found


def _mine(session: Session, actor: Actor, user_id: int, *, lock: bool = False) -> User:
    """The user, if all of their areas are the actor's too. Raises ``NotFound``."""
    found = session.get(User, user_id, with_for_update=lock or None)
    if found is None or not set(found.area_ids) <= rights.areas_of(session, actor):
        raise NotFound(f"there is no user {user_id} in your areas")
    return found


def _as_json(session: Session, found: list[User], now: datetime) -> list[dict[str, Any]]:
    ids = {user.id for user in found}
    names = {
        area.id: area.name
        for area in session.scalars(select(Area).where(Area.id.in_({i for user in found for i in user.area_ids})))
    }
    last = (
        select(SignedIn.user_id, func.max(SignedIn.active_at))
        .where(SignedIn.user_id.in_(ids))
        .group_by(SignedIn.user_id)
    )
    seen = dict(session.execute(last).all())
    with_factor = set(
        session.scalars(
            select(SecondFactor.user_id).where(SecondFactor.user_id.in_(ids), SecondFactor.confirmed_at.is_not(None))
        )
    )
    return [
        {
            "id": str(user.id),
            "version": user.version,
            "username": user.username,
            "name": user.name,
            "roles": sorted(user.roles),
            "areas": [{"id": str(i), "name": names.get(i, "")} for i in user.area_ids],
            "locale": user.locale,
            "phone": user.phone,
            "active": user.active,
            "locked_until": stamp(user.locked_until) if user.locked_until and user.locked_until > now else None,
            "must_change_password": user.must_change_password,
            "second_factor": user.id in with_factor,
            "last_active_at": stamp(seen.get(user.id)),
        }
        for user in found
    ]
