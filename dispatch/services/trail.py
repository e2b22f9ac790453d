"""Write down what people did and saw, so that they can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.models.trail import TrailEntry
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp


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


def note(centre: Centre, actor: Actor, deed: Deed, now: datetime) -> None:
    """Add ``deed`` by itself: a refusal changes nothing else."""
    with centre.database.sessions.begin() as session:
        write(session, actor, deed, now)


@dataclass(frozen=True)
class TrailFilter:
    action: str | None = None
    actor_kind: str | None = None
    actor_id: str | None = None
    subject_kind: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(centre: Centre, wanted: TrailFilter, limit: int, before: int | None) -> dict[str, Any]:
    """Newest first."""
    statement = select(TrailEntry).order_by(TrailEntry.id.desc()).limit(limit + 1)
    exact = {
        TrailEntry.action: wanted.action,
        TrailEntry.actor_kind: wanted.actor_kind,
        TrailEntry.actor_id: wanted.actor_id,
        TrailEntry.subject_kind: wanted.subject_kind,
        TrailEntry.subject_id: wanted.subject_id,
    }
    for column, value in exact.items():
        if value is not None:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(TrailEntry.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(TrailEntry.at < wanted.until)
    if before is not None:
        statement = statement.where(TrailEntry.id < before)
    with centre.database.reads() as session:
        found = session.scalars(statement).all()
    items = [_entry_json(entry) for entry in found[:limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None}


def _entry_json(entry: TrailEntry) -> dict[str, Any]:
    return {
        "id": str(entry.id),
        "at": stamp(entry.at),
        "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
        "action": entry.action,
        "subject": {"kind": entry.subject_kind, "id": entry.subject_id},
        "reason": entry.reason,
        "data": entry.data,
    }
