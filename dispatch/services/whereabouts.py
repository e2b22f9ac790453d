"""Where the wearer of an alarm is, as far as the device knows: the newest place of a case, and how old it is.

Devices hand in their places in ``data``: ``lat`` and ``lon`` in degrees, ``fix`` (``gps``: satellites, ``last``: the
place before, ``estimate``: what the device thinks), ``fixed_at``: since when it is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any, TypeGuard

from dispatch.domain.helps.geography import Point, metres
from dispatch.services.rows import stamp

PLACE = frozenset({"lat", "lon", "fixed_at", "position", "masts", "wifi"})
"""What says where somebody is."""
FIXES = ("gps", "last", "estimate")


def newest_place(signals: Iterable[Mapping[str, Any]], home: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Of signals as they are shown, newest first: the place that was true last."""
    found = [place for signal in signals if (place := _place(signal)) is not None]
    if not found:
        return None
    at, fix, point = max(found, key=lambda one: one[0])
    away = None
    if home is not None and home["lat"] is not None and home["lon"] is not None:
        away = round(metres(point, Point(home["lat"], home["lon"])))
    return {"lat": point.lat, "lon": point.lon, "fix": fix, "at": stamp(at), "from_home_m": away}


def says_place(data: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(data, dict) and not PLACE.isdisjoint(data)


def without_place(signal: dict[str, Any]) -> dict[str, Any]:
    """For whoever may not see where somebody lives either."""
    data = signal.get("data")
    if not says_place(data):
        return signal
    return signal | {"data": {name: value for name, value in data.items() if name not in PLACE}}


def _place(signal: Mapping[str, Any]) -> tuple[datetime, str, Point] | None:
    data = signal.get("data")
    if not isinstance(data, dict):
        return None
    lat, lon = data.get("lat"), data.get("lon")
    if not (_within(lat, 90) and _within(lon, 180)):
        return None
    received = datetime.fromisoformat(signal["received_at"])
    fix = data.get("fix")
    return _since(data.get("fixed_at"), received), fix if fix in FIXES else "gps", Point(lat, lon)


def _within(value: Any, most: float) -> TypeGuard[float]:
    """A device may send anything at all."""
    return type(value) in (int, float) and isfinite(value) and abs(value) <= most


def _since(given: Any, received: datetime) -> datetime:
    """Not after it came; and where nothing is said, when it came."""
    try:
        since = datetime.fromisoformat(given) if isinstance(given, str) else received
    except ValueError:
        return received
    return min(since, received) if since.tzinfo is not None else received
