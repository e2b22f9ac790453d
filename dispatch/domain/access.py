"""The rules of coming in: passwords, sessions, and which rights nobody may hold together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatch.domain.permissions import ROLES


class Pending(StrEnum):
    """What somebody who has signed in must do before anything else."""

    CHANGE_PASSWORD = "change-password"  # noqa: S105 -- the name of a step
    ENROL_SECOND_FACTOR = "enrol-second-factor"


@dataclass(frozen=True)
class PasswordRules:
    length: int
    shorter: int
    """Enough with three classes of characters."""
    not_the_last: int
    max_age: timedelta | None
    one_time: timedelta
    common: frozenset[str]

    def fault(self, password: str, username: str) -> str | None:
        """What is wrong with a new password, as a code; None if nothing. Reuse is the caller's to find."""
        low = password.lower()
        if len(password) < self.shorter or (len(password) < self.length and classes(password) < 3):
            return "too-short"
        if username.lower() in low or low[::-1] == username.lower():
            return "contains-username"
        if low in self.common or low.strip("!.?0123456789") in self.common or len(set(low)) < 4:
            return "too-common"
        return None


def classes(password: str) -> int:
    """How many of: small letters, capitals, digits, others."""
    small = any(c.islower() for c in password)
    capital = any(c.isupper() for c in password)
    digit = any(c.isdigit() for c in password)
    other = any(not (c.islower() or c.isupper() or c.isdigit()) for c in password)
    return small + capital + digit + other


@dataclass(frozen=True)
class LockOut:
    tries: int
    lasts: timedelta
    address_tries: int
    address_pace: timedelta


@dataclass(frozen=True)
class SessionRules:
    idle: timedelta
    idle_of: Mapping[str, timedelta]
    absolute: timedelta

    def idle_for(self, roles: Iterable[str]) -> timedelta:
        """The longest of the roles': somebody on shift must not be signed out in a quiet hour."""
        return max((self.idle_of.get(role, self.idle) for role in roles), default=self.idle)

    def ends_at(self, began_at: datetime, active_at: datetime, roles: Iterable[str]) -> datetime:
        return min(active_at + self.idle_for(roles), began_at + self.absolute)


@dataclass(frozen=True)
class AccessRules:
    """``config/access.yaml``."""

    passwords: PasswordRules
    lock_out: LockOut
    sessions: SessionRules
    second_factor: frozenset[str]
    """Roles that must have one."""
    apart: Mapping[str, frozenset[str]] = field(default_factory=dict)
    local: frozenset[str] = frozenset()

    @classmethod
    def load(cls, values: Mapping[str, Any], common: Iterable[str]) -> AccessRules:
        """Raises ``ValueError`` or ``KeyError`` naming what is wrong."""
        passwords, lock_out, sessions = values["passwords"], values["lock_out"], values["sessions"]
        idle = {role: timedelta(minutes=int(minutes)) for role, minutes in sessions["idle_minutes"].items()}
        required = frozenset(values["second_factor"]["required"] or ())
        apart = {role: frozenset(others) for role, others in (values.get("apart") or {}).items()}
        local = frozenset(values.get("local") or ())
        named = {*idle, *required, *apart, *local, *(other for others in apart.values() for other in others)}
        if unknown := named - ROLES - {"otherwise"}:
            raise ValueError(f"unknown role {', '.join(sorted(unknown))}: use {', '.join(sorted(ROLES))}")
        if int(passwords["shorter_with_three_classes"]) < 8:
            raise ValueError("shorter_with_three_classes: eight characters are the least")
        return cls(
            passwords=PasswordRules(
                length=int(passwords["length"]),
                shorter=int(passwords["shorter_with_three_classes"]),
                not_the_last=int(passwords["not_the_last"]),
                max_age=timedelta(days=int(passwords["days"])) if passwords["days"] else None,
                one_time=timedelta(hours=int(passwords["one_time_hours"])),
                common=frozenset(word.strip().lower() for word in common if word.strip()),
            ),
            lock_out=LockOut(
                tries=int(lock_out["tries"]),
                lasts=timedelta(minutes=int(lock_out["minutes"])),
                address_tries=int(lock_out["address_tries"]),
                address_pace=timedelta(seconds=float(lock_out["address_seconds"])),
            ),
            sessions=SessionRules(
                idle=idle.pop("otherwise"),
                idle_of=idle,
                absolute=timedelta(hours=float(sessions["absolute_hours"])),
            ),
            second_factor=required,
            apart=apart,
            local=local,
        )

    def lenient(self) -> AccessRules:
        """For a demo: nobody must have a second factor, and nobody is signed out for looking on."""
        patient = replace(self.sessions, idle=self.sessions.absolute, idle_of={})
        return replace(self, second_factor=frozenset(), sessions=patient)

    def needs_second_factor(self, roles: Iterable[str]) -> bool:
        return bool(self.second_factor & set(roles))

    def held_together(self, roles: Iterable[str]) -> tuple[str, str] | None:
        """Two of ``roles`` that one person must not hold at once, if any."""
        held = set(roles)
        for role, others in sorted(self.apart.items()):
            if role in held and (both := sorted(held & others)):
                return role, both[0]
        return None
