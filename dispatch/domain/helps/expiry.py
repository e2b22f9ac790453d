"""When to say that a certificate, a licence or a contract ends. Pure."""

from __future__ import annotations

from datetime import date, timedelta

OVER = 0
THRESHOLDS = (60, 30, 7)
"""Days before the last day."""
FARTHEST = timedelta(days=THRESHOLDS[0])


def days_left(until: date, today: date) -> int:
    """0 on the last day; below zero afterwards."""
    return (until - today).days


def threshold(until: date, today: date) -> int | None:
    """The nearest threshold that is reached, ``OVER`` after the last day; None: it is not worth a word yet.

    Whoever was away while one passed says the next one only: "in 60 days" is wrong when 25 are left.
    """
    left = days_left(until, today)
    if left < 0:
        return OVER
    return next((days for days in reversed(THRESHOLDS) if left <= days), None)
