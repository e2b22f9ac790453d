"""What a signal of a home device means for the people behind the desk."""

from __future__ import annotations

from codecs import getincrementaldecoder
from datetime import datetime, timedelta
from enum import StrEnum


class SignalKind(StrEnum):
    SOS = "sos"
    FALL = "fall"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    WATER = "water"
    INACTIVITY = "inactivity"
    WANDERING = "wandering"
    DOOR = "door"
    BED = "bed"
    VITALS = "vitals"
    LOW_BATTERY = "low_battery"
    HEARTBEAT = "heartbeat"
    TEST = "test"
    RESTORE = "restore"
    CANCEL = "cancel"
    FAULT = "fault"


class Effect(StrEnum):
    ALARM = "alarm"
    """Opens a case or joins the open one of the household."""
    REMARK = "remark"
    """Is written on the open case and never settles it: a person must still hear the elder."""
    DEVICE = "device"
    """Belongs to the device's record alone and never pages anyone."""


_REMARKS = {SignalKind.RESTORE, SignalKind.CANCEL}
_DEVICE = {SignalKind.LOW_BATTERY, SignalKind.HEARTBEAT, SignalKind.TEST, SignalKind.FAULT}

FIRST_OUT = timedelta(minutes=5)
"""Signals of one household within this time are one happening (EEMUA 191's first-out rule)."""

CLOCK_TOLERANCE = timedelta(hours=24)


def effect(kind: SignalKind) -> Effect:
    if kind in _REMARKS:
        return Effect.REMARK
    return Effect.DEVICE if kind in _DEVICE else Effect.ALARM


def printable(raw: bytes, *, cut: bool = False) -> str | None:
    """The bytes as text, if a person can read all of it. ``cut``: half a character may stand at the end."""
    try:
        text = getincrementaldecoder("utf-8")().decode(raw, final=not cut)
    except UnicodeDecodeError:
        return None
    return text if all(one.isprintable() or one in "\r\n\t" for one in text) else None


def clock_is_off(occurred_at: datetime | None, received_at: datetime) -> bool:
    """A device whose clock is a day off is believed about the alarm and not about the time."""
    return occurred_at is not None and abs(received_at - occurred_at) > CLOCK_TOLERANCE
