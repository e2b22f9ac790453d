"""The 15-minute circle: what of a kind is nearest to a home, exactly, for hundreds of thousands of homes. Pure.

Homes stand together, so the few places that can be nearest anywhere in a square are found once for the square. By the
triangle inequality no other can be: one that is further from the middle than the nearest by twice the reach of the
square is further from each of its points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, floor, radians, sin, sqrt

from dispatch.domain.helps.geography import Point, metres

FINE = 0.01
"""Degrees of a square, about a kilometre."""
A_SIDE = 8
"""So many squares along the side of a larger one, for which most places are left out once."""
ROUNDING = 1e-9
"""Of a square's edge: six millimetres."""
KEPT_SQUARES = 20_000
"""After so many squares they are forgotten: a country of them would not fit."""


@dataclass(frozen=True)
class Spot:
    """A place in space, on a ball of radius 1. The straight line through the ball orders as the way over it does."""

    key: int
    point: Point
    x: float
    y: float
    z: float


@dataclass(frozen=True)
class Found:
    key: int
    metres: float


def on_ball(point: Point) -> tuple[float, float, float]:
    lat, lon = radians(point.lat), radians(point.lon)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


class Nearest:
    """Of these places, by key. Those of equal distance: any of them."""

    def __init__(self, places: Iterable[tuple[int, Point]]) -> None:
        self._all = tuple(Spot(key, point, *on_ball(point)) for key, point in places)
        self._coarse: dict[tuple[int, int], Sequence[Spot]] = {}
        self._fine: dict[tuple[int, int], Sequence[Spot]] = {}

    def of(self, home: Point) -> Found | None:
        """None where there is no place at all."""
        near = self._near(home)
        if not near:
            return None
        best = near[0]
        if len(near) > 1:
            x, y, z = on_ball(home)
            best = max(near, key=lambda one: one.x * x + one.y * y + one.z * z)
        return Found(best.key, metres(best.point, home))

    def _near(self, home: Point) -> Sequence[Spot]:
        square = (floor(home.lat / FINE), floor(home.lon / FINE))
        found = self._fine.get(square)
        if found is None:
            around = (square[0] // A_SIDE, square[1] // A_SIDE)
            some = self._coarse.get(around)
            if some is None:
                some = self._coarse[around] = _possible(self._all, around, FINE * A_SIDE)
            if len(self._fine) >= KEPT_SQUARES:
                self._fine.clear()
            found = self._fine[square] = _possible(some, square, FINE)
        return found


def _possible(places: Sequence[Spot], square: tuple[int, int], size: float) -> Sequence[Spot]:
    """Those that can be the nearest to some point of the square."""
    if len(places) <= 1:
        return places
    south, west = square[0] * size, square[1] * size
    x, y, z = on_ball(Point(south + size / 2, west + size / 2))
    corners = [on_ball(Point(south + a * size, west + b * size)) for a in (0, 1) for b in (0, 1)]
    reach = max(sqrt((x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2) for a, b, c in corners)
    away = [sqrt((one.x - x) ** 2 + (one.y - y) ** 2 + (one.z - z) ** 2) for one in places]
    limit = min(away) + 2 * reach + ROUNDING
    return tuple(one for one, distance in zip(places, away, strict=True) if distance <= limit)
