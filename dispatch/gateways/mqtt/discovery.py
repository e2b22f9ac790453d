"""Home Assistant's MQTT discovery: devices that announce what they say, by which topic, and how it is to be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.domain.mapping import text_of
from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.proposals import Proposal

# Short names that firmware with little room uses, those of them that we read.
SHORT = {
    "atype": "automation_type",
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "dev": "device",
    "dev_cla": "device_class",
    "p": "platform",
    "pl": "payload",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "stat_t": "state_topic",
    "stype": "subtype",
    "t": "topic",
    "uniq_id": "unique_id",
    "val_tpl": "value_template",
}
SHORT_DEVICE = {
    "cns": "connections",
    "ids": "identifiers",
    "mdl": "model",
    "mdl_id": "model_id",
    "mf": "manufacturer",
}
SINGLE = frozenset({"binary_sensor", "sensor", "device_automation", "event"})
MOST_COMPONENTS = 200
TEMPLATE = re.compile(
    r"\{\{-?\s*value(?P<json>_json(?P<path>(?:\.\w+|\[\s*(?:'[^'\]]+'|\"[^\"\]]+\"|\d+)\s*\])+))?"
    r"\s*(?P<filters>(?:\|\s*(?:default|int|float|string|lower|upper|trim|bool)(?:\([^(){}]*\))?\s*)*)-?\}\}"
)
STEP = re.compile(r"\.(\w+)|\[\s*(?:'([^']+)'|\"([^\"]+)\"|(\d+))\s*\]")


@dataclass(frozen=True)
class Place:
    """Where in a message a value stands. None: the whole message, as text."""

    path: tuple[str | int, ...] | None = None

    @classmethod
    def of(cls, template: Any) -> Place:
        """Of a template of the simple kind. Raises ``NotRead``."""
        if template in (None, ""):
            return cls()
        found = TEMPLATE.fullmatch(template.strip()) if isinstance(template, str) and len(template) < 500 else None
        if found is None:
            raise values.NotRead(f"a template that we cannot follow: {values.clean(str(template), 120)}")
        if not found["json"]:
            return cls()
        return cls(tuple(int(m[4]) if m[4] else m[1] or m[2] or m[3] for m in STEP.finditer(found["path"])))

    def value(self, payload: bytes) -> Any:
        """None where there is none. Raises ``NotRead``."""
        if self.path is None:
            return values.text(payload)
        value = values.json_of(payload)
        for step in self.path:
            if isinstance(step, str):
                value = value.get(step) if isinstance(value, dict) else None
            else:
                value = value[step] if isinstance(value, list) and step < len(value) else None
        return value


@dataclass(frozen=True)
class Entity:
    """One thing that a device says."""

    device: str
    models: tuple[str, ...]
    name: str
    component: str
    topic: str
    place: Place
    device_class: str | None = None
    on: str = "true"
    off: str = "false"
    """Of a ``device_automation``, ``on`` is the payload that is meant."""
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Availability:
    device: str
    models: tuple[str, ...]
    topic: str
    place: Place
    up: str
    down: str
    mode: str
    together: tuple[str, ...]
    """All topics of the device that tell whether it can be reached."""
    bridge: str


@dataclass(frozen=True)
class Announced:
    """One configuration message, or what one device says in it."""

    device: str
    entities: tuple[Entity, ...] = ()
    availability: tuple[Availability, ...] = ()
    proposal: Proposal | None = None
    faults: tuple[str, ...] = ()

    @property
    def topics(self) -> set[str]:
        return {e.topic for e in self.entities} | {a.topic for a in self.availability}


def announced(prefix: str, topic: str, payload: bytes) -> Announced | None:
    """None for what is none of our business. Raises ``NotRead``."""
    steps = topic[len(prefix) + 1 :].split("/")
    if steps[-1] != "config" or len(steps) not in (3, 4):
        return None
    component, name = steps[0], steps[-2]
    if component != "device" and component not in SINGLE:
        return None
    body = _long(values.object_of(payload), SHORT)
    about = _long(values.table(body, "device"), SHORT_DEVICE)
    device = _number(about)
    if device is None:
        return None  # nobody could register it
    parts = {name: {**body, "platform": component}}
    if component == "device":
        parts = {}
        for key, part in list(values.table(body, "components").items())[:MOST_COMPONENTS]:
            if isinstance(part, dict):
                parts[str(key)] = {**body, **_long(part, SHORT)}
    return _collect(_Device(device, about), body, parts)


class _Device:
    def __init__(self, number: str, about: Mapping[str, Any]) -> None:
        self.number = number
        names = (values.word(about.get("model_id")), values.word(about.get("model")))
        self.models = tuple(n for n in names if n)
        self.name = values.word(about.get("name")) or ""
        self.maker = values.word(about.get("manufacturer")) or ""
        self.bridge = values.word(about.get("via_device"))


def _collect(device: _Device, body: dict[str, Any], parts: Mapping[str, dict[str, Any]]) -> Announced:
    entities, faults = [], []
    for name, part in parts.items():
        try:
            entity = _entity(device, values.clean(name), _based(part))
        except values.NotRead as fault:
            faults.append(f"{values.clean(name, 60)}: {fault}")
        else:
            if entity is not None:
                entities.append(entity)
    try:
        availability = _availability(device, _based(body))
    except values.NotRead as fault:
        availability = ()
        faults.append(str(fault))
    proposal = Proposal(
        number=device.number,
        protocol="homeassistant",
        model=device.models[0] if device.models else "",
        name=device.name,
        maker=device.maker,
        about=", ".join(sorted({e.device_class or e.name for e in entities}))[: values.LONGEST_TEXT],
        bridge=device.bridge,
    )
    return Announced(device.number, tuple(entities), availability, proposal, tuple(faults))


def _entity(device: _Device, name: str, part: Mapping[str, Any]) -> Entity | None:
    component = part.get("platform")
    topic = part.get("topic") if component == "device_automation" else part.get("state_topic")
    if component not in SINGLE or not isinstance(topic, str) or not is_topic(topic):
        return None
    device_class = values.word(part.get("device_class"))
    place = Place.of(part.get("value_template"))
    on, off = text_of(part.get("payload_on", "ON")), text_of(part.get("payload_off", "OFF"))
    triggers: tuple[str, ...] = ()
    if component == "device_automation":
        kind, subtype = values.word(part.get("type")), values.word(part.get("subtype"))
        on = text_of(part["payload"]) if "payload" in part else ""
        both = f"{subtype} {kind}" if kind and subtype else None
        triggers = tuple(t for t in (both, values.word(part.get("payload")), subtype) if t) or (name,)
    return Entity(device.number, device.models, name, str(component), topic, place, device_class, on, off, triggers)


def _availability(device: _Device, body: Mapping[str, Any]) -> tuple[Availability, ...]:
    listed = body.get("availability")
    listed = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
    if not listed and "availability_topic" in body:
        listed = [{**body, "topic": body["availability_topic"], "value_template": body.get("availability_template")}]
    ways = [_based(_long(one, SHORT), body) for one in listed[:MOST_COMPONENTS] if isinstance(one, dict)]
    ways = [way for way in ways if is_topic(way.get("topic"))]
    mode = values.word(body.get("availability_mode")) or "latest"
    return tuple(
        Availability(
            device=device.number,
            models=device.models,
            topic=way["topic"],
            place=Place.of(way.get("value_template")),
            up=text_of(way.get("payload_available", "online")),
            down=text_of(way.get("payload_not_available", "offline")),
            mode=mode,
            together=tuple(w["topic"] for w in ways),
            bridge=device.bridge or values.clean(way["topic"].rpartition("/")[0] or way["topic"]),
        )
        for way in ways
    )


def _number(about: Mapping[str, Any]) -> str | None:
    given = about.get("identifiers")
    given = given[0] if isinstance(given, list) and given else given
    if (found := values.word(given)) is not None:
        return found
    pairs = about.get("connections")
    pair = pairs[0] if isinstance(pairs, list) and pairs else None
    return values.word(pair[1]) if isinstance(pair, list) and len(pair) == 2 else None


def _long(body: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in body.items()}


def _based(part: Mapping[str, Any], over: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``~`` at either end of a topic stands for the common beginning."""
    base = part.get("~", (over or {}).get("~"))
    found = dict(part)
    if not isinstance(base, str):
        return found
    for key in ("state_topic", "topic", "availability_topic"):
        topic = found.get(key)
        if isinstance(topic, str) and topic.startswith("~"):
            found[key] = base + topic[1:]
        elif isinstance(topic, str) and topic.endswith("~"):
            found[key] = topic[:-1] + base
    return found


def is_topic(topic: Any) -> bool:
    """One that we may ask the broker for: whole, and without a place holder."""
    return isinstance(topic, str) and 0 < len(topic) <= 500 and topic.isprintable() and not set("+#") & set(topic)
