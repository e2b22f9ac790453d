"""Passwords: hashed slowly, judged by the rules, and the last ones remembered so that they do not come back."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.access import PasswordRules
from dispatch.domain.errors import Invalid
from dispatch.models.access import FormerPassword
from dispatch.models.people import User

hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)


def _of_nothing() -> str:
    """What a hash of these parameters looks like, by chance instead of by a fifth of a second of every start."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


NOBODY = _of_nothing()
"""Checked for names that do not exist, so that their answer takes as long."""
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is misread from a slip of paper or misheard on the telephone."""

WORDS = {
    "too-short": "use {length} characters, or {shorter} with small letters, capitals, digits or signs (three of them)",
    "contains-username": "the password must not contain the user name",
    "too-common": "this is among the passwords that are tried first: choose another",
    "used-before": "this was one of the last {not_the_last} passwords: choose another",
}


def matches(password_hash: str, password: str) -> bool:
    """Slow on purpose: never call it inside a transaction."""
    try:
        return hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def former_hashes(session: Session, rules: PasswordRules, user: User) -> list[str]:
    """The present one and those before it that must not come back, newest first."""
    statement = (
        select(FormerPassword.password_hash)
        .where(FormerPassword.user_id == user.id)
        .order_by(FormerPassword.id.desc())
        .limit(max(rules.not_the_last - 1, 0))
    )
    return [user.password_hash, *session.scalars(statement)][: rules.not_the_last]


def judge(rules: PasswordRules, password: str, username: str, former: Sequence[str] = ()) -> None:
    """Raises ``Invalid`` for a new password that breaks a rule. Slow where there are former ones."""
    fault = rules.fault(password, username)
    if fault is None and any(matches(old, password) for old in former):
        fault = "used-before"
    if fault is not None:
        words = WORDS[fault].format(length=rules.length, shorter=rules.shorter, not_the_last=rules.not_the_last)
        raise Invalid("password", fault, words)


def replace(session: Session, rules: PasswordRules, user: User, password_hash: str, now: datetime) -> None:
    """Give ``user`` another password and end every session that began with the old one."""
    session.add(FormerPassword(user_id=user.id, password_hash=user.password_hash, until=now))
    session.flush()
    kept = (
        select(FormerPassword.id)
        .where(FormerPassword.user_id == user.id)
        .order_by(FormerPassword.id.desc())
        .limit(max(rules.not_the_last - 1, 0))
    )
    kept_ids = list(session.scalars(kept))
    session.execute(delete(FormerPassword).where(FormerPassword.user_id == user.id, FormerPassword.id.not_in(kept_ids)))
    user.password_hash = password_hash
    user.password_set_at = now
    user.failed_sign_ins = 0
    user.locked_until = None
    user.epoch += 1


def one_time() -> str:
    """Sixteen characters in groups, 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
