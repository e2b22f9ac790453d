"""The life of a plan of rounds: asked for, made, looked at, published."""

from __future__ import annotations

from enum import StrEnum

from dispatch.domain.errors import IllegalTransition


class PlanState(StrEnum):
    OPEN = "open"
    """Waits for a worker, or is being made."""
    READY = "ready"
    """A preview: nobody was told, nothing is booked."""
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    FAILED = "failed"


class PlanTrigger(StrEnum):
    MADE = "made"
    FAIL = "fail"
    CANCEL = "cancel"
    PUBLISH = "publish"
    FINISH = "finish"


TRANSITIONS: dict[tuple[PlanState, PlanTrigger], PlanState] = {
    (PlanState.OPEN, PlanTrigger.MADE): PlanState.READY,
    (PlanState.OPEN, PlanTrigger.FAIL): PlanState.FAILED,
    (PlanState.OPEN, PlanTrigger.CANCEL): PlanState.CANCELLED,
    (PlanState.READY, PlanTrigger.CANCEL): PlanState.CANCELLED,
    (PlanState.READY, PlanTrigger.PUBLISH): PlanState.PUBLISHING,
    (PlanState.PUBLISHING, PlanTrigger.FINISH): PlanState.PUBLISHED,
}
AT_WORK = frozenset({PlanState.OPEN, PlanState.PUBLISHING})


def follow(state: PlanState, trigger: PlanTrigger) -> PlanState:
    """Raises ``IllegalTransition``."""
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransition(f"a plan that is {state} cannot {trigger}", state=state) from None
