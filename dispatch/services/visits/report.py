"""The report of a month for the bureau: what the board says, with its rules, and until when the data reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.privacy import mask_name
from dispatch.domain.visits.periods import Period
from dispatch.models.people import Elder
from dispatch.models.places import Area
from dispatch.models.visits import CheckinMonth, CheckinMonthElder
from dispatch.services.areas_asked import area_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.visits import corrections, numbers
from dispatch.services.visits.corrections import Asked
from dispatch.services.visits.coverage import rules_of
from dispatch.services.visits.lines import Look
from dispatch.services.visits.listing import InList, of_list
from dispatch.services.visits.numbers import Of
from dispatch.services.visits.standing import STANDINGS

Row = dict[str, Any]
MOST_CORRECTIONS = 1_000
LISTS = ("open", "apart")


@dataclass(frozen=True)
class Wanted:
    month: Period
    area_id: int | None = None


def report(centre: Centre, actor: Actor, wanted: Wanted, now: datetime) -> Row:
    """Numbers alone. Of a closed month those that were signed. Raises ``Invalid``."""
    with centre.database.reads() as session:
        return _report(session, centre, actor, wanted, now)


def _report(session: Session, centre: Centre, actor: Actor, wanted: Wanted, now: datetime) -> Row:
    name, look = wanted.month.name, Look.at(session, wanted.month, today(centre, now))
    kept = session.get(CheckinMonth, name)
    closed = kept if look.closed else None
    rules = rules_of(session, centre, wanted.month)
    area = None if wanted.area_id is None else area_asked(session, wanted.area_id)
    found = numbers.whole(session, centre, actor, look, Of(rules["groups"], wanted.area_id))
    said = corrections.rows(session, actor, Asked(said_in=name), PageOf(MOST_CORRECTIONS, None))
    return {
        "month": name,
        "area": area and area.name,
        "data_until": stamp(now if closed is None or closed.closed_at is None else closed.closed_at),
        "closed": closed and _signature(closed),
        "rules": rules,
        **found,
        "corrections": [corrections.correction_json(*row) for row in said[:MOST_CORRECTIONS]],
        "later": corrections.how_many(session, actor, Asked(of=name)),
    }


def _signature(closed: CheckinMonth) -> Row:
    return {
        "at": stamp(closed.closed_at),
        "by": closed.closed_by,
        "signature": closed.signature,
        "note": closed.note,
        "digest": closed.digest,
    }


def taken(centre: Centre, actor: Actor, wanted: Wanted, now: datetime) -> Row:
    """The same for a file that leaves the house, with the lists: written into the trail before anything is given."""
    with centre.database.sessions.begin() as session:
        subject = Subject("visits_month", wanted.month.name)
        data = {"area": str(wanted.area_id or "all"), "masked": True}
        write(session, actor, Deed("export", subject, data=data), now)
    with centre.database.reads() as session:
        found = _report(session, centre, actor, wanted, now)
        lists = {code: list(_listed(session, actor, wanted, code)) for code in LISTS}
    return found | {"lists": lists}


def _listed(session: Session, actor: Actor, wanted: Wanted, code: str) -> Iterator[Row]:
    """Names are masked, and where exactly somebody lives is not in it."""
    statement = (
        of_list(session, (CheckinMonthElder, Elder.name, Area.name), actor, InList(wanted.month, wanted.area_id))
        .where(STANDINGS[code])
        .join(Elder, Elder.id == CheckinMonthElder.elder_id)
        .order_by(Area.path, CheckinMonthElder.elder_id)
    )
    for row, name, area in session.execute(statement.execution_options(yield_per=1_000)):
        yield {
            "elder": mask_name(name),
            "area": area,
            "groups": row.groups,
            "why": row.apart or ("refused" if row.refused else None),
            "seen": row.visited_on,
        }
