"""Travel times between all places of a task at once: the same rule as ``domain.rounds.problem.Roads``, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.helps.geography import EARTH_M

Seconds = NDArray[np.int64]
MARGIN = 1e-3
"""Two ways to reckon a sine differ in the last digits: a way here is never a second shorter than the domain's."""


def between(places: Sequence[tuple[float, float, bool]], roads: Sequence[tuple[float, float]]) -> Seconds:
    """Whole seconds, rounded up; nothing where the places are one."""
    found = np.array([(lat, lon) for lat, lon, _ in places]).reshape(-1, 2)
    country = np.array([one[2] for one in places], dtype=bool)
    lat, lon = np.radians(found[:, 0]), np.radians(found[:, 1])
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    seconds = np.arcsin(np.sqrt(half, out=half), out=half)
    (town_factor, town_kmh), (factor, kmh) = roads
    town, rural = (2 * EARTH_M / 1000 * f / v * 3600 for f, v in ((town_factor, town_kmh), (factor, kmh)))
    seconds *= np.where(country[:, None] | country, rural, town)
    apart = seconds > 0
    return np.where(apart, np.ceil(seconds + MARGIN), 0).astype(np.int64)
