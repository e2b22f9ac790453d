"""Travel times between all places of a task at once: the same rule as ``domain.rounds.problem.Roads``, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.helps.geography import EARTH_M

Seconds = NDArray[np.int64]
MARGIN = 1e-3
"""Two ways to reckon a sine differ in the last digits: a way here is never a second shorter than the domain's."""


Places = Sequence[tuple[float, float, bool]]
"""Latitude, longitude, country."""


def between(places: Places, roads: Sequence[tuple[float, float]], to: Places | None = None) -> Seconds:
    """From each to each, or to each of ``to``: whole seconds, rounded up; nothing where the places are one."""
    (lat, lon, country), (lat_to, lon_to, country_to) = _columns(places), _columns(places if to is None else to)
    half = np.sin((lat[:, None] - lat_to) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat_to) * np.sin((lon[:, None] - lon_to) / 2) ** 2
    seconds = np.arcsin(np.sqrt(half, out=half), out=half)
    (town_factor, town_kmh), (factor, kmh) = roads
    town, rural = (2 * EARTH_M / 1000 * f / v * 3600 for f, v in ((town_factor, town_kmh), (factor, kmh)))
    seconds *= np.where(country[:, None] | country_to, rural, town)
    return np.where(seconds > 0, np.ceil(seconds + MARGIN), 0).astype(np.int64)


def _columns(places: Places) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    found = np.radians([(lat, lon) for lat, lon, _ in places]).reshape(-1, 2)
    return found[:, 0], found[:, 1], np.array([one[2] for one in places], dtype=bool)
