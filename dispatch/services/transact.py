"""One transaction, begun again when somebody else was first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.services.centre import Centre

T = TypeVar("T")
TRIES = 6


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
