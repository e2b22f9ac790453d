"""Elders who are rung after a visit: drawn by a lot whose seed is kept, and where the proof is odd."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.followup import drawn
from dispatch.models.visit_records import CheckinCheck
from dispatch.models.visits import CheckinRecord
from dispatch.services.centre import Centre
from dispatch.services.followup.opening import lot_of

DRAWN, FLAGGED, NOT_DRAWN = "drawn", "flagged", "not_drawn"
OPEN, OFF = "open", "off"


def draw(session: Session, centre: Centre, record: CheckinRecord, now: datetime) -> None:
    """Every record has a row, also one about which nobody is rung: so the lot can be drawn again."""
    share = centre.visits.form.sample_share
    lot = lot_of(session, f"{record.started_at.astimezone(centre.zone):%Y-%m}", now)
    why = DRAWN if drawn(lot.seed, record.visit_id, share) else NOT_DRAWN
    session.add(
        CheckinCheck(
            record_id=record.id,
            why=why,
            month=lot.month,
            share=share,
            flags=[],
            state=OPEN if why == DRAWN else OFF,
            opened_at=now,
        )
    )
    session.flush()
    look_at_flags(session, centre, record, now)


def look_at_flags(session: Session, centre: Centre, record: CheckinRecord, now: datetime) -> None:
    """What is odd enough is asked about too; something new asks once more."""
    flags = [flag for flag in record.flags if flag in centre.matching.evidence.checked]
    row = session.scalar(select(CheckinCheck).where(CheckinCheck.record_id == record.id).with_for_update())
    if row is None or not set(flags) - set(row.flags):
        return
    row.flags = flags
    if row.why == NOT_DRAWN:
        row.why = FLAGGED
    if row.state != OPEN:
        row.state, row.opened_at = OPEN, now
        row.version += 1
