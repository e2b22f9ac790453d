"""What the register says of elders, as the rules of check-in visits want to know it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.visits.due import Away, Person, Refusal, Stay
from dispatch.domain.visits.periods import DAY, Span
from dispatch.domain.visits.visit import Excuse
from dispatch.models.among import among, ids_for, on_postgresql
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.visits import CheckinRefusal, ElderAbsence
from dispatch.services.centre import Centre

MERGED = "merged"


@dataclass(frozen=True)
class Known:
    person: Person
    area_id: int


def candidates(groups: Collection[str], span: Span) -> Select[int]:
    """Ids of whoever may be in one of the groups on a day of ``span``, and is not another elder's file."""
    in_group = exists().where(
        ElderTag.elder_id == Elder.id,
        ElderTag.code.in_(sorted(groups)),
        ElderTag.valid_from <= span.last,
        or_(ElderTag.valid_to.is_(None), ElderTag.valid_to >= span.first),
    )
    return select(Elder.id).where(in_group, Elder.merged_into.is_(None))


def how_many(session: Session, of: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(of.subquery())) or 0


def read(
    session: Session, centre: Centre, ids: Collection[int], groups: Collection[str] | None = None
) -> dict[int, Known]:
    """By id, with their days in ``groups``; None: those of the list. Whoever was merged into another is not there."""
    postgresql = on_postgresql(session)
    given = {"ids": ids_for(ids, postgresql=postgresql)}
    elders = session.execute(
        select(
            Elder.id,
            Elder.birth_date,
            Elder.service_form,
            Elder.archived_at,
            Elder.archive_kind,
            Household.area_id,
        )
        .join(Household, Household.id == Elder.household_id)
        .where(among(Elder.id, "ids", postgresql=postgresql), Elder.merged_into.is_(None)),
        given,
    ).all()
    stays = _stays(session, centre, ids, centre.visits.listed if groups is None else groups)
    gone, refusals = absences(session, centre, ids), _refusals(session, ids)
    return {
        one.id: Known(
            Person(
                elder_id=one.id,
                born=one.birth_date,
                stays=tuple(stays[one.id]),
                form=one.service_form,
                left=None if one.archived_at is None else day_of(centre, one.archived_at),
                left_by=Excuse.DIED if one.archive_kind == Excuse.DIED else Excuse.MOVED,
                absences=tuple(gone[one.id]),
                refusals=tuple(refusals[one.id]),
            ),
            one.area_id,
        )
        for one in elders
    }


def day_of(centre: Centre, at: datetime) -> date:
    return at.astimezone(centre.zone).date()


def _stays(session: Session, centre: Centre, ids: Collection[int], groups: Collection[str]) -> dict[int, list[Stay]]:
    """A membership that was ended before it began never was."""
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(ElderTag.elder_id, ElderTag.code, ElderTag.valid_from, ElderTag.valid_to, ElderTag.ended_at)
        .where(
            among(ElderTag.elder_id, "ids", postgresql=postgresql),
            ElderTag.code.in_(sorted(groups)),
        )
        .order_by(ElderTag.elder_id, ElderTag.valid_from, ElderTag.id),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    found: dict[int, list[Stay]] = defaultdict(list)
    for one in rows:
        last = _earlier(one.valid_to, None if one.ended_at is None else day_of(centre, one.ended_at))
        if last is None or one.valid_from <= last:
            found[one.elder_id].append(Stay(one.code, one.valid_from, last))
    return found


def _earlier(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def absences(session: Session, centre: Centre, ids: Collection[int]) -> dict[int, list[Away]]:
    """In whole days: the day on which it began is one of them, the day of the return is not."""
    postgresql = on_postgresql(session)
    rows: Iterable[ElderAbsence] = session.scalars(
        select(ElderAbsence)
        .where(among(ElderAbsence.elder_id, "ids", postgresql=postgresql))
        .order_by(ElderAbsence.begins_at, ElderAbsence.id),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    found: dict[int, list[Away]] = defaultdict(list)
    for one in rows:
        over = min((at for at in (one.until, one.ended_at) if at is not None), default=None)
        first, last = day_of(centre, one.begins_at), None if over is None else day_of(centre, over) - DAY
        if last is None or first <= last:
            found[one.elder_id].append(Away(one.kind, first, last))
    return found


def _refusals(session: Session, ids: Collection[int]) -> dict[int, list[Refusal]]:
    postgresql = on_postgresql(session)
    rows = session.execute(
        select(CheckinRefusal.elder_id, CheckinRefusal.refused_on, CheckinRefusal.until)
        .where(among(CheckinRefusal.elder_id, "ids", postgresql=postgresql), CheckinRefusal.withdrawn_at.is_(None))
        .order_by(CheckinRefusal.refused_on, CheckinRefusal.id),
        {"ids": ids_for(ids, postgresql=postgresql)},
    )
    found: dict[int, list[Refusal]] = defaultdict(list)
    for elder_id, first, last in rows:
        found[elder_id].append(Refusal(first, last))
    return found
