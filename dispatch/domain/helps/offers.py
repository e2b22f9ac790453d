"""A question to a helper: will you go? Its states, how long it stands, and what becomes of a round of them. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Links(StrEnum):
    """When a helper gets a link by short message, by which the offer is answered on a page."""

    BY_HAND = "by_hand"
    """When an operator sends one."""
    WITHOUT_PAGE = "without_page"
    """Also with each offer to somebody who has no sign-in for the page."""


class PlanState(StrEnum):
    RUNNING = "running"
    ACCEPTED = "accepted"
    EXHAUSTED = "exhausted"
    """Everybody whom it names was asked, and nobody goes."""
    STOPPED = "stopped"
    """By a person."""
    SETTLED = "settled"
    """The case came to its end, or was put aside, in the meantime."""


class Mode(StrEnum):
    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"
    DIRECT = "direct"


class Decline(StrEnum):
    BUSY = "busy"
    FAR = "far"
    CANNOT = "cannot"
    SICK = "sick"
    OTHER = "other"


class PlanDue(StrEnum):
    """What the deadline of a plan waits for."""

    VOICE = "voice"
    """Who has not answered is telephoned."""
    EXPIRE = "expire"
    """The round is over."""


@dataclass(frozen=True)
class Turn:
    at: datetime
    due: PlanDue


@dataclass(frozen=True)
class Way:
    mode: Mode
    size: int
    """How many are asked at once."""
    seconds: int
    voice_seconds: int | None = None

    def begin(self, now: datetime) -> Turn:
        due = PlanDue.EXPIRE if self.voice_seconds is None else PlanDue.VOICE
        return Turn(now + timedelta(seconds=self.seconds), due)

    def after_voice(self, now: datetime) -> Turn:
        return Turn(now + timedelta(seconds=self.voice_seconds or 0), PlanDue.EXPIRE)


LOWEST, HIGHEST = 100, 999


def code_for(case_id: int, taken: Container[str]) -> str:
    """Three digits by which a reply names an offer, as near to the number of the case as they can be.

    Never one or two, which would read as an answer. Unique among the offers that one telephone has open.
    """
    span = HIGHEST - LOWEST + 1
    first = case_id % 1000
    if first < LOWEST:
        first += LOWEST
    for step in range(span):
        code = str((first - LOWEST + step) % span + LOWEST)
        if code not in taken:
            return code
    raise ValueError("every code is in use on this telephone")
