"""Where homes and stations are: their own place, else the middle of the nearest area around them that has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.helps.geography import Point
from dispatch.domain.rounds.problem import Place, Roads
from dispatch.models.places import Area, ids_in
from dispatch.services.centre import Centre
from dispatch.services.helps.circles import country_areas


@dataclass(frozen=True)
class Known:
    path: str
    point: Point | None
    """Its own, or that of an area around it."""
    country: bool


@dataclass(frozen=True)
class Atlas:
    areas: Mapping[int, Known]

    @classmethod
    def read(cls, session: Session, centre: Centre) -> Atlas:
        rows = session.execute(select(Area.id, Area.path, Area.lat, Area.lon).order_by(Area.path)).all()
        own = {one.id: Point(one.lat, one.lon) for one in rows if one.lat is not None and one.lon is not None}
        country = country_areas(session, centre.matching)
        return cls({one.id: Known(one.path, _nearest(one.path, own), country[one.id]) for one in rows})

    def place(self, area_id: int, lat: float | None, lon: float | None) -> Place | None:
        known = self.areas[area_id]
        point = Point(lat, lon) if lat is not None and lon is not None else known.point
        return None if point is None else Place(point, known.country)


def _nearest(path: str, own: Mapping[int, Point]) -> Point | None:
    return next((own[area_id] for area_id in reversed(ids_in(path)) if area_id in own), None)


def roads(centre: Centre) -> Roads:
    return Roads(centre.matching.travel["town"], centre.matching.travel["country"])
