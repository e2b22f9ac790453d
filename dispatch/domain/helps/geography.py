"""How far it is from here to there, and within which square to look. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_M = 6_371_000.0
DEGREE_M = 111_320.0
"""Of latitude."""


@dataclass(frozen=True)
class Point:
    lat: float
    lon: float


@dataclass(frozen=True)
class Box:
    south: float
    north: float
    west: float
    east: float


def metres(a: Point, b: Point) -> float:
    """The great circle (haversine)."""
    lat, lon = radians(b.lat - a.lat), radians(b.lon - a.lon)
    half = sin(lat / 2) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(lon / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(half))


def around(centre: Point, distance_m: float) -> Box:
    """The smallest box of degrees that holds the circle."""
    lat = distance_m / DEGREE_M
    lon = distance_m / (DEGREE_M * max(0.01, cos(radians(centre.lat))))
    return Box(centre.lat - lat, centre.lat + lat, centre.lon - lon, centre.lon + lon)
