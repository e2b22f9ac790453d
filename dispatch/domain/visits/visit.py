"""The life of a check-in visit, from the day on which it is due to what became of it."""

from __future__ import annotations

from enum import StrEnum

from dispatch.domain.errors import IllegalTransition


class VisitState(StrEnum):
    PLANNED = "planned"
    """It is due, and nobody has a day for it yet."""
    BOOKED = "booked"
    """Somebody goes on a certain day."""
    DONE = "done"
    """The elder was met, or spoken to where that counts."""
    MISSED = "missed"
    """Its period is over."""
    REFUSED = "refused"
    EXCUSED = "excused"
    """It need not be any more; it says why."""


class Trigger(StrEnum):
    BOOK = "book"
    UNBOOK = "unbook"
    RECORD = "record"
    REFUSE = "refuse"
    EXCUSE = "excuse"
    RUN_OUT = "run_out"
    RETURN = "return"
    """What excused it does not hold any more, or a refusal was taken back."""


class Mode(StrEnum):
    HOME = "home"
    PHONE = "phone"
    VIDEO = "video"
    REMOTE = "remote_monitoring"


class Excuse(StrEnum):
    """Why a visit need not be. The last three are given by a person, the others by what the register says."""

    DIED = "died"
    MOVED = "moved"
    LEFT_LIST = "left_list"
    INSTITUTION = "institution"
    HOSPITAL = "hospital"
    AWAY = "away"
    REFUSED = "refused"
    CLASS_CHANGED = "class_changed"
    ROUND_ENDED = "round_ended"
    WEATHER = "weather"
    DUPLICATE = "duplicate"
    OTHER = "other"


BY_PERSON = frozenset({Excuse.HOSPITAL, Excuse.AWAY, Excuse.WEATHER, Excuse.DUPLICATE, Excuse.OTHER})
OPEN = frozenset({VisitState.PLANNED, VisitState.BOOKED})

TRANSITIONS: dict[tuple[VisitState, Trigger], VisitState] = {
    (VisitState.PLANNED, Trigger.BOOK): VisitState.BOOKED,
    (VisitState.BOOKED, Trigger.BOOK): VisitState.BOOKED,
    (VisitState.BOOKED, Trigger.UNBOOK): VisitState.PLANNED,
    **{
        (state, Trigger.RECORD): VisitState.DONE
        for state in (*OPEN, VisitState.MISSED, VisitState.REFUSED, VisitState.EXCUSED)
    },
    **{(state, Trigger.REFUSE): VisitState.REFUSED for state in (*OPEN, VisitState.MISSED)},
    **{(state, Trigger.EXCUSE): VisitState.EXCUSED for state in (*OPEN, VisitState.MISSED)},
    **{(state, Trigger.RUN_OUT): VisitState.MISSED for state in OPEN},
    (VisitState.EXCUSED, Trigger.RETURN): VisitState.PLANNED,
    (VisitState.REFUSED, Trigger.RETURN): VisitState.PLANNED,
}


def follow(state: VisitState, trigger: Trigger) -> VisitState:
    """Raises ``IllegalTransition``."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransition(f"a visit that is {state} cannot {trigger}", state=state) from None
