"""The way in: a password, where it is asked for a code, and what happens to those who guess."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.access import LockOut
from dispatch.domain.actor import Actor
from dispatch.domain.errors import Locked, SecondFactorRequired, TooManyTries, Unauthenticated
from dispatch.models.access import SignedIn
from dispatch.models.people import User
from dispatch.services import trail
from dispatch.services.access import codes, passwords, throttle
from dispatch.services.access.sessions import Door
from dispatch.services.accounts import Person, present
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject

LATELY = timedelta(days=30)


@dataclass(frozen=True)
class Attempt:
    username: str
    password: str
    code: str | None
    door: Door


def sign_in(centre: Centre, attempt: Attempt, now: datetime) -> Person:
    """Who this is. Raises ``Unauthenticated`` without saying which of name and password was wrong,
    ``SecondFactorRequired``, ``Locked``, or ``TooManyTries`` from this address.
    """
    rules = centre.access.lock_out
    with centre.database.reads() as session:
        user = session.scalar(select(User).where(User.username == attempt.username, User.active))
        known = user is not None and _came_from(session, user.id, attempt.door, now)
        barred = not known and throttle.is_empty(session, rules, attempt.door.address, now)
    if barred:
        pace = rules.address_pace.total_seconds()
        raise TooManyTries("too many wrong passwords from this address: wait a little", retry_after=int(pace))
    if user is not None and user.locked_until is not None and user.locked_until > now:
        raise Locked("too many wrong passwords: wait, or ask an administrator", opens_at=stamp(user.locked_until))
    # Outside of any transaction: a slow hash is meant to be slow, and SQLite has one writer.
    right = passwords.matches(user.password_hash if user else passwords.NOBODY, attempt.password)
    if right and user is not None and user.password_ends_at is not None and user.password_ends_at <= now:
        raise Unauthenticated("this one-time password has run out: ask an administrator for another")
    if user is None or not right:
        throttle.count(centre, rules, attempt.door.address, now)
        _refused(centre, user, attempt, "password", now)
        raise Unauthenticated("the user name or the password is wrong")
    with_code = _second_factor(centre, user, attempt, now)
    if user.failed_sign_ins:  # forgotten only now: the right password must not buy more guesses at the code
        count_try(centre, user.id, right=True, now=now)
    with centre.database.reads() as session:
        return replace(present(session, centre, user, now), second_factor=with_code)


def _second_factor(centre: Centre, user: User, attempt: Attempt, now: datetime) -> bool:
    """Whether a code was needed, and given. Raises ``SecondFactorRequired``."""
    with centre.database.reads() as session:
        if not codes.has_factor(session, user.id):
            return False
    if not attempt.code:
        raise SecondFactorRequired("send the code of your authenticator too, or a recovery code")
    with centre.database.sessions.begin() as session:
        right = codes.accept(session, user.id, attempt.code, now)
    if not right:
        throttle.count(centre, centre.access.lock_out, attempt.door.address, now)
        _refused(centre, user, attempt, "code", now)
        raise SecondFactorRequired("the code is wrong, or was used already: wait for the next", wrong=True)
    return True


def _came_from(session: Session, user_id: int, door: Door, now: datetime) -> bool:
    """Whether this person got in from there lately: then somebody else's guesses do not close the door."""
    statement = select(SignedIn.id).where(
        SignedIn.user_id == user_id, SignedIn.address == door.address[:64], SignedIn.began_at > now - LATELY
    )
    return session.scalar(statement.limit(1)) is not None


def _refused(centre: Centre, user: User | None, attempt: Attempt, why: str, now: datetime) -> None:
    """Count it against the person, and write it down. What was typed as a name is not: it may be a password."""
    deed = Deed(
        "sign_in_refused",
        Subject("user", user.id if user else "unknown"),
        data={"address": attempt.door.address, "why": why},
    )
    actor = Actor("user", str(user.id), user.name) if user else Actor("unknown", attempt.door.address, "")
    trail.note(centre, actor, deed, now)
    if user is not None and count_try(centre, user.id, right=False, now=now):
        trail.note(centre, actor, Deed("locked_out", Subject("user", user.id)), now)


def count_try(centre: Centre, user_id: int, *, right: bool, now: datetime) -> bool:
    """Count a wrong try, forget them after a right one. True: this one closed the door."""
    rules: LockOut = centre.access.lock_out
    with centre.database.sessions.begin() as session:
        user = session.get_one(User, user_id, with_for_update=True)
        user.failed_sign_ins = 0 if right else user.failed_sign_ins + 1
        user.locked_until = None
        if user.failed_sign_ins >= rules.tries:
            user.failed_sign_ins = 0
            user.locked_until = now + rules.lasts
        return user.locked_until is not None
