"""What a watch says by numbers, and from which value on a measurement is an alarm: data, to be changed in config/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo

from dispatch.domain.signals import SignalKind

BITS: dict[int, str] = {
    0: "low_battery",
    1: "left_fence",
    2: "entered_fence",
    14: "power_cut",
    16: "sos",
    17: "low_battery",
    18: "left_fence",
    19: "entered_fence",
    20: "taken_off",
    21: "fall",
    22: "fall",
}
"""Bits of the status word. Those from 16 on are alarms, the lower ones states; bit 3 is set by many that are worn."""

UNKNOWN_ALARM = "alarm"
"""An AL frame in which no bit that we know is set: somebody's alarm all the same."""

MEANING: dict[str, SignalKind] = {
    "sos": SignalKind.SOS,
    "fall": SignalKind.FALL,
    "left_fence": SignalKind.WANDERING,
    "entered_fence": SignalKind.RESTORE,
    "low_battery": SignalKind.LOW_BATTERY,
    "power_cut": SignalKind.FAULT,
    "taken_off": SignalKind.FAULT,
    UNKNOWN_ALARM: SignalKind.SOS,
}

LIMITS: dict[str, tuple[float, float]] = {
    "heart_rate": (45, 130),
    "systolic": (85, 180),
    "diastolic": (45, 110),
    "temperature": (35.0, 38.5),
    "spo2": (88, 100),
}
"""Within these it is a measurement; outside it is an alarm of the kind ``vitals``. Nobody's diagnosis."""

PLAUSIBLE: dict[str, tuple[float, float]] = {
    "heart_rate": (20, 260),
    "systolic": (40, 300),
    "diastolic": (20, 200),
    "temperature": (30.0, 45.0),
    "spo2": (50, 100),
}
"""Outside of these the watch lay on a table: no measurement at all. Zero is what it sends when it could not measure."""


@dataclass(frozen=True)
class WatchRules:
    """``watch`` of ``config/gateways.yaml``."""

    meaning: Mapping[str, SignalKind] = field(default_factory=lambda: MEANING)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=lambda: LIMITS)
    zone: tzinfo = UTC
    """In which the watches count; most count in UTC."""

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        meaning = {**MEANING, **{name: SignalKind(kind) for name, kind in (data.get("alarms") or {}).items()}}
        given = {name: (float(low), float(high)) for name, (low, high) in (data.get("limits") or {}).items()}
        limits = {**LIMITS, **given}
        unknown = (set(meaning) - set(MEANING)) | (set(limits) - set(LIMITS))
        if unknown:
            raise ValueError(f"a watch has no {', '.join(sorted(unknown))}: {', '.join((*MEANING, *LIMITS))}")
        crossed = [name for name, (low, high) in limits.items() if low >= high]
        if crossed:
            raise ValueError(f"the lower limit of {crossed[0]} is not below the upper one")
        return cls(meaning, limits, ZoneInfo(str(data.get("timezone", "UTC"))))
