"""What could not become the record of a visit is kept whole until a person has decided what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict
from dispatch.models.visit_records import CheckinReport
from dispatch.services.rows import stamp
from dispatch.services.visits.visitors import AtVisit

LATE, NOT_YOURS, RECORDED, NOT_DUE, CLOSED = "late", "not_yours", "recorded", "not_due", "closed"
WAITING, COUNTED, SET_ASIDE = "waiting", "counted", "set_aside"


@dataclass(frozen=True)
class Kept:
    why: str
    said: Mapping[str, Any]
    """Of ``attempts.as_json``, or of a refusal."""
    client_uuid: str | None = None
    reason: str | None = None
    """Why it was not written down in time."""


def keep(session: Session, on: AtVisit, kept: Kept) -> CheckinReport:
    """Raises ``Conflict`` where the desk has entered the same afterwards already."""
    if kept.why == LATE and _entered(session, on.visit.id):
        raise Conflict("somebody has entered it already: it waits for a second person")
    row = CheckinReport(
        visit_id=on.visit.id,
        client_uuid=kept.client_uuid,
        why=kept.why,
        state=WAITING,
        said=dict(kept.said),
        reason=kept.reason,
        entered_at=on.act.now,
        entered_by=on.act.actor.key,
        entered_name=on.act.actor.name,
        worker_id=None if on.visitor is None else on.visitor.id,
    )
    session.add(row)
    session.flush()
    return row


def _entered(session: Session, visit_id: int) -> bool:
    mine = (CheckinReport.visit_id == visit_id, CheckinReport.state == WAITING, CheckinReport.why == LATE)
    return session.scalar(select(CheckinReport.id).where(*mine)) is not None


def report_json(row: CheckinReport) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "why": row.why,
        "state": row.state,
        "said": row.said,
        "reason": row.reason,
        "entered_at": stamp(row.entered_at),
        "entered_by": row.entered_name,
        "decided_at": stamp(row.decided_at),
        "decided_by": row.decided_by,
        "decided_reason": row.decided_reason,
    }
