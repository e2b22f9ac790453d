"""How devices are looked after: when one is silent, weak, chatters, or was not tested. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo


class TaskKind(StrEnum):
    OFFLINE = "offline"
    LOW_BATTERY = "low_battery"
    TAMPER = "tamper"
    FAULT = "fault"
    TEST_OVERDUE = "test_overdue"
    CHATTER = "chatter"
    UNASSIGNED = "unassigned"
    GATEWAY = "gateway_offline"


class TaskState(StrEnum):
    OPEN = "open"
    DOING = "doing"
    CLOSED = "closed"


@dataclass(frozen=True)
class DeviceModel:
    kind: str
    heartbeat: timedelta
    allowed_misses: int
    battery_low: int
    monthly_test: bool

    @property
    def silent_after(self) -> timedelta:
        """Since it last spoke. With two misses allowed the third one counts."""
        return self.heartbeat * (self.allowed_misses + 1)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        if data["kind"] not in ("button", "sensor", "gateway"):
            raise ValueError(f"kind is button, sensor or gateway, and not {data['kind']!r}")
        found = cls(
            kind=str(data["kind"]),
            heartbeat=timedelta(minutes=float(data["heartbeat_minutes"])),
            allowed_misses=int(data["allowed_misses"]),
            battery_low=int(data["battery_low"]),
            monthly_test=bool(data["monthly_test"]),
        )
        if found.heartbeat <= timedelta(0) or found.allowed_misses < 0:
            raise ValueError("heartbeat_minutes is above 0, allowed_misses at least 0")
        return found


@dataclass(frozen=True)
class DeviceRules:
    """``config/devices.yaml``."""

    default: DeviceModel
    models: Mapping[str, DeviceModel]
    check_every: timedelta
    gateway_homes: int
    gateway_priority: int
    gateway_priority_below: int
    chatter_signals: int
    chatter_within: timedelta
    chatter_quiet: timedelta
    longest_test: timedelta
    test_reasons: tuple[str, ...]
    reminder_days: frozenset[int]
    reminder_hour: int

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        default = data["default"]
        gateway, chatter, on_test, reminder = (data[name] for name in ("gateway", "chatter", "on_test", "reminder"))
        return cls(
            default=DeviceModel.load(default),
            models={str(name): DeviceModel.load({**default, **(own or {})}) for name, own in data["models"].items()},
            check_every=timedelta(seconds=int(data["check_every"])),
            gateway_homes=int(gateway["homes"]),
            gateway_priority=int(gateway["priority"]),
            gateway_priority_below=int(gateway["priority_below"]),
            chatter_signals=int(chatter["signals"]),
            chatter_within=timedelta(minutes=float(chatter["minutes"])),
            chatter_quiet=timedelta(hours=float(chatter["quiet_hours"])),
            longest_test=timedelta(hours=float(on_test["longest_hours"])),
            test_reasons=tuple(on_test["reasons"]),
            reminder_days=frozenset(map(int, reminder["days"])),
            reminder_hour=int(reminder["hour"]),
        )

    def of(self, model: str) -> DeviceModel:
        return self.models.get(model, self.default)

    def named(self, kind: str) -> list[str]:
        return [name for name, model in self.models.items() if model.kind == kind]

    def tested_monthly(self) -> list[str]:
        return [name for name, model in self.models.items() if model.monthly_test]


def beats_due(every: timedelta, since: datetime, until: datetime) -> int:
    """How often a device that speaks each ``every`` has to have spoken between the two."""
    return max(0, (until - since) // every)


def proposed(number: str, said: object, neighbours: Sequence[tuple[str, str]]) -> str | None:
    """The model of a device that nobody knows: as it says itself, or that of a known one with nearly its number.

    ``neighbours`` are number and model of registered devices, the likeliest first. Only the end may differ: a maker
    counts upwards.
    """
    if isinstance(said, str) and said.strip():
        return said.strip()[:80]
    for known, model in neighbours:
        alike = next(
            (n for n, (a, b) in enumerate(zip(number, known, strict=False)) if a != b), min(map(len, (number, known)))
        )
        if len(known) == len(number) and alike >= max(3, len(number) - 4):
            return model
    return None


def month_of(now: datetime, zone: ZoneInfo) -> date:
    """The first day of the month that it is in the zone."""
    return now.astimezone(zone).date().replace(day=1)


def month_span(first: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first moment of the month to the first one after it."""
    following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    midnight = datetime.min.time()
    return datetime.combine(first.replace(day=1), midnight, zone), datetime.combine(following, midnight, zone)


def month_before(first: date) -> date:
    return (first.replace(day=1) - timedelta(days=1)).replace(day=1)
