"""The life of a case: which act leads from which state to which."""

from __future__ import annotations

from enum import StrEnum

from dispatch.domain.errors import IllegalTransition


class Kind(StrEnum):
    EMERGENCY = "emergency"
    SERVICE = "service"
    ENQUIRY = "enquiry"
    COMPLAINT = "complaint"


class Channel(StrEnum):
    DEVICE = "device"
    HOTLINE = "hotline"
    COUNTER = "counter"
    APP = "app"
    VISIT = "visit"
    PROXY = "proxy"
    PAPER = "paper"
    STATION = "station"


class Help(StrEnum):
    """The ten helps (十助) of the city's plan."""

    MEAL = "meal"
    BATH = "bath"
    MEDICAL = "medical"
    CLEAN = "clean"
    EMERGENCY = "emergency"
    MOBILITY = "mobility"
    SHOPPING = "shopping"
    LEISURE = "leisure"
    CHAT = "chat"
    LEARNING = "learning"


class State(StrEnum):
    PLANNED = "planned"
    """A service that lies ahead and that nobody at the desk has to do anything about yet."""
    NEW = "new"
    OWNED = "owned"
    DISPATCHING = "dispatching"
    ASSIGNED = "assigned"
    IN_SERVICE = "in_service"
    PENDING_FOLLOW_UP = "pending_follow_up"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


class Trigger(StrEnum):
    TAKE = "take"
    TAKE_OVER = "take_over"
    RELEASE = "release"
    RETURN = "return"
    HOLD = "hold"
    UNHOLD = "unhold"
    NOTE = "note"
    PRIORITY = "priority"
    MERGE = "merge"
    CLOSE = "close"
    CLOSE_FOLLOW_UP = "close_follow_up"
    FOLLOW_UP = "follow_up"
    REOPEN = "reopen"
    SIGNAL = "signal"
    DISPATCH = "dispatch"
    """Helpers are asked whether they go."""
    ASSIGN = "assign"
    """One of them goes."""
    ARRIVE = "arrive"
    LOSE = "lose"
    """Nobody is asked or on the way any more: the case is back with its owner."""
    COMPLETE = "complete"
    """The helper is done with what was ordered. Never an emergency: a person ends those."""
    SETTLE = "settle"
    """What only a machine complained of has come right before anybody took it. Never an emergency."""
    COME_UP = "come_up"
    """A planned service comes to the desk: it is time, or something went wrong with it."""
    CANCEL = "cancel"
    """A service is not wanted, or not then. Never an emergency."""
    PLAN = "plan"
    """What only a pause or an absence had cancelled is wanted after all."""


class Flag(StrEnum):
    HELD = "held"
    RETURNED = "returned"
    REPEAT = "repeat"
    NEW_SIGNAL = "new_signal"
    UNKNOWN_DEVICE = "unknown_device"
    IN_HOSPITAL = "in_hospital"
    AWAY = "away"
    CANCELLED_BY_ELDER = "cancelled_by_elder"
    RESTORED = "restored"
    ASK_OWNER = "ask_owner"
    COMPLAINT = "complaint"
    LATE_ENTRY = "late_entry"
    SPOOLED = "spooled"
    MISSED_CALL = "missed_call"
    FOLLOW_UP = "follow_up"
    FOLLOW_UP_LATE = "follow_up_late"
    """Nobody has asked yet how it was, and should have by now."""
    UNHAPPY = "unhappy"
    """The elder says that it was not good, and nobody has spoken with them yet."""
    AGAIN = "again"
    """The same as before, which was not good, by somebody else."""
    COMPLAINT_LATE = "complaint_late"
    CALLBACK_DUE = "callback_due"
    CALLBACK_LATE = "callback_late"
    HANDED_OVER = "handed_over"
    """An operator has read it to 120, 119 or 110."""
    CASCADE_EXHAUSTED = "cascade_exhausted"
    ELDER_ANSWERED = "elder_answered"
    """The elder has picked up the cascade's call, and nobody has decided yet what follows from it."""
    LATE_ARRIVAL = "late_arrival"
    OFFERED = "offered"
    """Helpers are asked whether they go."""
    COMING = "coming"
    """A helper has accepted and is not there yet."""
    THERE = "there"
    HELPER_DONE = "helper_done"
    """A helper says that the work is done, and a person has to end the case."""
    NOT_WELL = "not_well"
    """A helper says that the elder was not well when they left."""
    OFFERS_EXHAUSTED = "offers_exhausted"
    STAFF_SAFETY = "staff_safety"
    """A helper needs help."""
    CHANGE_ASKED = "change_asked"
    """The elder has answered a message about this service, and a person has to read it."""


OPEN = frozenset({State.NEW, State.OWNED, State.DISPATCHING, State.ASSIGNED, State.IN_SERVICE, State.PENDING_FOLLOW_UP})
"""States that operators see in the live list."""

ACTIVE = OPEN - {State.PENDING_FOLLOW_UP}
"""States in which a new signal of the same household joins the case instead of opening another."""

IN_HAND = ACTIVE - {State.NEW}
"""States in which a person answers for the case."""

UNFINISHED = OPEN | {State.PLANNED}
"""States in which something is still to happen, whether operators see it already or not."""

ASKABLE = ACTIVE | {State.PLANNED}
"""States in which helpers can be asked to go."""

CLOSED = frozenset(State) - UNFINISHED

SENT = frozenset({State.DISPATCHING, State.ASSIGNED, State.IN_SERVICE})
"""States in which helpers have the next word, until ``cases.expected_at``."""


def _table() -> dict[tuple[State, Trigger], State]:
    table: dict[tuple[State, Trigger], State] = {
        (State.NEW, Trigger.TAKE): State.OWNED,
        (State.PENDING_FOLLOW_UP, Trigger.TAKE): State.PENDING_FOLLOW_UP,
        (State.PENDING_FOLLOW_UP, Trigger.TAKE_OVER): State.PENDING_FOLLOW_UP,
        (State.PENDING_FOLLOW_UP, Trigger.FOLLOW_UP): State.CLOSED,
        (State.PENDING_FOLLOW_UP, Trigger.REOPEN): State.OWNED,
        (State.CLOSED, Trigger.REOPEN): State.OWNED,
        (State.NEW, Trigger.HOLD): State.NEW,
        (State.NEW, Trigger.UNHOLD): State.NEW,
        (State.NEW, Trigger.SIGNAL): State.NEW,
        (State.NEW, Trigger.MERGE): State.MERGED,
        (State.NEW, Trigger.SETTLE): State.CLOSED,
    }
    for state in IN_HAND:
        table[state, Trigger.TAKE_OVER] = state
        table[state, Trigger.RELEASE] = State.NEW
        table[state, Trigger.RETURN] = State.NEW
        table[state, Trigger.HOLD] = state
        table[state, Trigger.UNHOLD] = State.NEW
        table[state, Trigger.SIGNAL] = state
        table[state, Trigger.MERGE] = State.MERGED
        table[state, Trigger.CLOSE] = State.CLOSED
        table[state, Trigger.CLOSE_FOLLOW_UP] = State.PENDING_FOLLOW_UP
    for state in OPEN:
        table[state, Trigger.PRIORITY] = state
    table |= _with_helpers()
    table |= _planned()
    for state in State:  # a note is never refused: what somebody knows must not be lost
        table[state, Trigger.NOTE] = state
    return table


def _with_helpers() -> dict[tuple[State, Trigger], State]:
    """A case that waits in the queue stays there, whoever goes: a person must take it all the same."""
    table: dict[tuple[State, Trigger], State] = {}
    for trigger in (Trigger.DISPATCH, Trigger.ASSIGN, Trigger.ARRIVE, Trigger.LOSE):
        table[State.NEW, trigger] = State.NEW
    for state in IN_HAND:
        table[state, Trigger.LOSE] = State.OWNED
    for state in (State.OWNED, State.DISPATCHING):
        table[state, Trigger.DISPATCH] = State.DISPATCHING
        table[state, Trigger.ASSIGN] = State.ASSIGNED
    for state in (State.OWNED, State.ASSIGNED, State.IN_SERVICE):
        table[state, Trigger.ARRIVE] = State.IN_SERVICE
    for state in (State.NEW, State.ASSIGNED, State.IN_SERVICE):
        table[state, Trigger.COMPLETE] = State.PENDING_FOLLOW_UP
    return table


def _planned() -> dict[tuple[State, Trigger], State]:
    """What is planned stays so while all goes well: helpers are asked, promise, come and are done without the desk."""
    table = {
        (State.PLANNED, trigger): State.PLANNED
        for trigger in (Trigger.DISPATCH, Trigger.ASSIGN, Trigger.ARRIVE, Trigger.LOSE)
    }
    table[State.PLANNED, Trigger.COME_UP] = State.NEW
    table[State.PLANNED, Trigger.TAKE] = State.OWNED
    table[State.PLANNED, Trigger.COMPLETE] = State.PENDING_FOLLOW_UP
    table[State.CANCELLED, Trigger.PLAN] = State.PLANNED
    for state in (State.PLANNED, State.NEW, State.OWNED, State.DISPATCHING, State.ASSIGNED):
        table[state, Trigger.CANCEL] = State.CANCELLED
    return table


TRANSITIONS = _table()


def follow(state: State, trigger: Trigger) -> State:
    """Return the state that ``trigger`` leads to, or raise ``IllegalTransition``."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransition(f"a case that is {state} cannot {trigger}", state=state) from None
