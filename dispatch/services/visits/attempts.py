"""What somebody says of one visit: that they met the elder, what they saw, what proves it; or why they did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from dispatch.domain.case import Help
from dispatch.domain.helps.assignments import Fix
from dispatch.domain.helps.geography import Point
from dispatch.domain.visits.form import Grade, Need, Sheet
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import Mode
from dispatch.services.rows import stamp
from dispatch.services.visits.proof import DESK, Proof


@dataclass(frozen=True)
class Attempt:
    """Somebody went there, or rang."""

    met: bool
    mode: Mode
    started_at: datetime
    ended_at: datetime
    worker_id: int | None = None
    why: Why = Why.NO_ANSWER
    """Why the elder was not met, and in words."""
    reason: str | None = None
    note: str | None = None
    client_uuid: str | None = None
    sheet: Sheet | None = None
    """What was seen. None: it is only known that the elder was met."""
    proof: Proof = field(default_factory=Proof)
    channel: str = DESK
    late_reason: str | None = None
    """Why it was not written down in time."""

    def by_clock(self, now: datetime) -> Attempt:
        """A telephone whose clock is ahead has been nowhere in the future."""
        return replace(self, started_at=min(self.started_at, now), ended_at=min(self.ended_at, now))


def as_json(attempt: Attempt) -> dict[str, Any]:
    sheet, fix = attempt.sheet, attempt.proof.fix
    return {
        "met": attempt.met,
        "mode": attempt.mode.value,
        "started_at": stamp(attempt.started_at),
        "ended_at": stamp(attempt.ended_at),
        "worker_id": attempt.worker_id,
        "why": attempt.why.value,
        "reason": attempt.reason,
        "note": attempt.note,
        "sheet": None if sheet is None else {"items": items_json(sheet), **more_json(sheet)},
        "fix": None if fix is None else [fix.point.lat, fix.point.lon, fix.accuracy_m],
        "clock_at": stamp(attempt.proof.clock_at),
        "late_reason": attempt.late_reason,
    }


def items_json(sheet: Sheet) -> dict[str, str]:
    return {code: grade.value for code, grade in sheet.items.items()}


def more_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "economy": sheet.economy,
        "supporter": sheet.supporter,
        "policy": sheet.policy,
        "needs": [{"help": need.help.value, "text": need.text} for need in sheet.needs],
        "urgent": sheet.urgent,
        "next_on": sheet.next_on and sheet.next_on.isoformat(),
    }


def of_json(said: Mapping[str, Any]) -> Attempt:
    """What ``as_json`` wrote down; the code of the card is not among it."""
    fix, sheet, clock_at = said["fix"], said["sheet"], said["clock_at"]
    return Attempt(
        met=said["met"],
        mode=Mode(said["mode"]),
        started_at=datetime.fromisoformat(said["started_at"]),
        ended_at=datetime.fromisoformat(said["ended_at"]),
        worker_id=said["worker_id"],
        why=Why(said["why"]),
        reason=said["reason"],
        note=said["note"],
        sheet=None if sheet is None else _sheet(sheet),
        proof=Proof(
            fix=None if fix is None else Fix(Point(fix[0], fix[1]), fix[2]),
            clock_at=None if clock_at is None else datetime.fromisoformat(clock_at),
        ),
        late_reason=said["late_reason"],
    )


def _sheet(said: Mapping[str, Any]) -> Sheet:
    return Sheet(
        items={code: Grade(grade) for code, grade in said["items"].items()},
        economy=said["economy"],
        supporter=said["supporter"],
        policy=said["policy"],
        needs=tuple(Need(Help(one["help"]), one["text"]) for one in said["needs"]),
        urgent=said["urgent"],
        next_on=said["next_on"] and date.fromisoformat(said["next_on"]),
    )
