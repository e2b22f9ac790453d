"""The chains of hashes over what is only ever added to: the timelines of the cases, and the audit trail.

Triggers forbid to change or delete such a row. Whoever owns the database can drop a trigger; then the chain shows it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from dispatch.models.cases import CaseEvent, EventSeal
from dispatch.models.database import SEAL_LOCK
from dispatch.models.trail import TrailEntry, TrailSeal
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

BATCH = 2000
LOOK_BACK = 20_000
"""Rows below the newest sealed one that are looked at again: a slow transaction commits lower ids late."""
SLOWEST = timedelta(minutes=5)
"""No transaction lives so long. A row that comes up this much after a higher one was sealed was slipped in."""


@dataclass(frozen=True)
class Chain:
    """``rows`` by ascending id, and in ``seals`` one link for each, in the order of sealing."""

    name: str
    rows: Any
    seals: Any
    of: str
    """Which column of the seal names the row."""
    row: str
    """What one is called."""
    body: Callable[[Any], list[Any]]
    """What of a row is sealed."""

    @property
    def row_id(self) -> Any:
        """The column."""
        return getattr(self.seals, self.of)


def _event(event: CaseEvent) -> list[Any]:
    return [
        event.id,
        event.case_id,
        stamp(event.at),
        event.kind,
        event.actor_kind,
        event.actor_id,
        event.actor_name,
        event.channel,
        event.text,
        event.data,
    ]


def _entry(entry: TrailEntry) -> list[Any]:
    return [
        entry.id,
        entry.at.isoformat(timespec="microseconds"),
        entry.actor_kind,
        entry.actor_id,
        entry.actor_name,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.reason,
        entry.data,
    ]


TIMELINE = Chain("timeline", CaseEvent, EventSeal, "event_id", "event", _event)
TRAIL = Chain("trail", TrailEntry, TrailSeal, "entry_id", "entry", _entry)
CHAINS = (TIMELINE, TRAIL)


@dataclass(frozen=True)
class Verdict:
    held: int
    """Links that hold, from the beginning."""
    head: str
    """The last link that holds: a note of it, kept elsewhere, later proves that nothing was cut off the end."""
    broken_at: int | None = None
    """Id of the first row that is not what was sealed."""
    why: str | None = None
    """``gone``, ``changed`` (it, its seal, or what was sealed before it), or ``slipped_in``."""
    waiting: int = 0
    """Rows that are not sealed yet."""


def seal(centre: Centre, chain: Chain, now: datetime) -> int:
    """Chain the rows that are not in the chain yet; returns how many.

    Each link is the SHA-256 of the link before and the row; so a row that is changed, removed or slipped in later
    breaks the chain from there on.
    """
    unsealed = _unsealed(chain)
    with centre.database.reads() as session:
        if session.scalar(unsealed.with_only_columns(chain.rows.id).limit(1)) is None:
            return 0
    with centre.database.sessions.begin() as session:
        if centre.database.is_postgresql:
            # Two clocks may both believe to be the active one for a moment: the chain must not fork.
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEAL_LOCK})
        newest = session.scalar(select(func.max(chain.row_id))) or 0
        last = session.scalar(select(chain.seals.digest).order_by(chain.seals.id.desc()).limit(1)) or ""
        done = 0
        for row in session.scalars(unsealed).all():
            if row.id < newest and _too_late(session, chain, row.id, now):
                continue
            last = link(last, chain.body(row))
            session.add(chain.seals(**{chain.of: row.id}, digest=last, sealed_at=now))
            done += 1
        return done


def _unsealed(chain: Chain) -> Any:
    newest = select(func.coalesce(func.max(chain.row_id), 0)).scalar_subquery()
    return (
        select(chain.rows)
        .outerjoin(chain.seals, chain.row_id == chain.rows.id)
        .where(chain.seals.id.is_(None), chain.rows.id > newest - LOOK_BACK)
        .order_by(chain.rows.id)
        .limit(BATCH)
    )


def _too_late(session: Session, chain: Chain, row_id: int, now: datetime) -> bool:
    sealed = session.scalar(select(func.min(chain.seals.sealed_at)).where(chain.row_id > row_id))
    return sealed is not None and now - sealed > SLOWEST


def link(previous: str, body: list[Any]) -> str:
    written = json.dumps([previous, *body], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def verify(centre: Centre, chain: Chain, now: datetime) -> Verdict:
    """Walk the whole chain, and look for rows beside it."""
    last, held = "", 0
    with centre.database.reads() as session:
        statement = (
            select(chain.seals, chain.rows)
            .outerjoin(chain.rows, chain.rows.id == chain.row_id)
            .order_by(chain.seals.id)
            .execution_options(yield_per=1000)
        )
        with session.execute(statement) as found:
            for sealed, row in found:
                row_id = getattr(sealed, chain.of)
                if row is None:
                    return Verdict(held, last, row_id, "gone")
                if (following := link(last, chain.body(row))) != sealed.digest:
                    return Verdict(held, last, row_id, "changed")
                last, held = following, held + 1
        beside = _beside(session, chain, now)
        waiting = session.scalar(select(func.count()).select_from(_unsealed(chain).subquery())) or 0
    return Verdict(held, last, beside, "slipped_in" if beside is not None else None, waiting)


def _beside(session: Session, chain: Chain, now: datetime) -> int | None:
    """The first row without a seal, below rows that were sealed long ago."""
    old = select(func.max(chain.row_id)).where(chain.seals.sealed_at < now - SLOWEST).scalar_subquery()
    found: int | None = session.scalar(
        select(chain.rows.id)
        .outerjoin(chain.seals, chain.row_id == chain.rows.id)
        .where(chain.seals.id.is_(None), chain.rows.id < old)
        .order_by(chain.rows.id)
        .limit(1)
    )
    return found


def had(centre: Centre, chain: Chain, links: int, digest: str) -> bool:
    """Whether the first ``links`` links of the chain end with ``digest``."""
    with centre.database.reads() as session:
        statement = select(chain.seals.digest).order_by(chain.seals.id).offset(max(links - 1, 0)).limit(1)
        return links == 0 or session.scalar(statement) == digest
