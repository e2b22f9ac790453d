"""The numbers of closed months under a name, for the mid-term and the final evaluation. They never change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.visits.closing import SnapshotPurpose, digest
from dispatch.models.visit_months import CheckinCorrection, CheckinSnapshot
from dispatch.models.visits import CheckinMonth
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits.generating import month_asked
from dispatch.services.work import Act

Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    name: str
    purpose: SnapshotPurpose
    first: str
    last: str
    """Months."""


def make(centre: Centre, act: Act, wanted: Wanted) -> Answer:
    """Of each month from the first to the last that was generated. Raises ``Conflict`` while one of them is open."""
    first, last = month_asked(wanted.first), month_asked(wanted.last)
    if first.first > last.first:
        raise Invalid("last", "range", "the last month comes after the first")

    def work(session: Session) -> Answer:
        months = session.scalars(
            select(CheckinMonth).where(CheckinMonth.month.between(first.name, last.name)).order_by(CheckinMonth.month)
        ).all()
        if not months:
            raise Conflict(f"nothing was generated from {first.name} to {last.name}")
        if open_ := [month.month for month in months if month.closed_at is None]:
            raise Conflict(f"close {', '.join(open_)} first", months=open_, why="visits-snapshot-open")
        if session.scalar(select(CheckinSnapshot.id).where(CheckinSnapshot.name == wanted.name)) is not None:
            raise Conflict("there is a snapshot of this name: a snapshot never changes", why="visits-snapshot-name")
        content = {"months": [_month(session, month) for month in months]}
        row = CheckinSnapshot(
            name=wanted.name,
            purpose=wanted.purpose.value,
            first=first.name,
            last=last.name,
            content=content,
            digest=digest([content]),
            made_at=act.now,
            made_by=act.actor.name,
        )
        session.add(row)
        session.flush()
        deed = Deed("visits_snapshot", Subject("visits_snapshot", row.id), data={"digest": row.digest})
        trail.write(session, act.actor, deed, act.now)
        return snapshot_json(row)

    return once(centre, act, "visits:snapshot", work)


def _month(session: Session, kept: CheckinMonth) -> Row:
    kinds = session.scalars(select(CheckinCorrection.kind).where(CheckinCorrection.month == kept.month))
    return {
        "month": kept.month,
        "closed_at": stamp(kept.closed_at),
        "closed_by": kept.closed_by,
        "digest": kept.digest,
        "rules": kept.rules,
        **kept.totals,
        "corrections": dict(sorted(Counter(kinds).items())),
    }


def listed(centre: Centre, page: PageOf) -> Row:
    """The newest first, without their numbers."""
    statement = select(CheckinSnapshot).order_by(CheckinSnapshot.id.desc()).limit(page.limit + 1)
    if page.before is not None:
        statement = statement.where(CheckinSnapshot.id < page.before)
    with centre.database.reads() as session:
        found = session.scalars(statement).all()
    items = [snapshot_json(row) for row in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def one(centre: Centre, snapshot_id: int) -> Row:
    """With its numbers, and whether they are those that its digest is of. Raises ``NotFound``."""
    with centre.database.reads() as session:
        row = session.get(CheckinSnapshot, snapshot_id)
    if row is None:
        raise NotFound(f"there is no snapshot {snapshot_id}")
    return snapshot_json(row) | {"content": row.content, "intact": digest([row.content]) == row.digest}


def snapshot_json(row: CheckinSnapshot) -> Row:
    return {
        "id": str(row.id),
        "name": row.name,
        "purpose": row.purpose,
        "first": row.first,
        "last": row.last,
        "digest": row.digest,
        "made_at": stamp(row.made_at),
        "made_by": row.made_by,
    }
