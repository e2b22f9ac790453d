"""Nobody opens: a second try, then the contacts are called, then it is an emergency. When, and what is next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Why(StrEnum):
    """Why the elder was not met."""

    NO_ANSWER = "no_answer"
    """Nobody opened or picked up, and nobody knows why: the only one that may mean that somebody lies on the floor."""
    KNOWN_AWAY = "known_away"
    """A neighbour or the family knows where the elder is."""
    IN_HOSPITAL = "in_hospital"
    NOT_FOUND = "not_found"
    """The address or the number is wrong."""
    OTHER = "other"


class Next(StrEnum):
    """What is done when ``next_due_at`` has come."""

    SECOND_TRY = "second_try"
    """There was none in time: the contacts are called all the same."""
    CONTACTS = "contacts"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class TryRules:
    second_within: timedelta
    contacts_within: timedelta
    """So long the contacts have to say that the elder is well."""


@dataclass(frozen=True)
class Wait:
    until: datetime
    next: Next


def after_try(why: Why, tries: int, at: datetime, rules: TryRules, waiting: Wait | None) -> Wait | None:
    """After the ``tries``-th time that nobody was met, at ``at``. ``waiting``: what was to follow until now.

    Who knows where the elder is ends it. A chain that is further along is not begun anew.
    """
    if why in (Why.KNOWN_AWAY, Why.IN_HOSPITAL):
        return None
    if why is not Why.NO_ANSWER or (waiting is not None and waiting.next is Next.EMERGENCY):
        return waiting
    if tries == 1 or waiting is None:
        return Wait(at + rules.second_within, Next.SECOND_TRY)
    return Wait(at, Next.CONTACTS)


def when_due(next_: Next, now: datetime, rules: TryRules, *, anybody_called: bool) -> Wait | None:
    """What follows what was due: after the contacts were called, and at once where there was nobody to call.

    None: it is an emergency now.
    """
    if next_ is Next.EMERGENCY or not anybody_called:
        return None
    return Wait(now + rules.contacts_within, Next.EMERGENCY)
