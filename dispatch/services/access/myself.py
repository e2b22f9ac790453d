"""What somebody does with their own account."""

from __future__ import annotations

from datetime import datetime

from dispatch.domain.errors import Invalid, Locked
from dispatch.models.people import User
from dispatch.services import trail
from dispatch.services.access import passwords, sessions
from dispatch.services.access.sessions import Visit
from dispatch.services.access.sign_in import count_try
from dispatch.services.centre import Centre
from dispatch.services.trail import Deed, Subject


def prove(centre: Centre, visit: Visit, password: str, now: datetime) -> None:
    """Raises ``Invalid`` for a wrong password, and counts it: a session left open must not be a place to guess in."""
    with centre.database.reads() as session:
        user = session.get_one(User, visit.person.actor.user_id)
    if user.locked_until is not None and user.locked_until > now:
        raise Locked("too many wrong passwords: wait, or ask an administrator")
    right = passwords.matches(user.password_hash, password)
    if not right or user.failed_sign_ins:
        count_try(centre, user.id, right=right, now=now)
    if not right:
        raise Invalid("current", "wrong", "this is not your present password")


def change_password(centre: Centre, visit: Visit, current: str, wanted: str, now: datetime) -> None:
    """Choose another password. Ends every other session of this person. Raises ``Invalid``."""
    prove(centre, visit, current, now)
    rules = centre.access.passwords
    with centre.database.reads() as session:
        user = session.get_one(User, visit.person.actor.user_id)
        former = passwords.former_hashes(session, rules, user)
    passwords.judge(rules, wanted, user.username, former)
    hashed = passwords.hasher.hash(wanted)
    with centre.database.sessions.begin() as session:
        user = session.get_one(User, user.id, with_for_update=True)
        passwords.replace(session, rules, user, hashed, now)
        user.must_change_password = False
        user.password_ends_at = None
        user.version += 1
        sessions.end_all(session, user, now)
        sessions.carry_on(session, visit, user)
        trail.write(session, visit.person.actor, Deed("password_changed", Subject("user", user.id)), now)
