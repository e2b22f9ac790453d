"""A case as the live list shows it: slim, the same for the snapshot, the stream and every answer to a command.

The same for everybody too, so its address ends with the building: whoever has the case reads the door in it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor, Sight
from dispatch.domain.errors import NotFound
from dispatch.domain.floor import LASTING
from dispatch.domain.privacy import mask_address, mask_phone
from dispatch.models.cases import Case
from dispatch.models.floor import AreaEvent
from dispatch.models.people import Elder, User, completed_years
from dispatch.models.places import Area, Household, inside
from dispatch.services.centre import Centre

Row = dict[str, Any]
mask = mask_phone


def stamp(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds and ``Z``."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visible(statement: Select[*tuple[Any, ...]], actor: Actor) -> Select[*tuple[Any, ...]]:
    """Only what lies in the actor's areas. A case without an area belongs to the whole desk: it must not get lost."""
    return statement.where(within(actor.sight))


def within(sight: Sight) -> ColumnElement[bool]:
    """The same as a condition, for statements that are kept."""
    unplaced = Case.area_id.is_(None) if sight.unplaced else false()
    return or_(unplaced, inside(sight.paths))


def must_see(session: Session, case_id: int, actor: Actor) -> None:
    """Raises ``NotFound`` when the case is not there or not in the actor's areas."""
    case = select(Case.id).outerjoin(Area, Area.id == Case.area_id).where(Case.id == case_id)
    if session.scalar(visible(case, actor)) is None:
        raise NotFound(f"there is no case {case_id} in your areas")


SHOWN = (
    Case.id,
    Case.kind,
    Case.help,
    Case.cause,
    Case.channel,
    Case.priority,
    Case.top_priority,
    Case.state,
    Case.version,
    Case.opened_at,
    Case.waiting_since,
    Case.answer_due_at,
    Case.next_due_at,
    Case.held_until,
    Case.owner_id,
    Case.owned_since,
    Case.elder_id,
    Case.caller_masked,
    Case.area_id,
    Case.signals,
    Case.step,
    Case.flags,
    Case.rings_for,
    Case.last_event_kind,
    Case.last_event_at,
    User.name.label("owner_name"),
    Elder.name.label("elder_name"),
    Elder.birth_date,
    Elder.flags.label("elder_flags"),
    Household.address_short,
    Area.name.label("area_name"),
    Area.path.label("area_path"),
    AreaEvent,
)
"""Columns and no whole rows: a list neither opens seals nor reads the policy of every case."""


def row_statement() -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(*SHOWN)
        .select_from(Case)
        .outerjoin(User, User.id == Case.owner_id)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Household, Household.id == Case.household_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .outerjoin(AreaEvent, and_(AreaEvent.id == Case.area_event_id, AreaEvent.state.in_(LASTING)))
    )
    return statement


def event_of(event: AreaEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "state": event.state,
        "cause": event.cause,
        "area": {"id": str(event.area_id), "name": event.place},
        "since": stamp(event.since),
    }


def row_of(case: Any, centre: Centre, now: datetime) -> Row:
    """``case`` is a row of ``row_statement``."""
    return {
        "id": str(case.id),
        "number": str(case.id),
        "kind": case.kind,
        "help": case.help,
        "cause": case.cause,
        "channel": case.channel,
        "priority": case.priority,
        "top_priority": case.top_priority,
        "state": case.state,
        "version": case.version,
        "opened_at": stamp(case.opened_at),
        "waiting_since": stamp(case.waiting_since),
        "answer_due_at": stamp(case.answer_due_at),
        "next_due_at": stamp(case.next_due_at),
        "held_until": stamp(case.held_until),
        "owner": case.owner_id and _owner(case),
        "elder": case.elder_id and _elder(case, now.astimezone(centre.zone).date()),
        "caller": case.caller_masked,
        "address_short": mask_address(case.address_short),
        "area": case.area_id and {"id": str(case.area_id), "name": case.area_name},
        "signals": case.signals,
        "escalation": case.step,
        "flags": case.flags,
        "rings_for": case.rings_for,
        "area_event": case.AreaEvent and event_of(case.AreaEvent),
        "last_event": {"kind": case.last_event_kind, "at": stamp(case.last_event_at)},
    }


def _owner(case: Any) -> Row:
    return {"id": str(case.owner_id), "name": case.owner_name, "since": stamp(case.owned_since)}


def _elder(case: Any, today: date) -> Row:
    age = completed_years(case.birth_date, today)
    return {"id": str(case.elder_id), "name": case.elder_name, "age": age, "flags": case.elder_flags}


def case_row(session: Session, centre: Centre, case_id: int, now: datetime) -> Row:
    return row_of(session.execute(row_statement().where(Case.id == case_id)).one(), centre, now)
