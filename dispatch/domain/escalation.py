"""Who must act by when, and what happens if nobody does. Pure: ``now`` is an argument.

A case carries a copy of its policy from the moment it opened, so an edit of the policy never disturbs a running case.
The clock asks ``escalate`` what has come due and applies the answer; it decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self


class Due(StrEnum):
    """What the column ``next_due_at`` waits for."""

    ESCALATE = "escalate"
    ASK_OWNER = "ask_owner"
    RETURN = "return"
    UNHOLD = "unhold"
    FOLLOW_UP = "follow_up"
    COME_UP = "come_up"
    """A planned service is looked at: somebody is asked, or it comes to the desk."""


class Do(StrEnum):
    ALERT_OPERATORS = "alert_operators"
    ALERT_SUPERVISOR = "alert_supervisor"
    PAGE_DUTY = "page_duty"


@dataclass(frozen=True)
class Step:
    after: int
    """Seconds since the wait began."""
    do: Do
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    answer_within: int
    """Seconds in which a person should take the case (the SLA clock on the screen)."""
    steps: tuple[Step, ...]
    repeat_every: int | None
    """Seconds between repeats of the last step once all steps have fired; None: no repeats."""
    ask_owner_after: int
    """Seconds without an act before the owner is asked."""
    return_after: int
    """Seconds after asking before the case goes back to the queue."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Read the form that ``config/escalation.yaml`` and ``cases.policy`` share; raises KeyError or ValueError."""
        steps = tuple(Step(int(s["after"]), Do(s["do"]), tuple(s.get("channels", ()))) for s in data["steps"])
        if list(steps) != sorted(steps, key=lambda s: s.after):
            raise ValueError("steps must be ordered by 'after'")
        repeat = data.get("repeat_every")
        return cls(
            answer_within=int(data["answer_within"]),
            steps=steps,
            repeat_every=None if repeat is None else int(repeat),
            ask_owner_after=int(data["ask_owner_after"]),
            return_after=int(data["return_after"]),
        )

    def dump(self) -> dict[str, Any]:
        return {
            "answer_within": self.answer_within,
            "steps": [{"after": s.after, "do": s.do.value, "channels": list(s.channels)} for s in self.steps],
            "repeat_every": self.repeat_every,
            "ask_owner_after": self.ask_owner_after,
            "return_after": self.return_after,
        }


@dataclass(frozen=True)
class Deadline:
    at: datetime
    due: Due


@dataclass(frozen=True)
class Fired:
    number: int
    """Ordinal of the step within this wait, from 0; with the wait's round it names the firing for ever."""
    step: Step
    due_at: datetime
    skipped: int = 0
    """Repeats that came due while no clock ran and are folded into this one: a backlog is not fired in a burst."""


def step_at(policy: Policy, number: int) -> Step | None:
    """The ``number``-th step: the listed ones, then the last one repeated for ever."""
    if number < len(policy.steps):
        return policy.steps[number]
    if policy.repeat_every is None or not policy.steps:
        return None
    last = policy.steps[-1]
    extra = number - len(policy.steps) + 1
    return Step(last.after + extra * policy.repeat_every, last.do, last.channels)


def waiting(policy: Policy, since: datetime, number: int = 0) -> Deadline | None:
    """The next escalation of a case that nobody has taken since ``since``."""
    step = step_at(policy, number)
    return None if step is None else Deadline(since + timedelta(seconds=step.after), Due.ESCALATE)


def in_hand(policy: Policy, last_act: datetime) -> Deadline:
    """When a person who took the case and does nothing is asked."""
    return Deadline(last_act + timedelta(seconds=policy.ask_owner_after), Due.ASK_OWNER)


def asked(policy: Policy, now: datetime) -> Deadline:
    """When the case goes back to the queue if its owner does not answer the question."""
    return Deadline(now + timedelta(seconds=policy.return_after), Due.RETURN)


def escalate(policy: Policy, since: datetime, number: int, now: datetime) -> tuple[list[Fired], int]:
    """All steps from ``number`` on that are due at ``now``, and the number of the step after them.

    After a time without any clock each listed step still fires once; of the repeats only the latest one does.
    """
    fired: list[Fired] = []
    while (step := step_at(policy, number)) is not None:
        due_at = since + timedelta(seconds=step.after)
        if due_at > now:
            break
        item = Fired(number, step, due_at)
        if number > len(policy.steps) and fired and fired[-1].number >= len(policy.steps):
            item = Fired(number, step, due_at, skipped=fired.pop().skipped + 1)
        fired.append(item)
        number += 1
    return fired, number
