"""LoRaWAN by ChirpStack 4 in JSON, and what Milesight's WS101 button says in its bytes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.understand import Said, Word

MILESIGHT_PORT = 85
PRESSES = {1: "short", 2: "long", 3: "double"}
# Channel and type of what Milesight's devices say -> how many bytes follow.
LENGTHS = {
    (0x01, 0x75): 1,
    (0xFF, 0x2E): 1,
    (0xFF, 0x01): 1,
    (0xFF, 0x08): 6,
    (0xFF, 0x09): 2,
    (0xFF, 0x0A): 2,
    (0xFF, 0x0B): 1,
    (0xFF, 0x0F): 1,
    (0xFF, 0x16): 8,
    (0xFF, 0xFF): 2,
}
BATTERY, BUTTON = (0x01, 0x75), (0xFF, 0x2E)
SILENT = ("ack", "txack", "log", "location")


def chirpstack(device: str, event: str, payload: bytes) -> Said | None:
    """``application/<id>/device/<eui>/event/<event>``. Raises ``NotRead``."""
    if event in SILENT:
        return None
    body = values.object_of(payload)
    eui = values.word(values.inside(body, "deviceInfo", "devEui")) or values.clean(device)
    profile = values.word(values.inside(body, "deviceInfo", "deviceProfileName"))
    words, data = [], dict(_radio(body))
    model = profile or ""
    raw = _bytes(body.get("data"))
    if raw and (body.get("fPort") == MILESIGHT_PORT or model.upper().startswith("WS101")):
        for what, value in milesight(raw):
            if what == BATTERY and value[0] <= 100:
                data["battery"] = value[0]
            elif what == BUTTON and value[0] in PRESSES:
                words.append(PRESSES[value[0]])
                model = "WS101"
    decoded = body.get("object")
    if not words and (press := _press(decoded)) is not None:
        words.append(press)
    level = None if body.get("batteryLevelUnavailable") else values.percent(body.get("batteryLevel"))
    data |= {"battery": level} if event == "status" and level is not None else {}
    return Said(
        device=eui.lower(),
        models=tuple(name for name in (profile, model) if name),
        words=tuple(Word((word,)) for word in words),
        states=decoded if isinstance(decoded, dict) else {},
        data=data,
        occurred_at=values.moment(body.get("time")),
        event=values.word(body.get("deduplicationId")),
    )


def milesight(raw: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Channel and type with their bytes, up to the first that we do not know the length of."""
    at = 0
    while at + 2 <= len(raw):
        what = (raw[at], raw[at + 1])
        length = LENGTHS.get(what)
        if length is None or at + 2 + length > len(raw):
            return
        yield what, raw[at + 2 : at + 2 + length]
        at += 2 + length


def _press(decoded: Any) -> str | None:
    """By the codec of the network, which names it in one of two shapes: ``short``, or ``short press``."""
    said = values.word(values.inside(decoded, "button_event", "status")) or values.word(
        values.inside(decoded, "button")
    )
    return said.casefold().removesuffix(" press") if said else None


def _bytes(data: Any) -> bytes:
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _radio(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    receivers = body.get("rxInfo")
    heard = [values.number(values.inside(one, "rssi")) for one in receivers] if isinstance(receivers, list) else []
    known = [rssi for rssi in heard if rssi is not None]
    if known:
        yield "rssi", max(known)
