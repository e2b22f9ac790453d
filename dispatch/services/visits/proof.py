"""What proves a check-in visit, and what is odd about it: as of every helper's visit, flagged and never refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.helps.assignments import Fix, Oddity, odd_position
from dispatch.domain.helps.evidence import Seen, clock_wrong, equally_long, overlap, too_fast
from dispatch.domain.helps.geography import Point
from dispatch.domain.visits.visit import Mode
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.visit_records import CheckinPicture
from dispatch.models.visits import CheckinRecord
from dispatch.services.centre import Centre
from dispatch.services.helps.evidence import Own, card_of, seen_elsewhere, stays_elsewhere

APP, DESK, LATE_ENTRY = "app", "desk", "late_entry"
"""How a record came."""


@dataclass(frozen=True)
class Proof:
    fix: Fix | None = None
    """Where the telephone was when the visit began."""
    clock_at: datetime | None = None
    """What its clock said at the end; the times of the visit are put right."""
    code: str | None = None
    """As it stands on the elder's card."""


def examine(session: Session, centre: Centre, record: CheckinRecord, proof: Proof, minutes: int | None) -> None:
    """Writes what proves it, and what is odd, onto the record. ``minutes``: for how long it was planned."""
    odd: list[str] = list(record.flags)
    record.card = card_of(session, record.elder_id, proof.code)
    record.clock_at = proof.clock_at
    if proof.fix is not None:
        record.lat, record.lon, record.accuracy_m = proof.fix.point.lat, proof.fix.point.lon, proof.fix.accuracy_m
    if record.mode == Mode.HOME and record.channel == APP:
        where, record.distance_m = odd_position(proof.fix, _home(session, record.elder_id), centre.matching.evidence)
        odd += [one for one in where if record.card != "right" or one is Oddity.FAR]
    if record.card == "wrong":
        odd.append(Oddity.WRONG_CARD)
    if clock_wrong(proof.clock_at, record.ended_at, centre.matching.evidence):
        odd.append(Oddity.CLOCK)
    if record.late:
        odd.append(Oddity.LATE)
    if record.mode == Mode.HOME and record.worker_id is not None:
        odd += _beside_others(session, centre, record, record.worker_id)
        if minutes is not None and record.ended_at - record.started_at < timedelta(minutes=minutes) / 2:
            odd.append(Oddity.SHORT)
    pictures = select(CheckinPicture.flags).where(CheckinPicture.visit_id == record.visit_id)
    odd += [flag for flags in session.scalars(pictures) for flag in flags]
    record.flags = list(dict.fromkeys(str(one) for one in odd))


def _home(session: Session, elder_id: int) -> Point | None:
    place = select(Household.lat, Household.lon).join(Elder, Elder.household_id == Household.id)
    lat, lon = session.execute(place.where(Elder.id == elder_id)).one()
    return None if lat is None or lon is None else Point(lat, lon)


def _beside_others(session: Session, centre: Centre, record: CheckinRecord, worker_id: int) -> list[Oddity]:
    rules, own = centre.matching.evidence, Own(checkin_id=record.visit_id)
    odd: list[Oddity] = []
    if record.lat is not None and record.lon is not None:
        here = Seen(Point(record.lat, record.lon), record.started_at, record.accuracy_m or 0)
        others = seen_elsewhere(session, worker_id, record.started_at, own)
        if any(too_fast(here, other, rules) for other in others):
            odd.append(Oddity.TRAVEL)
    stay = (record.started_at, record.ended_at)
    if any(overlap(stay, other) for other in stays_elsewhere(session, worker_id, stay, own)):
        odd.append(Oddity.OVERLAP)
    if record.channel == APP and equally_long(_lengths(session, centre, record, worker_id), rules):
        odd.append(Oddity.EQUAL)
    return odd


def _lengths(session: Session, centre: Centre, record: CheckinRecord, worker_id: int) -> list[timedelta]:
    """Of the newest visits, this one first. What was entered afterwards is a guess, and proves nothing."""
    before = (
        select(CheckinRecord.started_at, CheckinRecord.ended_at)
        .where(CheckinRecord.worker_id == worker_id, CheckinRecord.visit_id != record.visit_id)
        .where(CheckinRecord.mode == Mode.HOME, CheckinRecord.channel == APP)
        .where(CheckinRecord.started_at < record.started_at)
        .order_by(CheckinRecord.started_at.desc())
        .limit(centre.matching.evidence.equal_visits - 1)
    )
    return [record.ended_at - record.started_at, *(ended - began for began, ended in session.execute(before))]
