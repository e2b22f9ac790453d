"""One transaction, begun again when somebody else was first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.services.centre import Centre

T = TypeVar("T")
TRIES = 6
LONG, BREATH = 0.1, 0.15
"""Seconds. Who waits for SQLite's one writer looks again every 100 ms, and may never find it free between two portions:
an alarm waited for ten seconds behind the visits of 20,000 elders.
"""


def transact(centre: Centre, work: Callable[[Session], T]) -> T:
    """Run ``work`` in a transaction of its own and return its answer after the commit.

    A violated unique index means that another transaction did the same thing at the same moment: start over, look again
    and find what it did. ``work`` must therefore change nothing outside of its session.
    """
    for left in range(TRIES, 0, -1):
        try:
            with centre.database.sessions.begin() as session:
                return work(session)
        except IntegrityError:
            if left == 1:
                raise
    raise AssertionError("unreachable")


def portions(centre: Centre, work: Callable[[Session], T]) -> Iterator[T]:
    """``work`` again and again, each time in a transaction of its own, until it answers that there is no more."""
    while True:
        began = monotonic()
        answer = transact(centre, work)
        if not answer:
            return
        yield answer
        if not centre.database.is_postgresql and monotonic() - began > LONG:
            sleep(BREATH)
