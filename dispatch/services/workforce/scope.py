"""Which helpers, stations and providers somebody may see, and one of them to act on.

Everybody sees their areas. Whoever sits at the desk of a station sees the people of that station and of those below it,
and not those of another provider in the same street.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid, NotFound
from dispatch.domain.permissions import May
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Organisation, Station, StationSeat, Worker

T = TypeVar("T")


def _seats(actor: Actor) -> Any:
    return select(StationSeat.station_id).where(StationSeat.user_id == actor.user_id)


def below(tops: Any) -> Any:
    """A query of the ids of these stations and of all below them; ``tops`` is a query or a list of ids."""
    tree = select(Station.id).where(Station.id.in_(tops)).cte(recursive=True)
    tree = tree.union(select(Station.id).join(tree, Station.parent_id == tree.c.id))
    return select(tree.c.id)


def _at_a_desk(actor: Actor) -> bool:
    return actor.user_id is not None and not actor.may(May.WORKFORCE_EDIT)


def helpers_seen(actor: Actor) -> ColumnElement[bool]:
    """On ``Worker`` joined to ``Area``."""
    return _seen(actor, Worker.station_id)


def stations_seen(actor: Actor) -> ColumnElement[bool]:
    """On ``Station`` joined to ``Area``."""
    return _seen(actor, Station.id)


def providers_seen(actor: Actor) -> ColumnElement[bool]:
    """On ``Organisation`` joined to ``Area``: of the areas, and those of whose stations one sees some."""
    if not _at_a_desk(actor):
        return inside(actor.paths)
    mine = _seats(actor)
    own = select(Station.organisation_id).where(Station.id.in_(below(mine)), Station.organisation_id.is_not(None))
    return and_(inside(actor.paths), or_(~mine.exists(), Organisation.id.in_(own)))


def _seen(actor: Actor, station_id: Any) -> ColumnElement[bool]:
    if not _at_a_desk(actor):
        return inside(actor.paths)
    mine = _seats(actor)
    return and_(inside(actor.paths), or_(~mine.exists(), station_id.in_(below(mine))))


def helper_within(session: Session, worker_id: int, actor: Actor, *, lock: bool = False) -> Worker:
    """With area, station and skills. Raises ``NotFound``."""
    statement = (
        select(Worker)
        .join(Area, Area.id == Worker.area_id)
        .where(Worker.id == worker_id, helpers_seen(actor))
        .options(joinedload(Worker.area), joinedload(Worker.station), selectinload(Worker.skills))
    )
    return _one(session, statement, Worker if lock else None, f"there is no helper {worker_id} in your areas")


def station_within(session: Session, station_id: int, actor: Actor, *, lock: bool = False) -> Station:
    """With its area. Raises ``NotFound``."""
    statement = select(Station).join(Area, Area.id == Station.area_id).options(joinedload(Station.area))
    statement = statement.where(Station.id == station_id, stations_seen(actor))
    return _one(session, statement, Station if lock else None, f"there is no station {station_id} in your areas")


def provider_within(session: Session, provider_id: int, actor: Actor, *, lock: bool = False) -> Organisation:
    """With its area. Raises ``NotFound``."""
    statement = select(Organisation).join(Area, Area.id == Organisation.area_id).options(joinedload(Organisation.area))
    statement = statement.where(Organisation.id == provider_id, providers_seen(actor))
    return _one(session, statement, Organisation if lock else None, f"there is no provider {provider_id} in your areas")


def _one(session: Session, statement: Select[T], locked: type[T] | None, missing: str) -> T:
    """``locked``: whose row is locked and read anew, if any."""
    if locked is not None:
        statement = statement.with_for_update(of=locked).execution_options(populate_existing=True)
    found = session.scalar(statement)
    if found is None:
        raise NotFound(missing)
    return found


def area_within(session: Session, area_id: int, actor: Actor, field: str = "area") -> Area:
    """Raises ``Invalid`` for an area that is not the actor's: nobody puts a helper where they do not look."""
    found = session.scalar(select(Area).where(Area.id == area_id, inside(actor.paths)))
    if found is None:
        raise Invalid(field, "unknown", "choose one of your areas")
    return found


def areas_within(session: Session, area_ids: Iterable[int], actor: Actor) -> list[int]:
    wanted = sorted(set(area_ids))
    found = set(session.scalars(select(Area.id).where(Area.id.in_(wanted), inside(actor.paths))))
    if found != set(wanted):
        raise Invalid("areas", "unknown", "choose of your areas")
    return wanted
