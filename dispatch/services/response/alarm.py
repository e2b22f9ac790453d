"""What makes a case loud again that somebody thought was in good hands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dispatch.domain.case import IN_HAND, Flag, Kind, State
from dispatch.domain.escalation import Deadline, Due, Policy
from dispatch.models.cases import Case
from dispatch.services.lifecycle import change_priority, put, set_deadline
from dispatch.services.opening import bring_up, unhold


def alarm(case: Case, flag: Flag, policies: Mapping[int, Policy], now: datetime) -> dict[str, int]:
    """Mark ``case``; its owner is asked at once and relieved if silent, a held one returns to the queue, a planned one
    comes into it, and one that nobody has becomes urgent; a service at most P2. Returns what the timeline says of it;
    the caller records.
    """
    put(case, flag)
    before = case.priority
    if case.held_until is not None:
        unhold(case, now)
    elif case.state == State.PLANNED:
        bring_up(case, now)
    elif State(case.state) in IN_HAND:
        ask_owner(case, now)
    elif case.state == State.NEW and case.priority > (top := 2 if case.kind == Kind.SERVICE else 1):
        change_priority(case, top, policies, now)
    return {"from": before, "to": case.priority} if case.priority != before else {}


def ask_owner(case: Case, now: datetime) -> None:
    """At once, of a case that somebody has; who stays silent is relieved of it."""
    if State(case.state) in IN_HAND and (case.next_due_at is None or case.next_due_at > now):
        set_deadline(case, Deadline(now, Due.ASK_OWNER))
