"""Write down what people did and saw, so that they can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.trail import TrailEntry


@dataclass(frozen=True)
class Subject:
    kind: str
    """``elder``, ``user``, ``device``, ``import``, ..."""
    id: str | int


@dataclass(frozen=True)
class Deed:
    action: str
    subject: Subject
    reason: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    """Ids and codes alone."""


def write(session: Session, actor: Actor, deed: Deed, now: datetime) -> None:
    """Add ``deed`` in the caller's transaction: what was done and that it was done are stored together or not."""
    session.add(
        TrailEntry(
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            action=deed.action,
            subject_kind=deed.subject.kind,
            subject_id=str(deed.subject.id),
            reason=deed.reason,
            data=deed.data,
        )
    )
