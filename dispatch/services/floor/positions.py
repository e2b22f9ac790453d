"""Who sits where and does what, and who looks at which case. It expires by itself: a console that died is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import DESK, Actor
from dispatch.domain.case import IN_HAND
from dispatch.domain.errors import Forbidden
from dispatch.domain.floor import STAFFED, Status, status_now
from dispatch.models.cases import Case
from dispatch.models.floor import Position
from dispatch.models.people import User
from dispatch.models.places import paths_of
from dispatch.services.centre import Centre
from dispatch.services.rows import must_see, stamp


@dataclass(frozen=True)
class Beat:
    """What a console says of its person. None: as before."""

    status: Status | None = None
    seat: str | None = None
    viewing: int | None = None
    """The case on the screen; None: none."""


def beat(centre: Centre, actor: Actor, said: Beat, now: datetime) -> dict[str, Any]:
    """Note where the person is. Written when the status changes, and otherwise once in ten seconds at most, however
    often and from however many windows it is said."""
    if actor.user_id is None:
        raise Forbidden("only a person sits at a position")
    with centre.database.reads() as session:
        found = session.get(Position, actor.user_id)
        wanted = _wanted(centre, found, said, now)
        if said.viewing is not None and _moved(found, said):
            must_see(session, said.viewing, actor)
    if found is None or _is_news(centre, found, wanted, said, now):
        _write(centre, actor.user_id, wanted, said, now)
    return {"status": wanted[0].value, "status_since": stamp(wanted[1])}


def _moved(found: Position | None, said: Beat) -> bool:
    return found is None or found.viewing_id != said.viewing


def _wanted(centre: Centre, found: Position | None, said: Beat, now: datetime) -> tuple[Status, datetime]:
    if found is None:
        return said.status or Status.READY, now
    status, since = status_now(Status(found.status), found.status_since, now, centre.floor.wrap_up)
    if said.status is not None and said.status != status:
        return said.status, now
    return status, since


def _is_news(centre: Centre, found: Position, wanted: tuple[Status, datetime], said: Beat, now: datetime) -> bool:
    if found.status != wanted[0] or (said.seat is not None and said.seat != found.seat):
        return True
    return now - found.seen_at >= centre.floor.beat


def _write(centre: Centre, user_id: int, wanted: tuple[Status, datetime], said: Beat, now: datetime) -> None:
    dialect = postgresql if centre.database.is_postgresql else sqlite
    values: dict[str, Any] = {
        "status": wanted[0].value,
        "status_since": wanted[1],
        "seen_at": now,
        "viewing_id": said.viewing,
    }
    if said.seat is not None:
        values["seat"] = said.seat
    statement = dialect.insert(Position).values({"seat": "", **values, "user_id": user_id})
    with centre.database.sessions.begin() as session:
        session.execute(statement.on_conflict_do_update(index_elements=[Position.user_id], set_=values))


def viewers_of(centre: Centre, case_id: int, actor: Actor, now: datetime) -> list[dict[str, str]]:
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        return viewers(session, centre, case_id, actor, now)


def viewers(session: Session, centre: Centre, case_id: int, actor: Actor, now: datetime) -> list[dict[str, str]]:
    """Who else has this case on the screen at this moment."""
    found = session.execute(
        select(User.id, User.name)
        .join(Position, Position.user_id == User.id)
        .where(Position.viewing_id == case_id, Position.seen_at > now - centre.floor.gone)
        .where(User.id != (actor.user_id or 0))
        .order_by(User.name)
    )
    return [{"id": str(user_id), "name": name} for user_id, name in found]


def leave(centre: Centre, actor: Actor, now: datetime) -> None:
    """Signed out: the position is empty at once, not only when its row expires."""
    if actor.user_id is None:
        raise Forbidden("only a person sits at a position")
    with centre.database.sessions.begin() as session:
        found = session.get(Position, actor.user_id, with_for_update=True)
        if found is not None:
            found.seen_at = now - centre.floor.gone
            found.viewing_id = None
            found.status = Status.READY
            found.status_since = now


@dataclass(frozen=True)
class Seat:
    user: User
    position: Position
    status: Status
    since: datetime

    @property
    def staffed(self) -> bool:
        return self.status in STAFFED


def seats(session: Session, centre: Centre, actor: Actor, now: datetime) -> list[Seat]:
    """Who is on the floor now and shares an area with the actor."""
    found = session.execute(
        select(User, Position)
        .join(Position, Position.user_id == User.id)
        .where(Position.seen_at > now - centre.floor.gone, User.active)
        .order_by(Position.seat, User.id)
    ).all()
    return [
        Seat(user, position, *status_now(Status(position.status), position.status_since, now, centre.floor.wrap_up))
        for user, position in found
        if share_area(session, user, actor.paths)
    ]


def taken(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The seats at which somebody else sits; by name, where the two share an area."""
    with centre.database.reads() as session:
        found = session.execute(
            select(Position.seat, User)
            .join(User, User.id == Position.user_id)
            .where(Position.seen_at > now - centre.floor.gone, Position.seat != "", User.active)
            .where(User.id != (actor.user_id or 0))
            .order_by(Position.seat, User.id)
        ).all()
        return [
            {"seat": seat, "name": user.name if share_area(session, user, actor.paths) else None}
            for seat, user in found
        ]


def share_area(session: Session, user: User, paths: tuple[str, ...]) -> bool:
    """Whether one of the two may see something of the other's areas."""
    theirs = paths_of(session, user.area_ids)
    return any(a.startswith(b) or b.startswith(a) for a in theirs for b in paths)


def seat_json(seat: Seat, taken: dict[int, int], open_cases: dict[int, int]) -> dict[str, Any]:
    """``load``: alarms and calls that this person took in the last ten minutes; ``cases``: in hand now."""
    return {
        "user": {"id": str(seat.user.id), "name": seat.user.name},
        "seat": seat.position.seat,
        "status": seat.status.value,
        "since": stamp(seat.since),
        "case_id": seat.position.viewing_id and str(seat.position.viewing_id),
        "load": taken.get(seat.user.id, 0),
        "cases": open_cases.get(seat.user.id, 0),
    }


def colleagues(centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Who could take something over: the others at a desk of these areas, those on the floor first."""
    with centre.database.reads() as session:
        here = {seat.user.id: seat for seat in seats(session, centre, actor, now)}
        users = session.scalars(select(User).where(User.active).order_by(User.name)).all()
        found = [
            {
                "id": str(user.id),
                "name": user.name,
                "here": user.id in here,
                "status": here[user.id].status.value if user.id in here else None,
            }
            for user in users
            if user.id != actor.user_id and DESK & set(user.roles) and share_area(session, user, actor.paths)
        ]
    return sorted(found, key=lambda one: (not one["here"], one["name"]))


def cases_in_hand(session: Session, user_ids: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    owners = select(Case.owner_id).where(Case.owner_id.in_(user_ids), Case.state.in_(IN_HAND))
    for owner_id in session.scalars(owners):
        if owner_id is not None:
            found[owner_id] = found.get(owner_id, 0) + 1
    return found
