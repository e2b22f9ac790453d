"""Who is who: people with the rights they have now, and machines by their tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain import selftest
from dispatch.domain.access import Pending
from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, Unauthenticated
from dispatch.domain.permissions import SCOPES
from dispatch.models.access import SecondFactor
from dispatch.models.people import ApiToken, User
from dispatch.models.places import Area, paths_of
from dispatch.services.centre import Centre


@dataclass(frozen=True)
class Person:
    actor: Actor
    username: str
    locale: str
    epoch: int
    areas: tuple[tuple[str, str], ...]
    """Id and name of each."""
    pending: Pending | None = None
    """What this person must do first; until then nothing else is allowed."""
    second_factor: bool = False
    """Whether a code was given when signing in."""


def present(session: Session, centre: Centre, user: User, now: datetime) -> Person:
    """The person, and what must be done first."""
    return replace(person_of(session, user), pending=_pending(session, centre, user, now))


def person_of(session: Session, user: User) -> Person:
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


def _pending(session: Session, centre: Centre, user: User, now: datetime) -> Pending | None:
    max_age = centre.access.passwords.max_age
    too_old = max_age is not None and (user.password_set_at is None or now - user.password_set_at > max_age)
    if user.must_change_password or too_old:
        return Pending.CHANGE_PASSWORD
    if centre.access.needs_second_factor(user.roles):
        confirmed = select(SecondFactor.user_id).where(
            SecondFactor.user_id == user.id, SecondFactor.confirmed_at.is_not(None)
        )
        return Pending.ENROL_SECOND_FACTOR if session.scalar(confirmed) is None else None
    return None


def person_named(centre: Centre, username: str) -> Person:
    """For the demo's one-click sign-in alone."""
    with centre.database.reads() as session:
        user = session.scalar(select(User).where(User.username == username, User.active))
        if user is None:
            raise Unauthenticated("there is no such demo user")
        return person_of(session, user)


def machine(centre: Centre, token: str) -> Actor:
    """The machine behind a bearer token. A token sees every area. Raises ``Unauthenticated``."""
    return machine_by_digest(centre, digest(token))


def machine_by_digest(centre: Centre, token_digest: str) -> Actor:
    with centre.database.reads() as session:
        found = session.scalar(select(ApiToken).where(ApiToken.digest == token_digest, ApiToken.revoked_at.is_(None)))
    if found is None:
        raise Unauthenticated("this token is not known, or was revoked")
    scopes = frozenset(found.scopes)
    paths = (selftest.PLACE,) if selftest.SCOPE in scopes else ("/",)
    return Actor("token", str(found.id), found.name, scopes=scopes, paths=paths)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def new_token(name: str, scopes: list[str], now: datetime, token: str | None = None) -> tuple[ApiToken, str]:
    """A token and its text, which cannot be read again. Raises ``Invalid`` for an unknown scope."""
    wrong = set(scopes) - SCOPES
    if wrong:
        raise Invalid("scopes", "unknown", f"unknown scope {', '.join(wrong)}: use {', '.join(sorted(SCOPES))}")
    token = token or secrets.token_urlsafe(32)
    return ApiToken(name=name, digest=digest(token), scopes=sorted(set(scopes)), created_at=now), token


def add_token(centre: Centre, name: str, scopes: list[str], now: datetime, token: str | None = None) -> str:
    """Create a machine's token from the command line and return it."""
    row, text = new_token(name, scopes, now, token)
    with centre.database.sessions.begin() as session:
        session.add(row)
    return text
