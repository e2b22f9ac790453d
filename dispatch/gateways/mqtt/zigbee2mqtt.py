"""Zigbee2MQTT: ``<base>/<friendly name>`` with all that a device last said, and ``<base>/bridge/…`` of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.proposals import Proposal
from dispatch.gateways.mqtt.understand import Said, Word

BRIDGE = ("Zigbee2MQTT",)
"""The model of what has no model of its own."""
COMMANDS = ("set", "get")
TELEMETRY = ("linkquality", "voltage", "breathing_rate", "heart_rate", "temperature", "humidity", "device_temperature")
BEATS = ("health", "info", "devices")
"""What Zigbee2MQTT says of itself now and then; the broker keeps some of it, which is then no sign of life."""


@dataclass(frozen=True)
class Known:
    """One device of an inventory."""

    ieee: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Inventory:
    """``<base>/bridge/devices``, kept by the broker: whose names are whose."""

    bridge: str
    by_name: Mapping[str, Known] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()


def inventory(base: str, payload: bytes) -> Inventory:
    """Raises ``NotRead``."""
    found = values.json_of(payload, values.LONGEST_INVENTORY)
    if not isinstance(found, list):
        raise values.NotRead("an inventory is a list")
    bridge, by_name, proposals = base, {}, []
    for each in found:
        ieee = values.word(values.inside(each, "ieee_address"))
        name = values.inside(each, "friendly_name")
        if ieee is None or not isinstance(name, str):
            continue
        if each.get("type") == "Coordinator":
            bridge = ieee
            proposals.append(Proposal(ieee, "zigbee2mqtt", BRIDGE[0], name=base))
            continue
        definition = values.table(each, "definition")
        models = (values.word(values.inside(definition, "model")), values.word(each.get("model_id")))
        known = Known(ieee, tuple(m for m in models if m))
        by_name[name] = known
        maker = values.word(values.inside(definition, "vendor")) or values.word(each.get("manufacturer"))
        proposals.append(
            Proposal(
                number=ieee,
                protocol="zigbee2mqtt",
                model=known.models[0] if known.models else "",
                name=values.clean(name),
                maker=maker or "",
                about=values.word(values.inside(definition, "description")) or "",
            )
        )
    return Inventory(bridge, by_name, tuple(p if p.number == bridge else p.behind(bridge) for p in proposals))


def name_of(base: str, topic: str, inventory: Inventory | None) -> tuple[str, str]:
    """The friendly name in ``topic``, which may hold slashes, and what follows it (``action``, ``availability``)."""
    rest = topic[len(base) + 1 :]
    if inventory is not None and rest in inventory.by_name:
        return rest, ""
    head, _, tail = rest.rpartition("/")
    if not head:
        return rest, ""
    if inventory is not None and head in inventory.by_name:
        return head, tail
    return (head, tail) if tail in ("action", "availability", *COMMANDS) else (rest, "")


def said(base: str, topic: str, payload: bytes, inventory: Inventory | None) -> Said | None:
    """What a device says; None where it says nothing. Raises ``NotRead``."""
    name, part = name_of(base, topic, inventory)
    if part in COMMANDS:
        return None
    known = inventory.by_name.get(name) if inventory is not None else None
    device = known.ieee if known is not None else values.clean(f"{base}/{name}")
    models = known.models if known is not None else ()
    if part == "availability":
        return Said(device, models, available=_online(payload), alive=False)
    if part == "action":
        word = values.word(values.text(payload))
        return Said(device, models, (Word((word,), "topic"),), alive=False) if word else None
    if part:  # `advanced.output: attribute` says each property by itself
        return Said(device, models, states={part: values.word(values.text(payload))})
    if not payload:
        return None  # a device that was removed, and its retained state with it
    return _state(device, models, values.object_of(payload))


def _state(device: str, models: tuple[str, ...], body: dict[str, Any]) -> Said:
    word = values.word(body.get("action"))
    seen = body.get("last_seen")
    at = values.moment(seen)
    data: dict[str, Any] = {}
    if (battery := values.percent(body.get("battery"))) is not None:
        data["battery"] = battery
    for name in TELEMETRY:
        if (measured := values.number(body.get(name))) is not None:
            data[name] = int(measured) if measured == int(measured) else measured
    return Said(
        device,
        models,
        words=(Word((word,), "json"),) if word else (),
        states={name: value for name, value in body.items() if name != "action"},
        data=data,
        occurred_at=at,
        event=str(seen)[:64] if at is not None else None,
    )


def bridge(topic_rest: str, payload: bytes, device: str) -> Said | None:
    """What Zigbee2MQTT says of itself: its last will, and that it lives."""
    if topic_rest == "bridge/state":
        return Said(device, BRIDGE, available=_online(payload), alive=_online(payload) is True)
    if topic_rest.removeprefix("bridge/") in BEATS:
        return Said(device, BRIDGE)
    return None


def _online(payload: bytes) -> bool:
    """As JSON, or as the bare word that old ones write. Raises ``NotRead``."""
    said = values.text(payload).strip()
    if said.startswith("{"):
        said = str(values.object_of(payload).get("state"))
    if said not in ("online", "offline"):
        raise values.NotRead("neither online nor offline")
    return said == "online"
