"""Firmware for little computers: Tasmota, and ESPHome where its discovery is switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.radio import tasmota_bridge
from dispatch.gateways.mqtt.understand import Said, Word

TASMOTA = ("Tasmota",)
ESPHOME = ("ESPHome",)


def tasmota(device: str, rest: str, payload: bytes) -> list[Said]:
    """``tele/<device>/LWT``, ``stat/<device>/RESULT``, ``tele/<device>/SENSOR`` and so on. Raises ``NotRead``."""
    device = values.clean(device)
    if rest == "LWT":
        up = {"Online": True, "Offline": False}.get(values.text(payload).strip())
        if up is None:
            raise values.NotRead("neither Online nor Offline")
        return [Said(device, TASMOTA, available=up, alive=up)]
    if rest not in ("RESULT", "SENSOR", "STATE", "STATUS8", "STATUS10"):
        return []
    body = values.object_of(payload)
    if (heard := tasmota_bridge(device, body.get("RfReceived"))) is not None:
        return [heard, Said(device, TASMOTA)]
    if rest.startswith("STATUS"):
        body = dict(values.table(body, "StatusSNS"))
    words: list[Word] = []
    states: dict[str, str] = {}
    for name, value in body.items():
        action = values.word(values.inside(value, "Action"))
        if name.startswith("Button") and action:
            words.append(Word((f"{values.clean(name)} {action}", action)))
        elif name.startswith("Switch"):
            said = action or (value if isinstance(value, str) else None)
            states |= {values.clean(name): said} if said else {}
    return [Said(device, TASMOTA, tuple(words), states, data=dict(_measured(body)))]


def _measured(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if (level := values.percent(values.inside(body, "Battery"))) is not None:
        yield "battery", level
    if (signal := values.number(values.inside(body, "Wifi", "Signal"))) is not None:
        yield "signal_dbm", signal


def esphome(node: str, rest: str, payload: bytes) -> Said | None:
    """``<node>/status`` and ``<node>/binary_sensor/<id>/state``. Raises ``NotRead``."""
    steps = rest.split("/")
    device = values.clean(node)
    if steps == ["status"]:
        up = {"online": True, "offline": False}.get(values.text(payload).strip())
        if up is None:
            raise values.NotRead("neither online nor offline")
        return Said(device, ESPHOME, available=up, alive=up)
    if len(steps) != 3 or steps[2] != "state":
        return None
    value = values.word(values.text(payload))
    if value is None or steps[0] not in ("binary_sensor", "text_sensor", "sensor"):
        return None
    if steps[0] == "sensor":
        return Said(device, ESPHOME)
    return Said(device, ESPHOME, states={values.clean(steps[1]): value})
