"""Pendants of 433 MHz, which have no address but a code: rtl_433's events, and Tasmota's radio bridge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dispatch.domain.mapping import DeviceMapping
from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.understand import Said, Word

REPEATS = timedelta(seconds=5)
"""A pendant says each press five to twenty times."""
WORDS = ("cmd", "event", "button")


def rtl_433(receiver: str, payload: bytes, mapping: DeviceMapping) -> Said | None:
    """None for models that no mapping knows: weather stations, tyres and doorbells of the neighbours.

    Two homes may have pendants of the same code: which of them it is, the receiver tells. Raises ``NotRead``.
    """
    body = values.object_of(payload)
    model = values.word(body.get("model"))
    if model is None or not mapping.knows(model):
        return None
    code = body.get("id")
    if not isinstance(code, int | str) or isinstance(code, bool):
        raise values.NotRead("a device without id")
    data: dict[str, Any] = {}
    states = {name: value for name, value in body.items() if name not in ("time", "model", "id", *WORDS)}
    if (is_good := values.number(body.get("battery_ok"))) is not None:
        states["battery_low"] = is_good == 0
        data["battery"] = round(min(1.0, max(0.0, is_good)) * 100)
    words = [str(body[name]) for name in WORDS if isinstance(body.get(name), int | str)]
    when = body.get("time")
    has_zone = isinstance(when, str) and (when.endswith("Z") or "+" in when[10:] or "-" in when[10:])
    return Said(
        device=values.clean(f"{receiver}/{model}/{code}"),
        models=(model,),
        words=tuple(Word((values.clean(word),)) for word in words),
        states=states,
        data=data,
        occurred_at=values.moment(when) if has_zone else None,
        debounce=REPEATS,
        by_radio=True,
    )


def tasmota_bridge(receiver: str, heard: Any) -> Said | None:
    """``RfReceived``: the code is the device, and its only word."""
    code = values.word(values.inside(heard, "Data"))
    if code is None:
        return None
    code = code.removeprefix("0x").upper()
    return Said(
        device=values.clean(f"{receiver}/{code}"),
        models=("Tasmota RF",),
        words=(Word((code,)),),
        debounce=REPEATS,
        by_radio=True,
    )
