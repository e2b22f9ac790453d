"""The live stream: every change of a case, numbered without gaps, read back as the row is now.

The number is given after the commit by whichever process holds the live lock, to all waiting changes at once; so a
reader never sees a gap that fills later, and no process is needed for it but one web process and the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor, Sight
from dispatch.domain.case import OPEN, State
from dispatch.domain.errors import TooOld
from dispatch.models.cases import Case
from dispatch.models.database import LIVE_LOCK
from dispatch.models.engine import LiveOp
from dispatch.services.centre import Centre
from dispatch.services.rows import Row, row_of, row_statement, stamp, visible

KEEP = 20_000
"""Numbers that ``since`` can reach back; the contract promises 10,000."""
BATCH = 500


LOCK = text("SELECT pg_advisory_xact_lock(:key)")
"""Waits for another process that is numbering: passing by would leave its numbers unread here until the next change."""
OPS: Table = LiveOp.__table__  # type: ignore[assignment]
LAST = select(func.coalesce(func.max(OPS.c.seq), 0))
NUMBER = (
    update(OPS)
    .where(OPS.c.id.in_(select(OPS.c.id).where(OPS.c.seq.is_(None)).order_by(OPS.c.id).limit(BATCH)))
    .values(seq=LAST.scalar_subquery() + 1)
)


@dataclass(frozen=True)
class Op:
    seq: int
    path: str | None
    """Path of the case's area, if it has one."""
    row: Row
    placed: bool = False
    """It was nowhere until now: whoever sees what is nowhere, and not this area, sees it no longer."""

    def as_json(self) -> dict[str, Any]:
        return {"op": "put" if State(self.row["state"]) in OPEN else "del", "row": self.row}

    def as_gone(self) -> dict[str, Any]:
        return {"op": "del", "row": {"id": self.row["id"], "version": self.row["version"], "elsewhere": True}}


def sequence(centre: Centre) -> bool:
    """Number the waiting changes. True: there may be more of them."""
    with centre.database.sessions.begin() as session:
        if centre.database.is_postgresql:
            session.execute(LOCK, {"key": LIVE_LOCK})
        numbered = session.connection().execute(NUMBER)
    return numbered.rowcount == BATCH


def anything_waiting(centre: Centre) -> bool:
    with centre.database.reads() as session:
        return session.scalar(select(LiveOp.id).where(LiveOp.seq.is_(None)).limit(1)) is not None


def last_seq(session: Session) -> int:
    return int(session.connection().execute(LAST).scalar_one())


def ops_after(session: Session, centre: Centre, seq: int, now: datetime) -> tuple[int, list[Op]]:
    """The newest number and, by number, each case that changed after ``seq``, once and as it is now."""
    latest = last_seq(session)
    placed = func.max(sql_case((LiveOp.placed, 1), else_=0)).label("placed")
    newest = select(LiveOp.case_id, func.max(LiveOp.seq).label("seq"), placed).where(LiveOp.seq > seq)
    changed = {row.case_id: row for row in session.execute(newest.group_by(LiveOp.case_id))}
    rows: list[Op] = []
    ids = list(changed)
    for start in range(0, len(ids), BATCH):
        found = session.execute(row_statement().where(Case.id.in_(ids[start : start + BATCH])))
        rows += [
            Op(changed[f.id].seq or 0, f.area_path, row_of(f, centre, now), bool(changed[f.id].placed)) for f in found
        ]
    return latest, sorted(rows, key=lambda op: (op.seq, op.row["id"]))


def seen_by(ops: Iterable[Op], sight: Sight) -> list[dict[str, Any]]:
    return [
        op.as_json() if sight.covers(op.path) else op.as_gone()
        for op in ops
        if sight.covers(op.path) or (op.placed and sight.unplaced)
    ]


def snapshot(centre: Centre, actor: Actor, now: datetime) -> dict[str, Any]:
    """All open cases, and the number of the stream for which that is true."""
    with centre.database.reads() as session:
        seq = last_seq(session)
        statement = visible(row_statement().where(Case.state.in_(OPEN)), actor).order_by(Case.id)
        rows = [row_of(found, centre, now) for found in session.execute(statement)]
    return {"seq": seq, "server_time": stamp(now), "cases": rows}


def since(centre: Centre, actor: Actor, seq: int, now: datetime) -> dict[str, Any]:
    """What changed after ``seq``. Raises ``TooOld`` when the stream was pruned past it or never reached it."""
    with centre.database.reads() as session:
        oldest = session.scalar(select(func.min(LiveOp.seq)))
        if seq > last_seq(session) or (oldest is not None and seq < oldest - 1):
            raise TooOld("the stream does not reach this number: take GET /live/snapshot")
        latest, ops = ops_after(session, centre, seq, now)
    return {"seq": latest, "server_time": stamp(now), "ops": seen_by(ops, actor.sight)}


def prune(centre: Centre, now: datetime) -> int:
    """Forget numbers older than the last ``KEEP``; the newest number always stays."""
    with centre.database.sessions.begin() as session:
        gone = session.execute(
            delete(LiveOp).where(LiveOp.seq < last_seq(session) - KEEP),
            execution_options={"synchronize_session": False},
        )
    return int(gone.rowcount)  # type: ignore[attr-defined]
