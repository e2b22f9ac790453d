"""Who is left out of what is done again: whoever the elder was not satisfied with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.models.followup import FollowUp

LONGEST_CHAIN = 5
"""So many times the same thing may be done again until nobody is left out for its first time."""


def not_again(session: Session, case_id: int) -> dict[int, str]:
    """By helper: what was wrong when they did it."""
    found: dict[int, str] = {}
    again: int | None = case_id
    for _ in range(LONGEST_CHAIN):
        first = session.scalar(select(FollowUp).where(FollowUp.again_case_id == again))
        if first is None:
            break
        if first.worker_id is not None:
            found[first.worker_id] = first.text or ""
        again = first.case_id
    return found
