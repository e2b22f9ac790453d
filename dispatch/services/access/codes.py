"""Judge the codes of a second factor: each is good once."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pyotp
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.models.access import RecoveryCode, SecondFactor
from dispatch.services.access.passwords import one_time

STEP = 30
"""Seconds. A code of the step before and after is taken too: clocks differ."""
RECOVERY_CODES = 10


def has_factor(session: Session, user_id: int) -> bool:
    found = session.scalar(select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id))
    return found is not None


def accept(session: Session, user_id: int, code: str, now: datetime) -> bool:
    """Take a code of the authenticator or a recovery code, at most once: the same again is refused."""
    factor = session.get(SecondFactor, user_id, with_for_update=True)
    if factor is None or factor.confirmed_at is None:
        return False
    return accept_shown(factor, code, now) or _accept_recovery(session, user_id, code, now)


def accept_shown(factor: SecondFactor, code: str, now: datetime) -> bool:
    """A code that the authenticator shows now. None of its step or an earlier one is good afterwards."""
    plain = _plain(code)
    if len(plain) != 6 or not plain.isascii() or not plain.isdigit() or not factor.secret:
        return False
    shown = pyotp.TOTP(factor.secret)
    present = int(now.timestamp()) // STEP
    for step in (present - 1, present, present + 1):
        if step > factor.last_step and hmac.compare_digest(shown.generate_otp(step), plain):
            factor.last_step = step
            return True
    return False


def _accept_recovery(session: Session, user_id: int, code: str, now: datetime) -> bool:
    found = session.scalar(
        select(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.digest == _digest(code), RecoveryCode.used_at.is_(None))
        .with_for_update()
    )
    if found is None:
        return False
    found.used_at = now
    return True


def new_codes(session: Session, user_id: int) -> list[str]:
    """Ten recovery codes of 79 bits, in place of all before; only their hashes are kept."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [one_time() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user_id, digest=_digest(code)) for code in codes)
    return codes


def _plain(code: str) -> str:
    return "".join(c for c in code.lower() if c not in " -\t")


def _digest(code: str) -> str:
    return hashlib.sha256(_plain(code).encode("utf-8", "surrogatepass")).hexdigest()
