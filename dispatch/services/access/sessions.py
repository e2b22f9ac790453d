"""Sessions of people: begun by signing in; ended by time, by the person, by an administrator, by another password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound, Unauthenticated
from dispatch.models.access import SignedIn
from dispatch.models.people import User
from dispatch.services import trail
from dispatch.services.accounts import Person, present
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject

TOUCH = timedelta(seconds=60)
"""How old the last act in the row may be: not every look at the screen is worth a write."""


@dataclass(frozen=True)
class Door:
    """Where somebody comes from."""

    address: str
    browser: str


@dataclass(frozen=True)
class Visit:
    """A session that is open, with its person as the rights are now."""

    id: int
    person: Person
    ends_at: datetime


def begin(centre: Centre, person: Person, door: Door, now: datetime, how: str = "password") -> str:
    """Open a session and return its key, which only the browser keeps."""
    key = secrets.token_urlsafe(32)
    with centre.database.sessions.begin() as session:
        session.add(
            SignedIn(
                user_id=int(person.actor.id),
                digest=_digest(key),
                epoch=person.epoch,
                began_at=now,
                active_at=now,
                address=door.address[:64],
                browser=door.browser[:200],
            )
        )
        deed = Deed("sign_in", Subject("user", person.actor.id), data={"address": door.address, "how": how})
        trail.write(session, person.actor, deed, now)
    return key


def find(centre: Centre, key: str, now: datetime, idle: timedelta = timedelta(0)) -> Visit:
    """The open session of ``key``, last acted in ``idle`` ago. Raises ``Unauthenticated`` when it has ended."""
    rules = centre.access.sessions
    with centre.database.reads() as session:
        found = session.execute(
            select(SignedIn, User)
            .join(User, User.id == SignedIn.user_id)
            .where(SignedIn.digest == _digest(key), SignedIn.ended_at.is_(None))
        ).first()
        if found is None or not found[1].active or found[1].epoch != found[0].epoch:
            raise Unauthenticated("sign in again")
        row, user = found
        if rules.ends_at(row.began_at, row.active_at, user.roles) <= now:
            raise Unauthenticated("this session has timed out: sign in again")
        person = present(session, centre, user, now)
    active_at = max(row.active_at, now - max(idle, timedelta(0)))
    if active_at - row.active_at > TOUCH:
        with centre.database.sessions.begin() as session:
            session.execute(update(SignedIn).where(SignedIn.id == row.id).values(active_at=active_at))
    return Visit(row.id, person, rules.ends_at(row.began_at, active_at, user.roles))


def end(centre: Centre, visit: Visit, now: datetime) -> None:
    """Sign out."""
    with centre.database.sessions.begin() as session:
        session.execute(update(SignedIn).where(SignedIn.id == visit.id).values(ended_at=now))
        trail.write(session, visit.person.actor, Deed("sign_out", Subject("user", visit.person.actor.id)), now)


def end_one(centre: Centre, actor: Actor, session_id: int, now: datetime) -> None:
    """End one of one's own sessions, on whatever machine it was left open. Raises ``NotFound``."""
    with centre.database.sessions.begin() as session:
        row = session.get(SignedIn, session_id)
        if row is None or row.user_id != actor.user_id or row.ended_at is not None:
            raise NotFound("this session has ended already")
        row.ended_at = now
        trail.write(session, actor, Deed("sessions_ended", Subject("user", actor.id), data={"session": row.id}), now)


def end_others(centre: Centre, visit: Visit, now: datetime) -> int:
    """End every session of this person but the one that asks; returns how many."""
    with centre.database.sessions.begin() as session:
        ended = list(
            session.scalars(
                select(SignedIn).where(
                    SignedIn.user_id == visit.person.actor.user_id,
                    SignedIn.ended_at.is_(None),
                    SignedIn.id != visit.id,
                )
            )
        )
        for row in ended:
            row.ended_at = now
        deed = Deed("sessions_ended", Subject("user", visit.person.actor.id), data={"count": len(ended)})
        trail.write(session, visit.person.actor, deed, now)
    return len(ended)


def end_all(session: Session, user: User, now: datetime) -> None:
    """End every session of ``user``, also one that is just being begun with what the user was before."""
    user.epoch += 1
    session.execute(
        update(SignedIn).where(SignedIn.user_id == user.id, SignedIn.ended_at.is_(None)).values(ended_at=now)
    )


def carry_on(session: Session, visit: Visit, user: User) -> None:
    """Let this one session live on over a change that ended the others."""
    session.execute(update(SignedIn).where(SignedIn.id == visit.id).values(epoch=user.epoch, ended_at=None))


def of_person(centre: Centre, visit: Visit, now: datetime) -> list[dict[str, Any]]:
    rules = centre.access.sessions
    user_id = visit.person.actor.user_id
    with centre.database.reads() as session:
        rows = session.scalars(
            select(SignedIn)
            .where(
                SignedIn.user_id == user_id,
                SignedIn.ended_at.is_(None),
                SignedIn.epoch == visit.person.epoch,
                SignedIn.began_at > now - rules.absolute,
            )
            .order_by(SignedIn.active_at.desc())
        ).all()
    roles = visit.person.actor.roles
    return [
        {
            "id": str(row.id),
            "current": row.id == visit.id,
            "began_at": stamp(row.began_at),
            "active_at": stamp(row.active_at),
            "ends_at": stamp(rules.ends_at(row.began_at, row.active_at, roles)),
            "address": row.address,
            "browser": row.browser,
        }
        for row in rows
        if rules.ends_at(row.began_at, row.active_at, roles) > now
    ]


def still_open(centre: Centre, ids: Collection[int], now: datetime) -> set[int]:
    """Which of these sessions have not ended: a console that listens is asked now and then whether it still may."""
    rules = centre.access.sessions
    with centre.database.reads() as session:
        found = session.execute(
            select(SignedIn, User.roles)
            .join(User, User.id == SignedIn.user_id)
            .where(SignedIn.id.in_(ids), SignedIn.ended_at.is_(None), User.active, User.epoch == SignedIn.epoch)
        ).all()
    return {row.id for row, roles in found if rules.ends_at(row.began_at, row.active_at, roles) > now}


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
