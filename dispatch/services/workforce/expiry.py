"""Papers that end: the work list of certificates, licences and contracts, and a reminder once at each threshold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, null, or_, select, true, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.helps.expiry import FARTHEST, OVER, THRESHOLDS, days_left, threshold
from dispatch.models.places import Area
from dispatch.models.workforce import ExpiryNotice, Organisation, Worker, WorkerSkill
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import Answer, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.duty.rounds import begin, is_due
from dispatch.services.rows import stamp
from dispatch.services.transact import transact
from dispatch.services.workforce.listing import certified
from dispatch.services.workforce.scope import helpers_seen, providers_seen

ROUND = "expiry"
EVERY = timedelta(hours=1)
BATCH = 500
WITHIN = ("60", "30", "7", "expired", "missing")
"""The lists: those that end within so many days, those that have ended, and skills whose paper nobody has seen."""
Rows = Select[Any]


@dataclass(frozen=True)
class ExpiryFilter:
    within: str = "60"
    kind: str | None = None
    """``certificate``, ``licence`` or ``contract``."""
    area_id: int | None = None


def ending(centre: Centre, actor: Actor, wanted: ExpiryFilter, page: PageOf, now: datetime) -> Answer:
    """The nearest end first. ``counts``: how long each list is, by the same conditions. The cursor is a place in it.

    Raises ``Invalid`` for an unknown area.
    """
    day = today(centre, now)
    with centre.database.reads() as session:
        place = _place(session, wanted.area_id)
        papers = _papers(centre, and_(helpers_seen(actor), place), and_(providers_seen(actor), place))
        rows = papers.subquery("papers")
        narrowed = select(rows)
        if wanted.kind is not None:
            narrowed = narrowed.where(rows.c.kind == wanted.kind)
        counts = {
            within: session.scalar(select(func.count()).select_from(narrowed.where(_in(rows, within, day)).subquery()))
            for within in WITHIN
        }
        start = page.before or 0
        listed = narrowed.where(_in(rows, wanted.within, day)).order_by(rows.c.until, rows.c.subject)
        found = session.execute(listed.offset(start).limit(page.limit + 1)).all()
        shown = found[: page.limit]
        told = _told(session, [row.subject for row in shown])
        items = [_json(row, told.get((row.subject, row.until)), day) for row in shown]
    more = str(start + page.limit) if len(found) > page.limit else None
    return {"items": items, "next_cursor": more, "total": counts[wanted.within], "counts": counts}


def _place(session: Session, area_id: int | None) -> ColumnElement[bool]:
    if area_id is None:
        return true()
    return inside_asked(session, area_id)


def _papers(centre: Centre, helpers: ColumnElement[bool], providers: ColumnElement[bool]) -> Any:
    """Every paper that can end, or that is wanting, in one shape."""
    certificates: Any = (
        select(
            (literal("certificate:") + cast(Worker.id, String) + literal(":") + WorkerSkill.skill).label("subject"),
            literal("certificate").label("kind"),
            Worker.id.label("id"),
            Worker.name.label("name"),
            Area.id.label("area_id"),
            Area.name.label("area"),
            WorkerSkill.skill.label("skill"),
            WorkerSkill.certificate.label("number"),
            WorkerSkill.valid_until.label("until"),
        )
        .join(Worker, Worker.id == WorkerSkill.worker_id)
        .join(Area, Area.id == Worker.area_id)
        .where(Worker.active, WorkerSkill.skill.in_(certified(centre)), helpers)
    )
    return union_all(
        certificates,
        _of_providers("licence", Organisation.licence, Organisation.licence_until, providers),
        _of_providers("contract", Organisation.contract, Organisation.contract_until, providers),
    )


def _of_providers(kind: str, number: Any, until: Any, seen: ColumnElement[bool]) -> Rows:
    return (
        select(
            (literal(f"{kind}:") + cast(Organisation.id, String)).label("subject"),
            literal(kind).label("kind"),
            Organisation.id.label("id"),
            Organisation.name.label("name"),
            Area.id.label("area_id"),
            Area.name.label("area"),
            cast(null(), String).label("skill"),
            number.label("number"),
            until.label("until"),
        )
        .join(Area, Area.id == Organisation.area_id)
        .where(Organisation.active, seen)
    )


def _in(rows: Any, within: str, day: date) -> ColumnElement[bool]:
    if within == "missing":
        # Only what keeps somebody from being asked: a provider may well be without a contract.
        return and_(rows.c.kind == "certificate", rows.c.number.is_(None))
    if within == "expired":
        return and_(rows.c.until < day, _there(rows))
    return and_(rows.c.until >= day, rows.c.until <= day + timedelta(days=int(within)), _there(rows))


def _there(rows: Any) -> ColumnElement[bool]:
    return or_(rows.c.kind != "certificate", rows.c.number.is_not(None))


def _told(session: Session, subjects: list[str]) -> dict[tuple[str, date], ExpiryNotice]:
    """The last reminder of each."""
    notices = select(ExpiryNotice).where(ExpiryNotice.subject.in_(subjects)).order_by(ExpiryNotice.id)
    return {(one.subject, one.until): one for one in session.scalars(notices)}


def _json(row: Any, told: ExpiryNotice | None, day: date) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "id": str(row.id),
        "name": row.name,
        "area": {"id": str(row.area_id), "name": row.area},
        "skill": row.skill,
        "number": row.number,
        "until": row.until and row.until.isoformat(),
        "days_left": None if row.until is None else days_left(row.until, day),
        "reminded": told and {"days": told.days, "at": stamp(told.at)},
    }


def tick(centre: Centre, now: datetime) -> None:
    """Write what has come near since the last time. A clock that was away says the nearest threshold, and that once."""
    if not is_due(centre, ROUND, now):
        return

    def work(session: Session) -> bool:
        return begin(session, ROUND, EVERY, now)

    if transact(centre, work):
        remind(centre, now)


def remind(centre: Centre, now: datetime) -> int:
    """In batches, each in its own transaction; by subject, end and threshold each is written once."""
    day = today(centre, now)
    rows = _papers(centre, true(), true()).subquery("papers")
    due = select(rows.c.subject, rows.c.until).where(rows.c.until <= day + FARTHEST, _there(rows))
    with centre.database.reads() as session:
        near = [(subject, until, threshold(until, day)) for subject, until in session.execute(due)]
        known = {tuple(row) for row in session.execute(_known(day))}
    new = [one for one in near if one not in known]
    dialect = postgresql if centre.database.is_postgresql else sqlite
    for start in range(0, len(new), BATCH):
        values = [{"subject": s, "until": u, "days": d, "at": now} for s, u, d in new[start : start + BATCH]]
        with centre.database.sessions.begin() as session:
            session.execute(dialect.insert(ExpiryNotice).on_conflict_do_nothing(), values)
    return len(new)


def _known(day: date) -> Any:
    return select(ExpiryNotice.subject, ExpiryNotice.until, ExpiryNotice.days).where(
        ExpiryNotice.until <= day + FARTHEST, ExpiryNotice.days.in_((*THRESHOLDS, OVER))
    )
