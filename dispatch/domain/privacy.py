"""The Personal Information Protection Law as rules: masks, who sees without one, purposes, deadlines, retention."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.assessment import add_months
from dispatch.domain.case import OPEN, Kind, State
from dispatch.domain.configuration import only

HIDDEN = "****"
_BUILDING = re.compile(r"^.*?[0-9０-９一二三四五六七八九十]+\s*(?:号楼|幢|栋|座)")
# A number in a village is a family's own house. A street behind the name is a city's: 中关村大街.
_VILLAGE = re.compile(
    r"^.*(?:[村屯](?![民委])|嘎查|[0-9０-９一二三四五六七八九十]+\s*(?:村民)?(?:小组|组|队))(?!.*[路街巷道弄])"
)
_NUMBER = re.compile(r"^.*?[0-9０-９]+\s*号?")
_PLACE = re.compile(r"^.*(?:村|屯|组|社区|街|路|巷|镇|乡)")


def mask_phone(phone: str | None) -> str | None:
    """``13812345678`` -> ``138****5678``: enough to recognise, too little to call."""
    return None if phone is None else f"{phone[:3]}{HIDDEN}{phone[-4:]}" if len(phone) >= 8 else HIDDEN


def mask_identity(number: str | None) -> str | None:
    """The first six characters, which say the division, and the last two."""
    return (
        None if number is None else f"{number[:6]}{'*' * (len(number) - 8)}{number[-2:]}" if len(number) > 8 else HIDDEN
    )


def mask_name(name: str) -> str:
    """``张桂英`` -> ``张*英``."""
    if len(name) < 2:
        return "*"
    return name[0] + "*" * max(1, len(name) - 2) + (name[-1] if len(name) > 2 else "")


def mask_address(address: str | None) -> str | None:
    """To the building, or to the village: without entrance, floor and door."""
    if address is None:
        return None
    found = _BUILDING.match(address) or _VILLAGE.match(address) or _NUMBER.match(address) or _PLACE.match(address)
    shown = found[0] if found else ""
    return address if shown == address and found else shown + HIDDEN


@dataclass(frozen=True)
class Holding:
    """A case as far as it decides who sees what."""

    kind: str
    state: str
    owner_id: int | None
    household_id: int | None


def sees_unmasked(user_id: int | None, household_id: int | None, cases: Iterable[Holding]) -> bool:
    """Whether this person sees an elder of this home without masks: only while they own an open emergency of it.

    Not the supervisor, not a colleague, not whoever had it before, not the owner of another kind of case: they ask for
    single values with a reason (``reveal``).
    """
    return (
        user_id is not None
        and household_id is not None
        and any(
            case.kind == Kind.EMERGENCY
            and State(case.state) in OPEN
            and case.owner_id == user_id
            and case.household_id == household_id
            for case in cases
        )
    )


class Basis(StrEnum):
    """Article 13, in the order of its numbers."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    EMERGENCY = "emergency"

    @property
    def article(self) -> str:
        return f"13(1)({list(Basis).index(self) + 1})"


@dataclass(frozen=True)
class Purpose:
    code: str
    names: Mapping[str, str]
    basis: Basis
    sensitive: bool
    separate: bool
    emergency_use: bool
    notice: str

    @property
    def needs_consent(self) -> bool:
        return self.basis is Basis.CONSENT or self.separate


class Right(StrEnum):
    """What a person may ask for."""

    ACCESS = "access"
    COPY = "copy"
    CORRECTION = "correction"
    DELETION = "deletion"
    TRANSFER = "transfer"
    RESTRICTION = "restriction"
    EXPLANATION = "explanation"


class Asker(StrEnum):
    SELF = "self"
    GUARDIAN = "guardian"
    AGENT = "agent"
    RELATIVE_OF_DEAD = "relative_of_dead"
    """Article 49: a close relative, for a lawful interest of their own."""


@dataclass(frozen=True)
class Deadlines:
    request: timedelta
    soon: timedelta
    tell: timedelta
    retention_hour: int
    imports: timedelta
    """How long a file that somebody brought is kept, and the rows that came from it."""

    @classmethod
    def load(cls, body: Mapping[str, Any]) -> Self:
        found = cls(
            timedelta(days=int(body["request_days"])),
            timedelta(days=int(body["request_soon_days"])),
            timedelta(hours=int(body["tell_within_hours"])),
            int(body["retention_hour"]),
            timedelta(days=int(body["imports_kept_days"])),
        )
        if not (timedelta(0) <= found.soon < found.request and found.tell > timedelta(0)):
            raise ValueError("request_days must be more than request_soon_days, tell_within_hours more than 0")
        if not timedelta(days=1) <= found.imports <= timedelta(days=90):
            raise ValueError("imports_kept_days is a number of days from 1 to 90")
        if found.retention_hour not in range(24):
            raise ValueError("retention_hour is an hour from 0 to 23")
        return found


PURPOSE_KEYS = ("code", "zh", "en", "basis", "sensitive", "separate", "emergency_use", "notice")


def load_purposes(body: Mapping[str, Any]) -> dict[str, Purpose]:
    found: dict[str, Purpose] = {}
    for one in body["purposes"]:
        only(one, PURPOSE_KEYS)
        code = str(one["code"])
        if code in found:
            raise ValueError(f"the purpose {code} stands twice")
        found[code] = Purpose(
            code,
            {"zh": str(one["zh"]), "en": str(one["en"])},
            Basis(one["basis"]),
            bool(one["sensitive"]),
            bool(one["separate"]),
            bool(one["emergency_use"]),
            str(one["notice"]),
        )
    return found


class Kept(StrEnum):
    """Kinds of record with a period of their own."""

    RECORDINGS = "recordings"
    CALLS = "calls"
    MESSAGES = "messages"
    EMERGENCIES = "emergencies"
    OTHER_CASES = "other_cases"
    VISITS = "visits"
    PERSONS = "persons"
    REQUESTS = "requests"
    SHARING = "sharing"
    IMPACT_ASSESSMENTS = "impact_assessments"
    INCIDENTS = "incidents"
    TRAIL = "trail"


def load_retention(body: Mapping[str, Any]) -> dict[Kept, int]:
    """Months by kind. Raises ValueError for a kind that is missing, unknown or kept too short."""
    periods = {Kept(name): _months(one) for name, one in body["kinds"].items()}
    missing = sorted(set(Kept) - set(periods))
    if missing:
        raise ValueError(f"give a period to {', '.join(missing)}")
    for kind, (months, least) in periods.items():
        if months < max(least, 1):
            raise ValueError(f"{kind} must be kept {max(least, 1)} months at least")
    return {kind: months for kind, (months, _) in periods.items()}


def _months(body: Mapping[str, Any]) -> tuple[int, int]:
    only(body, ("months", "least"))
    return int(body["months"]), int(body["least"])


def cutoff(months: int, today: date) -> date:
    """Records that ended before this day have been kept long enough."""
    return add_months(today, -months)
