"""A helper goes: accepted, under way, there, done. And what is odd about the proof of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.domain.errors import IllegalTransition
from dispatch.domain.helps.geography import Point, metres
from dispatch.domain.helps.rules import Evidence


class AssignmentState(StrEnum):
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class Deed(StrEnum):
    DEPART = "depart"
    ARRIVE = "arrive"
    COMPLETE = "complete"
    NO_SHOW = "no_show"
    CANCEL = "cancel"


LIVE = frozenset({AssignmentState.ACCEPTED, AssignmentState.EN_ROUTE, AssignmentState.ARRIVED})
GOING = LIVE - {AssignmentState.ARRIVED}


def _table() -> dict[tuple[AssignmentState, Deed], AssignmentState]:
    table: dict[tuple[AssignmentState, Deed], AssignmentState] = {}
    for state in LIVE:
        table[state, Deed.ARRIVE] = AssignmentState.ARRIVED
        table[state, Deed.COMPLETE] = AssignmentState.COMPLETED
        table[state, Deed.CANCEL] = AssignmentState.CANCELLED
    for state in GOING:
        table[state, Deed.DEPART] = AssignmentState.EN_ROUTE
        table[state, Deed.NO_SHOW] = AssignmentState.NO_SHOW
    # Said late, from a telephone that had no network: it changes nothing any more.
    table[AssignmentState.ARRIVED, Deed.DEPART] = AssignmentState.ARRIVED
    return table


TRANSITIONS = _table()


def follow(state: AssignmentState, deed: Deed) -> AssignmentState:
    """Raises ``IllegalTransition``."""
    try:
        return TRANSITIONS[state, deed]
    except KeyError:
        raise IllegalTransition(f"what is {state} cannot {deed}", state=state) from None


class Oddity(StrEnum):
    """Seen by whoever checks, never a reason to refuse: out of range is flagged and not blocked."""

    FAR = "far_check_in"
    VAGUE = "vague_position"
    NO_POSITION = "no_position"
    LATE = "late_entry"
    NO_CHECK_IN = "no_check_in"
    SHORT = "short_visit"
    SAME_PHOTO = "same_photo"
    """The very same picture was sent before, of this visit or of another."""
    OVERLAP = "overlap"
    """The helper was at two visits at once."""
    TRAVEL = "impossible_travel"
    EQUAL = "equal_lengths"
    WRONG_CARD = "wrong_card"
    """The code that was typed is not the one of the elder's card."""
    CLOCK = "clock_wrong"
    AFTER_END = "after_end"
    """It reached the centre when the job was not this helper's any more."""


@dataclass(frozen=True)
class Fix:
    """Where a telephone says that it is."""

    point: Point
    accuracy_m: float | None = None


def odd_position(fix: Fix | None, home: Point | None, rules: Evidence) -> tuple[list[Oddity], float | None]:
    """What is odd about a position at a home, and how far away it is."""
    if fix is None:
        return [Oddity.NO_POSITION], None
    if home is None:
        return [], None
    distance = metres(fix.point, home)
    vague = fix.accuracy_m is not None and fix.accuracy_m > rules.accuracy_m
    if vague:
        return [Oddity.VAGUE], distance
    return ([Oddity.FAR] if distance - (fix.accuracy_m or 0) > rules.radius_m else []), distance


def odd_times(device_at: datetime, received_at: datetime, rules: Evidence) -> list[Oddity]:
    return [Oddity.LATE] if received_at - device_at > rules.late else []
