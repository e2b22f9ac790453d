"""What devices say by the topics that they announced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from dispatch.domain.mapping import text_of
from dispatch.gateways.mqtt import values
from dispatch.gateways.mqtt.discovery import Availability, Entity
from dispatch.gateways.mqtt.understand import Last, Said, Word

UP = "\0up "
"""Before a topic: whether a device can be reached by what that topic said last."""


def said(entities: Iterable[Entity], payload: bytes) -> list[Said]:
    """What each device says by the topic that these entities share. Raises ``NotRead``."""
    found: dict[str, list[Entity]] = defaultdict(list)
    for entity in entities:
        found[entity.device].append(entity)
    return [_of_one(device, own, payload) for device, own in found.items()]


def _of_one(device: str, entities: list[Entity], payload: bytes) -> Said:
    states: dict[str, Any] = {}
    words: list[Word] = []
    data: dict[str, Any] = {}
    classes: dict[str, str] = {}
    for entity in entities:
        value = entity.place.value(payload)
        if value is None or isinstance(value, dict):
            words += _event(entity, value)
            continue
        match entity.component:
            case "binary_sensor":
                if text_of(value) in (entity.on, entity.off):
                    states[entity.name] = text_of(value) == entity.on
                    classes[entity.name] = entity.device_class or ""
            case "device_automation":
                words += [Word(entity.triggers, "trigger")] if not entity.on or text_of(value) == entity.on else []
            case "event":
                words += _event(entity, _json(payload))
            case _:
                states[entity.name] = value
                battery = values.percent(_number(value)) if entity.device_class == "battery" else None
                data |= {} if battery is None else {"battery": battery}
    return Said(device, entities[0].models, tuple(words), states, data=data, classes=classes)


def _event(entity: Entity, value: Any) -> list[Word]:
    word = values.word(values.inside(value, "event_type")) if entity.component == "event" else None
    return [Word((word,), "event")] if word else []


def _json(payload: bytes) -> Any:
    try:
        return values.json_of(payload)
    except values.NotRead:
        return None


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return float(value[:20])
        except ValueError:
            return None
    return value


def reachable(ways: Iterable[Availability], payload: bytes, last: Callable[[str], Last]) -> list[Said]:
    """Which devices can be reached, by what ``payload`` says on the topic that these ways share.

    A topic that several devices name is their bridge's: then it is one that is away, and not each of them.
    """
    each = {way.device: way for way in ways}
    if len(each) > 1:
        way = next(iter(each.values()))
        up = _is_up(way, payload)
        return [] if up is None else [Said(way.bridge, available=up, alive=up)]
    return [found for way in each.values() if (found := _one(way, payload, last(way.device))) is not None]


def _one(way: Availability, payload: bytes, last: Last) -> Said | None:
    up = _is_up(way, payload)
    if up is None:
        return None
    known = {topic: last.states.get(UP + topic) == "true" for topic in way.together} | {way.topic: up}
    together = {"all": all(known.values()), "any": any(known.values())}.get(way.mode, up)
    unheard = [t for t in way.together if t != way.topic and UP + t not in last.states]
    decided = together or way.mode == "latest" or not up or not unheard
    return Said(
        way.device,
        way.models,
        available=together if decided else None,
        alive=False,
        remember={UP + way.topic: text_of(up)},
    )


def _is_up(way: Availability, payload: bytes) -> bool | None:
    value = way.place.value(payload)
    said = text_of(value) if value is not None else None
    return {way.up: True, way.down: False}.get(said or "")
