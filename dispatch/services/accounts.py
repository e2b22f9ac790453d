"""Who may come in: people by password, machines by token."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, Locked, Unauthenticated
from dispatch.domain.permissions import ROLES, SCOPES
from dispatch.models.people import ApiToken, User
from dispatch.models.places import Area, paths_of
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

TRIES = 8
LOCKED_FOR = timedelta(minutes=5)

hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
_NOBODY = hasher.hash(secrets.token_hex(16))
"""Checked for names that do not exist, so that their answer takes as long."""


@dataclass(frozen=True)
class Person:
    actor: Actor
    username: str
    locale: str
    epoch: int
    areas: tuple[tuple[str, str], ...]
    """Id and name of each."""


def sign_in(centre: Centre, username: str, password: str, now: datetime) -> Person:
    """Check a password. Raises ``Unauthenticated`` without saying which of the two was wrong, or ``Locked``."""
    with centre.database.reads() as session:
        user = session.scalar(select(User).where(User.username == username, User.active))
        known = _person(session, user) if user is not None else None
    if user is not None and user.locked_until is not None and user.locked_until > now:
        raise Locked("too many wrong passwords: wait, or ask a supervisor", opens_at=stamp(user.locked_until))
    # Outside of any transaction: a slow hash is meant to be slow, and SQLite has one writer.
    right = _matches(user.password_hash if user else _NOBODY, password)
    if user is not None and (not right or user.failed_sign_ins):
        _count_try(centre, user.id, right=right, now=now)
    if known is None or not right:
        raise Unauthenticated("the user name or the password is wrong")
    return known


def _count_try(centre: Centre, user_id: int, *, right: bool, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        user.failed_sign_ins = 0 if right else user.failed_sign_ins + 1
        user.locked_until = None
        if user.failed_sign_ins >= TRIES:
            user.failed_sign_ins = 0
            user.locked_until = now + LOCKED_FOR


def person(centre: Centre, user_id: int, epoch: int) -> Person:
    """The person of a session cookie. Raises ``Unauthenticated`` when the session was ended from the server's side."""
    with centre.database.reads() as session:
        user = session.get(User, user_id)
        if user is None or not user.active or user.epoch != epoch:
            raise Unauthenticated("sign in again")
        return _person(session, user)


def person_named(centre: Centre, username: str) -> Person:
    """For the demo's one-click sign-in alone."""
    with centre.database.reads() as session:
        user = session.scalar(select(User).where(User.username == username, User.active))
        if user is None:
            raise Unauthenticated("there is no such demo user")
        return _person(session, user)


def machine(centre: Centre, token: str) -> Actor:
    """The machine behind a bearer token. A token sees every area. Raises ``Unauthenticated``."""
    return machine_by_digest(centre, digest(token))


def machine_by_digest(centre: Centre, token_digest: str) -> Actor:
    with centre.database.reads() as session:
        found = session.scalar(select(ApiToken).where(ApiToken.digest == token_digest, ApiToken.revoked_at.is_(None)))
    if found is None:
        raise Unauthenticated("this token is not known, or was revoked")
    return Actor("token", str(found.id), found.name, scopes=frozenset(found.scopes), paths=("/",))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def add_user(centre: Centre, user: User, password: str) -> User:
    """Create a user; ``user.area_ids`` empty means the whole centre. Raises ``Invalid``."""
    wrong = set(user.roles) - ROLES
    if wrong:
        raise Invalid("roles", "unknown", f"unknown role {', '.join(sorted(wrong))}: use {', '.join(sorted(ROLES))}")
    if len(password) < 4:
        raise Invalid("password", "too-short", "choose a longer password")
    with centre.database.sessions.begin() as session:
        if session.scalar(select(User.id).where(User.username == user.username)) is not None:
            raise Invalid("username", "taken", f"there is a user {user.username} already")
        user.password_hash = hasher.hash(password)
        if not user.area_ids:
            user.area_ids = list(session.scalars(select(Area.id).where(Area.parent_id.is_(None))))
        session.add(user)
    return user


def add_token(centre: Centre, name: str, scopes: list[str], now: datetime, token: str | None = None) -> str:
    """Create a machine's token and return it; it cannot be read again. Raises ``Invalid`` for an unknown scope."""
    wrong = set(scopes) - SCOPES
    if wrong:
        raise Invalid("scopes", "unknown", f"unknown scope {', '.join(wrong)}: use {', '.join(sorted(SCOPES))}")
    token = token or secrets.token_urlsafe(32)
    with centre.database.sessions.begin() as session:
        session.add(ApiToken(name=name, digest=digest(token), scopes=sorted(scopes), created_at=now))
    return token


def _matches(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _person(session: Session, user: User) -> Person:
    areas = session.execute(select(Area.id, Area.name).where(Area.id.in_(user.area_ids)).order_by(Area.path))
    return Person(
        actor=Actor(
            "user",
            str(user.id),
            user.name,
            roles=frozenset(user.roles),
            paths=paths_of(session, user.area_ids),
        ),
        username=user.username,
        locale=user.locale,
        epoch=user.epoch,
        areas=tuple((str(area_id), name) for area_id, name in areas),
    )
