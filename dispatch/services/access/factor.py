"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes on paper for the day it is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyotp
import segno
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid
from dispatch.models.access import RecoveryCode, SecondFactor
from dispatch.services import trail
from dispatch.services.access import codes
from dispatch.services.access.myself import prove
from dispatch.services.access.sessions import Visit
from dispatch.services.access.sign_in import count_try
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject

ISSUER = "养老服务呼叫调度"


@dataclass(frozen=True)
class Enrolment:
    secret: str
    uri: str
    qr: str
    """A picture of ``uri`` as an SVG data address."""


def begin(centre: Centre, visit: Visit, password: str, now: datetime) -> Enrolment:
    """Make a secret for the person's authenticator; it counts once a code from it was given. Raises ``Invalid``."""
    prove(centre, visit, password, now)
    secret = pyotp.random_base32()
    with centre.database.sessions.begin() as session:
        factor = session.get(SecondFactor, visit.person.actor.user_id, with_for_update=True)
        if factor is not None and factor.confirmed_at is not None:
            raise Conflict("there is a second factor already: remove it first")
        if factor is None:
            session.add(SecondFactor(user_id=visit.person.actor.user_id, secret=secret, begun_at=now, last_step=0))
        else:
            factor.secret, factor.begun_at = secret, now
    uri = pyotp.TOTP(secret).provisioning_uri(name=visit.person.username, issuer_name=ISSUER)
    return Enrolment(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=4, border=2))


def confirm(centre: Centre, visit: Visit, code: str, now: datetime) -> list[str]:
    """The first code proves that the authenticator has the secret. Returns the recovery codes, readable now only."""
    with centre.database.sessions.begin() as session:
        factor = session.get(SecondFactor, visit.person.actor.user_id, with_for_update=True)
        if factor is None or factor.confirmed_at is not None:
            raise Conflict("begin again: there is no second factor that waits for its first code")
        if not codes.accept_shown(factor, code, now):
            raise Invalid("code", "wrong", "this is not the code that the authenticator shows now")
        factor.confirmed_at = now
        fresh = codes.new_codes(session, factor.user_id)
        _write(session, visit, "second_factor_enrolled", now)
    return fresh


def renew_codes(centre: Centre, visit: Visit, code: str, now: datetime) -> list[str]:
    """Ten new recovery codes; the old ones are void."""
    _demand(centre, visit, code, now)
    with centre.database.sessions.begin() as session:
        fresh = codes.new_codes(session, int(visit.person.actor.id))
        _write(session, visit, "recovery_codes_renewed", now)
    return fresh


def remove(centre: Centre, visit: Visit, password: str, code: str, now: datetime) -> None:
    """Take it away. Who must have one is asked to enrol again before anything else."""
    prove(centre, visit, password, now)
    _demand(centre, visit, code, now)
    with centre.database.sessions.begin() as session:
        forget(session, int(visit.person.actor.id))
        _write(session, visit, "second_factor_removed", now)


def state(centre: Centre, visit: Visit) -> dict[str, Any]:
    user_id = visit.person.actor.user_id
    with centre.database.reads() as session:
        factor = session.get(SecondFactor, user_id)
        left = session.scalar(
            select(func.count(RecoveryCode.id)).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        )
    return {
        "enrolled_at": stamp(factor.confirmed_at) if factor else None,
        "required": centre.access.needs_second_factor(visit.person.actor.roles),
        "recovery_codes_left": left,
    }


def forget(session: Session, user_id: int) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


def _demand(centre: Centre, visit: Visit, code: str, now: datetime) -> None:
    """Raises ``Invalid`` for a wrong code, and counts it like a wrong password."""
    user_id = int(visit.person.actor.id)
    with centre.database.sessions.begin() as session:
        right = codes.accept(session, user_id, code, now)
    if not right:
        count_try(centre, user_id, right=False, now=now)
        raise Invalid("code", "wrong", "the code is wrong, or was used already")


def _write(session: Session, visit: Visit, action: str, now: datetime) -> None:
    trail.write(session, visit.person.actor, Deed(action, Subject("user", visit.person.actor.id)), now)
