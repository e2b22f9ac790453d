"""What every change of the register has in common: the version that was seen, what is written down, and the history.

The trail says who changed which field when. Old and new values stand beside it only where they name, place or diagnose
nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import VersionConflict
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.trail import TrailEntry
from dispatch.services import trail
from dispatch.services.care.reach import elder_within
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

TELLING = frozenset(
    {"sex", "languages", "dialect", "hearing", "relation", "minutes_away", "has_key", "position", "kind", "source"}
    | {"area_id", "household_id", "absence_kind", "absence_until", "confirmed_at"}
)
"""Fields whose old and new value the trail may hold."""
SEEN = ("reveal", "record_exported", "shared", "emergency_use")
"""Deeds that changed nothing: they stand under GET /elders/{id}/accesses."""


def check_version(session: Session, act: Act, row: Any, kind: str) -> None:
    """``row`` has an id and a version. Raises ``VersionConflict`` with who was quicker. The row is locked."""
    if act.version is None or act.version == row.version:
        return
    last = session.scalar(_of(kind, row.id).order_by(TrailEntry.id.desc()).limit(1))
    raise VersionConflict(
        "somebody has changed this in the meantime: look at it again",
        version=row.version,
        changed_by=last and last.actor_name,
        changed_at=last and stamp(last.at),
    )


def apply(row: Any, wanted: Mapping[str, Any], telling: Collection[str] = TELLING) -> dict[str, Any]:
    """Set what differs; answers what the trail may know of it, by field."""
    told: dict[str, Any] = {}
    for field, value in wanted.items():
        old = getattr(row, field)
        if old == value:
            continue
        setattr(row, field, value)
        told[field] = {"from": _plain(old), "to": _plain(value)} if field in telling else {}
    return told


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def touch(session: Session, act: Act, elder: Elder, deed: Deed) -> None:
    elder.version += 1
    elder.updated_at = act.now
    trail.write(session, act.actor, deed, act.now)


def touch_home(session: Session, act: Act, home: Household, deed: Deed) -> None:
    home.version += 1
    home.updated_at = act.now
    trail.write(session, act.actor, deed, act.now)


def of_elder(elder: Elder, action: str, told: Mapping[str, Any], reason: str | None = None) -> Deed:
    return Deed(action, Subject("elder", elder.id), reason, {"fields": dict(told)})


def of_home(home: Household, action: str, told: Mapping[str, Any]) -> Deed:
    return Deed(action, Subject("household", home.id), data={"fields": dict(told)})


def history(centre: Centre, elder_id: int, actor: Actor, page: PageOf) -> dict[str, Any]:
    """Who changed what of this elder and of the home, newest first."""
    with centre.database.reads() as session:
        elder = elder_within(session, elder_id, actor)
        statement = select(TrailEntry).where(
            or_(_about("elder", elder.id), _about("household", elder.household_id)), TrailEntry.action.not_in(SEEN)
        )
        if page.before is not None:
            statement = statement.where(TrailEntry.id < page.before)
        found = session.scalars(statement.order_by(TrailEntry.id.desc()).limit(page.limit + 1)).all()
    items = [
        {
            "id": str(entry.id),
            "at": stamp(entry.at),
            "actor": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
            "action": entry.action,
            "subject": entry.subject_kind,
            "reason": entry.reason,
            "data": entry.data,
        }
        for entry in found[: page.limit]
    ]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def _about(kind: str, row_id: int) -> Any:
    return and_(TrailEntry.subject_kind == kind, TrailEntry.subject_id == str(row_id))


def _of(kind: str, row_id: int) -> Any:
    return select(TrailEntry).where(_about(kind, row_id))
