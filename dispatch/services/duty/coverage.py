"""Is somebody on duty everywhere? A gap is an alarm for those who can mend it, and is seen a day before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.roster import OnDuty, gaps
from dispatch.models.duty import DutyGap, Shift
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import DutyPhone
from dispatch.models.places import Area, ids_in
from dispatch.services.centre import Centre
from dispatch.services.duty.on_duty import chain_of, current, phones_on_duty, reach
from dispatch.services.duty.rounds import begin, is_due
from dispatch.services.response.words import body
from dispatch.services.transact import transact

log = structlog.get_logger()
ROUND = "duty"
PAGE = "page"
"""The role of a gap that only showed when somebody had to be paged and nobody was on duty."""
PAGE_UNPLACED = "page_unplaced"
"""The same for a case without a place: anybody on duty anywhere would have done, and nobody was."""


@dataclass(frozen=True)
class Need:
    """An area in which somebody of this role must be on duty."""

    area: Area
    role: str


def tick(centre: Centre, now: datetime) -> int:
    """Every ten minutes: open, page and end gaps. Returns how many are open; 0 also when it was not time yet."""
    if not is_due(centre, ROUND, now):
        return 0

    def round_(session: Session) -> int:
        if not begin(session, ROUND, centre.duty.check_every, now):
            return 0
        standing = check(session, centre, now)
        for gap in standing:
            if gap.next_page_at is None or gap.next_page_at <= now:
                _page(session, centre, gap, now)
        return len(standing)

    return transact(centre, round_)


def check(session: Session, centre: Centre, now: datetime) -> list[DutyGap]:
    """Compare who is needed with who is on duty: open and end gaps, return those that stand.

    Called by the tick, and by each change of the roster, which shows at once. Only the tick tells the supervisors:
    whoever is in the middle of writing a roster has ten minutes to finish.
    """
    missing = {(need.area.id, need.role) for need in uncovered(session, centre, now)}
    known = {(gap.area_id, gap.role): gap for gap in session.scalars(select(DutyGap).where(DutyGap.ended_at.is_(None)))}
    for (area_id, role), gap in known.items():
        if (area_id, role) not in missing and not _still_alone(session, centre, gap, now):
            gap.ended_at = now
            log.info("duty_gap_ended", area_id=area_id, role=role)
    for area_id, role in sorted(missing - set(known)):
        open_gap(session, centre, area_id, role, now)
    session.flush()
    return list(session.scalars(select(DutyGap).where(DutyGap.ended_at.is_(None)).order_by(DutyGap.id)))


def _still_alone(session: Session, centre: Centre, gap: DutyGap, now: datetime) -> bool:
    if gap.role not in (PAGE, PAGE_UNPLACED):
        return False
    return reach(session, centre, gap.area_id if gap.role == PAGE else None, now).last_resort


def open_page_gap(session: Session, centre: Centre, area_id: int | None, now: datetime) -> None:
    """Somebody had to be paged for this area, or for a case without a place, and nobody is on duty."""
    if area_id is not None:
        open_gap(session, centre, area_id, PAGE, now)
        return
    whole = select(Area.id).where(Area.parent_id.is_(None), Area.path.startswith("/")).order_by(Area.id)
    for top in session.scalars(whole).all():
        open_gap(session, centre, top, PAGE_UNPLACED, now)


def open_gap(session: Session, centre: Centre, area_id: int, role: str, now: datetime) -> None:
    """Unless it is open already: the index decides, and no error spoils the caller's transaction."""
    dialect = postgresql if centre.database.is_postgresql else sqlite
    log.error("duty_gap", area_id=area_id, role=role)
    session.execute(
        dialect.insert(DutyGap)
        .values(area_id=area_id, role=role, since=now, pages=0, next_page_at=now)
        .on_conflict_do_nothing()
    )


def needs(session: Session, centre: Centre) -> list[Need]:
    """Where whom; nothing at a centre that has never written a roster: there is no plan to depart from."""
    if session.scalar(select(Shift.id).where(Shift.cancelled_at.is_(None)).limit(1)) is None:
        return []
    rules = centre.duty
    areas = session.scalars(
        select(Area)
        .where(Area.path.startswith("/"), Area.level.in_(rules.levels) | Area.code.in_(list(rules.required_of)))
        .order_by(Area.path)
    )
    return [Need(area, role) for area in areas for role in rules.required_in(area.code, area.level)]


def uncovered(session: Session, centre: Centre, now: datetime) -> list[Need]:
    wanted = needs(session, centre)
    if not wanted:
        return []
    on_duty: dict[str, set[int]] = defaultdict(set)
    for role, area_id in session.execute(select(Shift.role, Shift.area_id).where(current(now)).distinct()):
        on_duty[role].add(area_id)
    return [need for need in wanted if on_duty[need.role].isdisjoint(ids_in(need.area.path))]


@dataclass(frozen=True)
class Ahead:
    area: Area
    role: str
    starts_at: datetime
    ends_at: datetime


def ahead(session: Session, centre: Centre, now: datetime) -> list[Ahead]:
    """The gaps that the roster will have within the next hours, the present ones with them."""
    wanted = needs(session, centre)
    if not wanted:
        return []
    until = now + centre.duty.warn_ahead
    planned = shifts_between(session, now, until)
    return [
        Ahead(need.area, need.role, starts, ends)
        for need in wanted
        for starts, ends in gaps([s for s in planned if s.role == need.role and s.covers(need.area.path)], now, until)
    ]


def shifts_between(session: Session, first: datetime, last: datetime) -> list[OnDuty]:
    found = session.execute(
        select(Shift, Area.path)
        .join(Area, Area.id == Shift.area_id)
        .where(Shift.cancelled_at.is_(None), Shift.ends_at > first, Shift.starts_at < last)
    )
    return [as_on_duty(shift, path) for shift, path in found]


def as_on_duty(shift: Shift, path: str) -> OnDuty:
    who = f"user:{shift.user_id}" if shift.user_id is not None else f"phone:{shift.phone_id}"
    return OnDuty(shift.id or 0, who, shift.role, path, shift.starts_at, shift.ends_at)


def _page(session: Session, centre: Centre, gap: DutyGap, now: datetime) -> None:
    """Tell the supervisors on duty for the area; if there is none, whoever would be paged for it."""
    area = session.get_one(Area, gap.area_id)
    phones = phones_on_duty(session, ("supervisor",), chain_of(session, gap.area_id), now) or _others(
        session, centre, gap.area_id, now
    )
    words = {
        "signature": centre.messages["signature"],
        "area": area.name,
        "role": centre.messages["roles"].get(gap.role, gap.role),
        "since": gap.since.astimezone(centre.zone).strftime("%H:%M"),
    }
    gap.pages += 1
    gap.next_page_at = now + centre.duty.page_again_every
    session.add_all(_messages(centre, gap, phones, words, now))


def _others(session: Session, centre: Centre, area_id: int, now: datetime) -> list[DutyPhone]:
    return reach(session, centre, area_id, now).phones


def _messages(
    centre: Centre, gap: DutyGap, phones: Iterable[DutyPhone], words: dict[str, str], now: datetime
) -> list[Message]:
    return [
        Message(
            reference=f"gap:{gap.id}:{gap.pages}:{phone.id}",
            channel="sms",
            purpose="duty_gap",
            phone=phone.phone,
            label=phone.label,
            body=body(centre, "duty_gap", "sms", words),
            case_id=None,
            case_round=0,
            state=MessageState.PENDING,
            created_at=now,
            next_try_at=now,
            receipt={},
        )
        for phone in phones
    ]
