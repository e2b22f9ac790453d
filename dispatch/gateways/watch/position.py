"""Where a watch is, and how well it knows: satellites, else the place before, else the masts and networks it hears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

NUMBERS = (("satellites", 10, 100), ("reception", 11, 100), ("battery", 12, 100), ("steps", 13, 999_999))
"""Where each stands, and the most that it can be."""
STATUS = 15
CELLS = 16
WIFI = re.compile(r"((?:[0-9a-fA-F]{1,2}:){5}[0-9a-fA-F]{1,2}),(-?\d{1,3})(?=,|$)", re.ASCII)
MAST = re.compile(r"\d{1,10},\d{1,10},-?\d{0,4}", re.ASCII)
MOST = 10
"""Masts and networks that are kept of one message."""


@dataclass(frozen=True)
class Fix:
    lat: float
    lon: float
    at: datetime


@dataclass(frozen=True)
class Place:
    at: datetime | None = None
    """By the watch's own clock, in UTC."""
    fix: Fix | None = None
    """By satellites, just now."""
    status: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def read_place(values: list[str], zone: tzinfo) -> Place:
    """``date, time, A or V, lat, N/S, lon, E/W, speed, course, height, satellites, reception, battery, steps, tumbles,
    status, masts…, networks…``. What cannot be read of it is left out; never raises.
    """
    at = _moment(values[0], values[1], zone) if len(values) > 1 else None
    data: dict[str, Any] = {}
    fix = None
    spot = _spot(values)
    if spot is not None:
        valid = values[2].strip().upper() == "A"
        data |= {"lat": spot[0], "lon": spot[1], "fix": "gps" if valid else "estimate"}
        if valid and at is not None:
            fix = Fix(spot[0], spot[1], at)
            data["fixed_at"] = at.isoformat()
    for name, index, most in NUMBERS:
        number = _whole(values[index]) if len(values) > index else None
        if number is not None and number <= most:
            data[name] = number
    status = _status(values)
    if status is not None:
        data["status"] = values[STATUS].strip()
    return Place(at, fix, status, data | _heard(values[CELLS:]))


def _moment(date: str, time: str, zone: tzinfo) -> datetime | None:
    try:
        return datetime.strptime(date.strip() + time.strip(), "%d%m%y%H%M%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _spot(values: list[str]) -> tuple[float, float] | None:
    """Degrees with a sign, a letter, or both; None where there is nothing: 0, 0 lies in the sea off Ghana."""
    if len(values) < 7:
        return None
    lat, lon = _degrees(values[3], values[4], 90), _degrees(values[5], values[6], 180)
    return None if lat is None or lon is None or (lat == 0 and lon == 0) else (lat, lon)


def _degrees(text: str, letter: str, most: int) -> float | None:
    if not re.fullmatch(r"\s*-?\d{1,3}(\.\d{1,12})?\s*", text, re.ASCII):
        return None
    value = round(float(text), 7)
    if letter.strip().upper() in ("S", "W"):
        value = -abs(value)
    return value if abs(value) <= most else None


def _status(values: list[str]) -> int | None:
    text = values[STATUS].strip() if len(values) > STATUS else ""
    return int(text, 16) if re.fullmatch(r"[0-9a-fA-F]{1,8}", text, re.ASCII) else None


def _heard(values: list[str]) -> dict[str, Any]:
    """Masts as ``mcc-mnc area:cell reception``, networks as ``address reception``; names of networks are private."""
    found: dict[str, Any] = {}
    count = _whole(values[0]) if values else None
    if count and len(values) > 6:
        masts = [values[4 + 3 * i : 7 + 3 * i] for i in range(min(count, MOST))]
        known = [f"{m[0]}:{m[1]} {m[2]}".strip() for m in masts if MAST.fullmatch(",".join(m))]
        network = f"{values[2]}-{values[3]}"
        if known and re.fullmatch(r"\d{1,3}-\d{1,3}", network, re.ASCII):
            found["masts"] = "; ".join(f"{network} {mast}" for mast in known)
    networks = WIFI.findall(",".join(values))[:MOST]
    if networks:
        found["wifi"] = "; ".join(f"{address} {level}" for address, level in networks)
    return found


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
