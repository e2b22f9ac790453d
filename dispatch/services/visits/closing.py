"""A month is closed: its list, its lines and every number as they were signed. Nothing of it changes afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy import case, func, select, text
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from dispatch.domain.visits.closing import digest, signs
from dispatch.domain.visits.periods import Period
from dispatch.models.among import on_postgresql
from dispatch.models.visit_months import CheckinMonthLine
from dispatch.models.visits import CheckinMonth, CheckinMonthElder
from dispatch.services import trail
from dispatch.services.access.myself import prove
from dispatch.services.access.sessions import Visit
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.transact import portions, transact
from dispatch.services.visits import drafting, generating, running_out
from dispatch.services.visits.coverage import rules_json
from dispatch.services.visits.generating import month_asked
from dispatch.services.visits.lines import Look
from dispatch.services.visits.listing import InList, of_list
from dispatch.services.visits.numbers import Of, whole
from dispatch.services.visits.standing import STANDINGS
from dispatch.services.work import Act

log = structlog.get_logger()
Row = dict[str, Any]


@dataclass(frozen=True)
class Signing:
    signature: str
    """The name of who closes, typed by themselves."""
    password: str
    """Their own, once more."""
    note: str | None = None
    version: int | None = None


def close(centre: Centre, visit: Visit, name: str, signing: Signing, time: Callable[[], datetime]) -> Row:
    """The list is brought up to date once more, by the rules as they are now; then it is shut.

    Raises ``Conflict`` for a month that runs, is closed or is being worked on, ``Forbidden`` for somebody who sees a
    part of it alone, ``Invalid`` for a wrong password or a name that is not one's own, and ``VersionConflict``.
    """
    month, actor, now = month_asked(name), visit.person.actor, time()
    _refuse(centre, actor, month, now)
    if not signs(signing.signature, actor.name):
        raise Invalid("signature", "not-yours", "sign with your own name, as it stands in your account")
    prove(centre, visit, signing.password, now)
    if generating.generate(centre, Act(actor, now), name, time)["state"] != generating.DONE:
        raise Conflict(f"the list of {name} is being brought up to date: try again", why="visits-month-busy")
    running_out.tick(centre, now)
    act, look = Act(actor, now, signing.version), Look(month, today(centre, now), closed=False)
    drafted = time()
    _draft(centre, look)
    row = transact(centre, lambda session: _shut(session, centre, act, Draft(look, drafted), signing))
    log.info("visits_month_closed", month=name, digest=row["digest"])
    return row


def _refuse(centre: Centre, actor: Actor, month: Period, now: datetime) -> None:
    with centre.database.reads() as session:
        kept = session.get(CheckinMonth, month.name)
        if kept is None:
            raise NotFound(f"there is no list of {month.name}")
        if kept.closed_at is not None:
            raise _closed(kept)
        if today(centre, now) <= month.last:
            why = f"{month.name} is not over: it can be closed from the first of the next month on"
            raise Conflict(why, why="visits-month-runs")
        if _seen(session, actor, month) != _listed(session, month):
            raise Forbidden("a month is closed by somebody who sees all of its areas", why="visits-whole")


def _draft(centre: Centre, look: Look) -> None:
    """Each portion in a transaction of its own. Raises ``Conflict`` when somebody else has closed meanwhile."""

    after = 0

    def portion(session: Session) -> int | None:
        kept = session.get_one(CheckinMonth, look.month.name)
        if kept.closed_at is not None:
            raise _closed(kept)
        return drafting.portion(session, centre, look, after)

    for drawn in portions(centre, portion):
        after = drawn or after


def _closed(kept: CheckinMonth) -> Conflict:
    at = stamp(kept.closed_at)
    return Conflict(
        f"{kept.month} is closed already", closed_by=kept.closed_by, closed_at=at, why="visits-month-closed"
    )


def _seen(session: Session, actor: Actor, month: Period) -> int:
    return session.scalar(of_list(session, (func.count(),), actor, InList(month))) or 0


def _listed(session: Session, month: Period) -> int:
    rows = select(func.count()).select_from(CheckinMonthElder).where(CheckinMonthElder.month == month.name)
    return session.scalar(rows) or 0


@dataclass(frozen=True)
class Draft:
    look: Look
    since: datetime


def _shut(session: Session, centre: Centre, act: Act, draft: Draft, signing: Signing) -> Row:
    actor, now, look = act.actor, act.now, draft.look
    kept = session.get_one(CheckinMonth, look.month.name, with_for_update=True, populate_existing=True)
    if kept.closed_at is not None:
        raise _closed(kept)
    if act.version is not None and act.version != kept.version:
        raise VersionConflict("the month has changed in the meantime: look at it again", version=kept.version)
    if on_postgresql(session):
        # Whoever is writing into the list finishes first; whoever comes next finds it shut, and the trigger says so.
        session.execute(text(f"LOCK TABLE {CheckinMonthElder.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
    drafting.finish(session, centre, look, draft.since)
    kept.rules = rules_json(centre.visits)
    kept.totals = whole(session, centre, actor, replace(look, closed=True), Of(kept.rules["groups"]))
    kept.digest = proof(session, kept)
    kept.closed_at, kept.closed_by, kept.closed_by_id = now, actor.name, actor.user_id
    kept.signature, kept.note = signing.signature, signing.note
    kept.version += 1
    data = {"digest": kept.digest, "counted": kept.totals["numbers"]["counted"]}
    trail.write(session, actor, Deed("visits_month_closed", Subject("visits_month", kept.month), data=data), now)
    session.flush()
    return month_json(kept)


# -- what was signed


def proof(session: Session, kept: CheckinMonth) -> str:
    """The digest of the list, its lines, the numbers and the rules."""
    return digest([*_rows(session, kept.month), kept.totals, kept.rules])


def _rows(session: Session, month: str) -> Iterator[list[Any]]:
    row, line = CheckinMonthElder, CheckinMonthLine
    columns = (row.elder_id, row.area_id, row.groups, row.risk, row.joined, row.last, row.apart, row.visited_on)
    kept = (line.need, line.done, line.states, line.worker_id, line.days, line.away, line.evidence)
    found = session.execute(
        select(*columns, row.mode, row.refused, *kept)
        .join(line, (line.month == row.month) & (line.elder_id == row.elder_id))
        .where(row.month == month)
        .order_by(row.elder_id)
        .execution_options(yield_per=2_000)  # or the server takes a transaction that only counts for a forgotten one
    )
    for one in found:
        yield [value.isoformat() if isinstance(value, date) else value for value in one]


def months(centre: Centre, actor: Actor, page: PageOf) -> Row:
    """Those that were generated, the newest first, with the rate in the areas that the actor sees."""
    skip = page.before or 0
    with centre.database.reads() as session:
        newest = select(CheckinMonth).order_by(CheckinMonth.month.desc()).offset(skip).limit(page.limit + 1)
        kept = session.scalars(newest).all()
        items = [month_json(one) | _rated(session, actor, one) for one in kept[: page.limit]]
    return {"items": items, "next_cursor": str(skip + page.limit) if len(kept) > page.limit else None}


def _rated(session: Session, actor: Actor, kept: CheckinMonth) -> Row:
    columns = [func.coalesce(func.sum(case((STANDINGS[code], 1), else_=0)), 0) for code in ("counted", "visited")]
    counted, visited = session.execute(of_list(session, columns, actor, InList(month_asked(kept.month)))).one()
    return {"counted": counted, "visited": visited}


def month_json(kept: CheckinMonth) -> Row:
    return {
        "month": kept.month,
        "version": kept.version,
        "closed_at": stamp(kept.closed_at),
        "closed_by": kept.closed_by,
        "signature": kept.signature,
        "note": kept.note,
        "digest": kept.digest,
    }


def check(centre: Centre, name: str) -> Row:
    """Whether what was signed is still what is there."""
    month = month_asked(name)
    with centre.database.reads() as session:
        kept = session.get(CheckinMonth, month.name)
        if kept is None or kept.closed_at is None:
            raise NotFound(f"{month.name} is not closed")
        found = proof(session, kept)
    return month_json(kept) | {"found": found, "intact": found == kept.digest}
