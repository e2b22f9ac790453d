"""What a watch says in one frame: alarms, states, measurements, and what it wants to hear."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch.domain.signals import SignalKind
from dispatch.gateways.frame import Message
from dispatch.gateways.watch.frames import Frame
from dispatch.gateways.watch.position import Fix, Place, read_place
from dispatch.gateways.watch.rules import BITS, PLAUSIBLE, UNKNOWN_ALARM, WatchRules

SAME_WITHIN = timedelta(minutes=10)
"""So long a copy of an alarm is known by its time. A watch whose clock stands still sends new alarms under an old time:
later than that, two that look the same are two.
"""
ANSWERS = {"INIT": "INIT,1", "TKQ": "TKQ", "TKQ2": "TKQ2", "TK": "TK,0", "JXTK": "JXTKR,0"}
"""Voice is refused: nobody would hear it."""
LOW_BITS = 16
Values = list[str]


@dataclass(frozen=True)
class Reading:
    events: tuple[Message, ...] = ()
    """Each is news, every time."""
    states: Mapping[str, Message] = field(default_factory=dict)
    """News only when it was not so before."""
    over: frozenset[str] = frozenset()
    """States that are not so now."""
    beat: Message | None = None
    """It is alive, and says something besides."""
    fix: Fix | None = None
    reply: str | None = None
    """None: it expects none. After an alarm it is sent only when the alarm is stored."""


def read(frame: Frame, at: datetime, rules: WatchRules, last: Fix | None = None) -> Reading:
    """``at`` is when it came, ``last`` the last known place of this watch. Never raises: an AL frame is an alarm."""
    values = frame.body.decode("utf-8", "replace").split(",")
    kind = frame.kind
    known = Known(at, rules, last)
    if kind.startswith("AL"):
        return _alarm(frame, read_place(values, rules.zone), known)
    if kind.startswith(("UD", "WT")):
        return _position(frame, read_place(values, rules.zone), known)
    if kind in MEASURED:
        return _measurement(frame, MEASURED[kind](values), rules)
    if kind == "LK":
        return Reading(beat=Message(frame.device, SignalKind.HEARTBEAT, data=_beat(values)), reply="LK")
    data: dict[str, Any] = {"code": kind}
    if kind in ("TK", "JXTK", "IMG"):
        data["bytes"] = len(frame.body)
    return Reading(beat=Message(frame.device, SignalKind.HEARTBEAT, data=data), reply=ANSWERS.get(kind))


def _beat(values: Values) -> dict[str, Any]:
    """``steps, tumbles, battery``, or nothing at all."""
    if len(values) < 3:
        return {"code": "LK"}
    found = {"steps": _whole(values[0]), "battery": _percent(values[2])}
    return {"code": "LK"} | {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Known:
    """What a frame is read by, besides itself."""

    at: datetime
    rules: WatchRules
    last: Fix | None


def _alarm(frame: Frame, place: Place, known: Known) -> Reading:
    said = _said(frame, _names(place.status) or [UNKNOWN_ALARM], place, known)
    return Reading(events=tuple(said.values()), fix=place.fix, reply="AL")


def _position(frame: Frame, place: Place, known: Known) -> Reading:
    """A position carries the status too: what it says is news when it was not so before."""
    names = _names(place.status)
    data = {"code": frame.kind} | _data(frame, place, known.last)
    return Reading(
        states=_said(frame, names, place, known),
        over=frozenset(BITS.values()) - set(names) if place.status is not None else frozenset(),
        beat=Message(frame.device, SignalKind.HEARTBEAT, occurred_at=place.at, data=data),
        fix=place.fix,
    )


def _said(frame: Frame, names: list[str], place: Place, known: Known) -> dict[str, Message]:
    data = _data(frame, place, known.last)
    copy = _copy(frame, place.at, known.at)
    return {
        name: Message(
            device=frame.device,
            kind=known.rules.meaning[name],
            event_id=f"{copy}:{name}" if copy else None,
            occurred_at=place.at,
            data={"code": f"{frame.kind} {name}"} | data,
        )
        for name in names
    }


def _names(status: int | None) -> list[str]:
    """The alarms of a status word, each once, the loudest bits first. Low ones count only where no alarm bit is set."""
    bits = [bit for bit in BITS if status is not None and status >> bit & 1]
    loud = [bit for bit in bits if bit >= LOW_BITS]
    return list(dict.fromkeys(BITS[bit] for bit in loud or bits))


def _data(frame: Frame, place: Place, last: Fix | None) -> dict[str, Any]:
    data = dict(place.data)
    fix = place.fix or last
    if fix is not None and "lat" not in data:
        data |= {"lat": fix.lat, "lon": fix.lon, "fix": "last", "fixed_at": fix.at.isoformat()}
    if not frame.right_length:
        data["wrong_length"] = True
    return data


def _copy(frame: Frame, occurred_at: datetime | None, at: datetime) -> str | None:
    if occurred_at is None or abs(at - occurred_at) > SAME_WITHIN:
        return None
    return f"{frame.kind}:{hashlib.sha256(frame.body).hexdigest()[:24]}"


def _measurement(frame: Frame, found: Mapping[str, float | None], rules: WatchRules) -> Reading:
    """Of values that are possible at all. One outside of its limits is an alarm until one within them comes."""
    values = {name: value for name, value in found.items() if value is not None and _possible(name, value)}
    if not values:
        return Reading(beat=Message(frame.device, SignalKind.HEARTBEAT, data={"code": frame.kind}))
    wrong = [n for n, value in values.items() if not rules.limits[n][0] <= value <= rules.limits[n][1]]
    over = frozenset(values) - set(wrong)
    data: dict[str, Any] = {"code": frame.kind} | values
    beat = Message(frame.device, SignalKind.HEARTBEAT, data=data)
    states = {name: Message(frame.device, SignalKind.VITALS, data=data | {"outside": name}) for name in wrong}
    return Reading(states=states, over=over, beat=beat)


def _possible(name: str, value: float) -> bool:
    low, high = PLAUSIBLE[name]
    return low <= value <= high


def _pressure(values: Values) -> dict[str, float | None]:
    """``systolic, diastolic``, and the pulse where it was counted too."""
    return dict(zip(("systolic", "diastolic", "heart_rate"), map(_number, values), strict=False))


MEASURED: dict[str, Callable[[Values], dict[str, float | None]]] = {
    "HEART": lambda values: {"heart_rate": _number(values[0])},
    "PULSE": lambda values: {"heart_rate": _number(values[0])},
    "BLOOD": _pressure,
    "BPHRT": _pressure,
    "BTEMP2": lambda values: {"temperature": _number(values[1]) if len(values) > 1 else None},
    "OXYGEN": lambda values: {"spo2": _number(values[-1])},
}

_NUMBER = re.compile(r"\s*-?\d{1,6}(\.\d{1,9})?\s*", re.ASCII)


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return int(value) if value == int(value) else value


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _percent(text: str) -> int | None:
    value = _whole(text)
    return value if value is not None and value <= 100 else None
