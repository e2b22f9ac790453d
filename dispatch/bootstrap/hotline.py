"""The telephone exchange, put together: what it tells goes into the same service as what comes over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from dispatch.domain.calls import CallReport
from dispatch.domain.errors import Unavailable
from dispatch.domain.listening import Setup
from dispatch.domain.messages import Report
from dispatch.gateways.pbx.door import Seen
from dispatch.gateways.pbx.listener import OPTIONS, AsteriskListener
from dispatch.gateways.pbx.voice import AsteriskVoice
from dispatch.services.calls import receive_call
from dispatch.services.centre import Centre
from dispatch.services.hotline import exchange
from dispatch.services.sms import inbox
from dispatch.services.together import AWAY

T = TypeVar("T")


class CentreDoor:
    """Implements ``Door`` over the database, with a thread for each word: the loop never waits for a commit."""

    def __init__(self, centre: Centre, name: str) -> None:
        self._centre = centre
        self._name = name

    async def open_calls(self) -> list[str]:
        return await _stored(lambda: exchange.open_calls(self._centre, datetime.now(UTC)))

    async def call(self, report: CallReport) -> None:
        await _stored(lambda: receive_call(self._centre, report, datetime.now(UTC)))

    async def heard(self, report: Report) -> None:
        await _stored(lambda: inbox.keep(self._centre, replace(report, gateway=self._name), datetime.now(UTC)))

    async def text_of(self, channel: str) -> str | None:
        return await _stored(lambda: exchange.text_of(self._centre, channel))

    async def to_end(self) -> list[str]:
        return await _stored(lambda: exchange.calls_to_end(self._centre, datetime.now(UTC)))

    async def seen(self, seen: Seen, at: datetime) -> None:
        sight = exchange.Sight(seen.connected, seen.waiting, seen.agents)
        await _stored(lambda: exchange.note(self._centre, self._name, sight, at))


async def _stored(work: Callable[[], T]) -> T:
    """Raises ``Unavailable`` while the database is away; what it refuses for good is a defect."""
    try:
        return await asyncio.to_thread(work)
    except AWAY as error:
        raise Unavailable from error


def voice(setup: Setup) -> AsteriskVoice:
    """Raises ``ValueError``."""
    return AsteriskVoice(setup, setup.chosen(OPTIONS))


def asterisk(setup: Setup, centre: Centre) -> AsteriskListener:
    """Raises ``ValueError``."""
    return AsteriskListener(setup, CentreDoor(centre, setup.name))
