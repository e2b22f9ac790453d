"""The board of a month: a line for each elder of its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.privacy import mask_address
from dispatch.domain.visits.periods import Period
from dispatch.domain.visits.visit import VisitState
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.models.visits import CheckinMonthElder
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.visits import lines
from dispatch.services.visits.conditions import conditions, in_state, went
from dispatch.services.visits.lines import Look
from dispatch.services.visits.listing import InList, of_list

Row = dict[str, Any]


@dataclass(frozen=True)
class OnBoard:
    """Which lines. None: it does not matter."""

    month: Period
    area_id: int | None = None
    group: str | None = None
    only: str | None = None
    """One of the numbers: exactly its list."""
    state: VisitState | None = None
    """Of one of the elder's visits."""
    worker_id: int | None = None


def board(centre: Centre, actor: Actor, wanted: OnBoard, page: PageOf, now: datetime) -> Row:
    """By area, and in it by the order of the register; of a closed month as it was signed. Raises ``Invalid``."""
    skip, day = page.before or 0, today(centre, now)
    with centre.database.reads() as session:
        look = Look.at(session, wanted.month, day)
        narrow = _narrow(session, centre, look, wanted)
        of = InList(wanted.month, wanted.area_id, wanted.group)
        total = session.scalar(of_list(session, (func.count(),), actor, of).where(*narrow)) or 0
        columns = (CheckinMonthElder, Elder, Household.area_id, Household.address_short, Area)
        statement = (
            of_list(session, columns, actor, of)
            .where(*narrow)
            .join(Elder, Elder.id == CheckinMonthElder.elder_id)
            .join(Household, Household.id == Elder.household_id)
            .order_by(Area.path, CheckinMonthElder.elder_id)
        )
        found = session.execute(statement.offset(skip).limit(page.limit)).all()
        drawn = lines.of(session, centre, look, [row.elder_id for row, *_ in found])
    items = [_line(day, *row) | drawn[row[0].elder_id].as_json() for row in found]
    more = skip + len(items) < total
    return {"items": items, "next_cursor": str(skip + len(items)) if more and items else None, "total": total}


def _narrow(session: Session, centre: Centre, look: Look, wanted: OnBoard) -> list[ColumnElement[bool]]:
    found = []
    if wanted.only is not None:
        holds = conditions(session, centre, look)
        if wanted.only not in holds:
            raise Invalid("only", "unknown", f"choose of {', '.join(holds)}")
        found.append(holds[wanted.only])
    if wanted.state is not None:
        found.append(in_state(session, look, wanted.state))
    if wanted.worker_id is not None:
        found.append(went(look, wanted.worker_id))
    return found


def _line(day: date, row: CheckinMonthElder, elder: Elder, *home: Any) -> Row:
    lives_in, address, area = home
    return {
        "elder": {"id": str(elder.id), "name": elder.name, "age": elder.age(day), "flags": elder.flags},
        "address_short": mask_address(address) if lives_in == area.id else None,  # has moved since the close
        "area": {"id": str(area.id), "name": area.name},
        "groups": row.groups,
        "risk": row.risk,
        "joined": row.joined.isoformat(),
        "last": row.last.isoformat(),
        "apart": row.apart,
        "refused": row.refused,
        "visited_on": row.visited_on and row.visited_on.isoformat(),
    }
