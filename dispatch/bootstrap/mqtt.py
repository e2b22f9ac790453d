"""The MQTT listener, put together: with the mapping of the centre, and what its register of devices says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.listening import Setup
from dispatch.domain.overlay import Mark, Overlay
from dispatch.gateways.mqtt.listener import MqttListener
from dispatch.gateways.mqtt.proposals import Proposal
from dispatch.services.centre import Centre
from dispatch.services.devices import announced, meanings
from dispatch.services.devices.announced import Announcement

log = structlog.get_logger()
FRESH = 30.0
"""Seconds for which an answer of the register is believed."""
MOST_ASKED = 10_000


def listener(setup: Setup, centre: Centre) -> MqttListener:
    """Raises ``ValueError`` for options that it cannot work with."""
    return MqttListener(setup, centre.mapping, Devices(centre, setup.name), centre.data_dir / "gateway")


class Devices:
    """Implements ``Register`` over the database."""

    def __init__(self, centre: Centre, name: str) -> None:
        self._centre = centre
        self._name = name
        self._known: dict[str, tuple[float, bool]] = {}
        self._away = False

    async def is_known(self, number: str) -> bool:
        asked_at, answer = self._known.get(number, (0.0, False))
        now = time.monotonic()
        if asked_at and now - asked_at < FRESH:
            return answer
        found = await self._ask(partial(announced.is_known, self._centre, number))
        if found is None:
            return True  # rather an alarm of somebody else's pendant than none of ours
        if len(self._known) >= MOST_ASKED:
            self._known.clear()
        self._known[number] = (now, found)
        return bool(found)

    async def propose(self, proposals: Sequence[Proposal]) -> bool:
        announcements = [_announcement(self._name, proposal) for proposal in proposals]
        stored = await self._ask(partial(announced.announce, self._centre, announcements, datetime.now(UTC)))
        return stored is not None

    async def announced(self, topic: str, device: str | None, payload: bytes) -> bool:
        told = None if device is None else (device, payload)
        keep = partial(meanings.announced, self._centre, self._name, topic, told, datetime.now(UTC))
        return await self._ask(lambda: (keep(), True)) is not None

    async def overlay(self, known: Mark) -> Overlay | None:
        try:
            found = await asyncio.to_thread(meanings.overlay, self._centre, known)
        except SQLAlchemyError as error:
            if not self._away:  # asked every two seconds: said once
                log.warning("mqtt_mapping_not_looked_at", listener=self._name, error=type(error).__name__)
            self._away = True
            return None
        self._away = False
        return found

    async def _ask(self, what: Callable[[], Any]) -> Any:
        """None: the database is away."""
        try:
            return await asyncio.to_thread(what)
        except SQLAlchemyError as error:
            log.warning("mqtt_register_away", listener=self._name, error=type(error).__name__)
            return None


def _announcement(name: str, proposal: Proposal) -> Announcement:
    about = {key: value for key, value in asdict(proposal).items() if value and key not in ("number", "protocol")}
    return Announcement(proposal.number[:100], f"{name} {proposal.protocol}"[:100], about)
