"""Somebody has promised to be there at a time. Until they say so, the centre is alarmed again and again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class ArrivalState(StrEnum):
    OPEN = "open"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Late:
    """The promise is not kept at a mark: minutes after its time."""

    minutes: int
    mark: int
    next_due_at: datetime | None
    next_mark: int
    skipped: int = 0
    """Marks that passed while no clock ran: one word about all of them."""


@dataclass(frozen=True)
class ResponseRules:
    """``config/response.yaml``."""

    late_minutes: tuple[int, ...]
    """The marks; the first one is 0, the promised time itself."""
    callback_number: str
    """What 120, 119 and 110 can ring back; ``own``: the telephone in the operator's hand; empty: nobody has said."""
    ask_reason: str
    """When closing a case with unanswered mandatory steps asks why: ``always``, ``begun`` or ``never``."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        marks = tuple(int(minutes) for minutes in data["late_minutes"])
        if not marks or list(marks) != sorted(set(marks)) or marks[0] != 0:
            raise ValueError("late_minutes: begin with 0 and let them grow")
        ask = str(data["close_with_open_steps_needs_reason"])
        if ask not in ("always", "begun", "never"):
            raise ValueError("close_with_open_steps_needs_reason: write always, begun or never")
        return cls(marks, str(data.get("callback_number") or ""), ask)


def late(marks: tuple[int, ...], due_at: datetime, mark: int, now: datetime) -> Late | None:
    """The latest mark from the ``mark``-th on that has passed; None: none has."""
    passed = [n for n in range(mark, len(marks)) if due_at + timedelta(minutes=marks[n]) <= now]
    if not passed:
        return None
    last = passed[-1]
    following = due_at + timedelta(minutes=marks[last + 1]) if last + 1 < len(marks) else None
    return Late(marks[last], last, following, last + 1, skipped=len(passed) - 1)
