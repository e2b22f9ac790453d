"""What is read without a socket of ours: a broker's messages, what clouds bring, the lines of a telephone exchange.

Each is called with bytes and raises whatever is no refusal in the reader's own words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from dispatch.domain.mapping import DeviceMapping
from dispatch.domain.webhooks import ANYWHERE, Form, Source
from dispatch.gateways.frame import Message
from dispatch.gateways.mqtt.understand import Last, understand
from dispatch.gateways.mqtt.values import LONGEST_NUMBER, LONGEST_TEXT, NotRead
from dispatch.gateways.pbx.following import Exchange
from dispatch.gateways.pbx.wire import Feed, Garbled
from dispatch.gateways.webhooks import forms
from dispatch.gateways.webhooks.signature import is_signed_body
from tests.support.mqtt import Air, mapping_of

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NEXT = b"\x1e"
"""Between the messages of one broker."""
RETAINED = b"!"
"""Before the topic of a message that the broker has kept."""
MOST_KEPT = 4000
"""Bytes of what is stored beside the raw message."""


def check_messages(messages: Iterable[Message]) -> None:
    """Whatever was said, this can be stored."""
    for message in messages:
        assert 0 < len(message.device) <= LONGEST_NUMBER
        assert message.device.isprintable()
        assert message.event_id is None or 0 < len(message.event_id) <= LONGEST_TEXT
        assert message.occurred_at is None or message.occurred_at.utcoffset() == timedelta()
        kept = json.dumps(message.data, allow_nan=False)
        assert "\\u0000" not in kept
        assert "\\ud8" not in kept
        assert len(kept) < MOST_KEPT


def check_air(air: Air) -> None:
    """What a gateway remembers can be written down, and what it asks a broker for is no pattern."""
    json.dumps({d: dict(last.states) for d, last in air.lasts.items()}).encode()
    for proposal in air.proposed:
        assert 0 < len(proposal.number) <= LONGEST_TEXT
    for asked in air.world.asked():
        assert not set("+#") & set(asked)


class Broker:
    """Messages of one broker, each its topic, a line's end and its payload."""

    def __init__(self) -> None:
        self._mapping = mapping_of()

    def __call__(self, data: bytes) -> None:
        air = Air(self._mapping, topics={"esphome": ["node"]})
        for message in data.split(NEXT):
            topic, _, payload = message.removeprefix(RETAINED).partition(b"\n")
            name, kept = topic.decode("utf-8", "replace"), message.startswith(RETAINED)
            try:
                said = air.says(name, payload, retained=kept, after=len(message) % 5)
            except NotRead:
                continue
            check_messages(said)
        check_air(air)


class Clouds:
    """One delivery, to each form as if it were its own."""

    def __init__(self) -> None:
        self._mapping: DeviceMapping = mapping_of()
        self._sources = [Source.load(form.value, {"form": form.value, "from": [ANYWHERE]}) for form in Form]

    def __call__(self, data: bytes) -> None:
        is_signed_body("secret", data)
        for source in self._sources:
            try:
                said = forms.read(source, data)
            except NotRead:
                continue
            for one in said:
                words = self._mapping.of(one.device, *one.models)
                mapped = forms.as_mapped(one, words)
                check_messages(understand(mapped, words, Last({}), AT).messages)


class Manager:
    """A stream of the manager interface, whole and cut in two: no cut may change what is heard."""

    def __call__(self, data: bytes) -> None:
        assert self._heard(data) == self._heard(data[: len(data) // 2], data[len(data) // 2 :])

    def _heard(self, *pieces: bytes) -> list[str] | None:
        feed, exchange = Feed(), Exchange(("hotline",), r"/(?:agent)?(\d+)", ())
        found: list[str] = []
        for piece in pieces:
            try:
                packets = feed.push(piece)
            except Garbled:
                return None
            for packet in packets:
                found += [repr(report) for report in exchange.hear(packet, AT)]
        return found
