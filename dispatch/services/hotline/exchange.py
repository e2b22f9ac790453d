"""The exchange as the gateway process sees it: written down for those who do not listen to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.pbx import OURS, SOURCE
from dispatch.models.cases import Call
from dispatch.models.exchange import ExchangeState
from dispatch.models.outbox import Message
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp

SILENT = timedelta(seconds=20)
"""After so long without a word of the process that listens, the exchange counts as away."""
END_WITHIN = timedelta(seconds=30)
"""A wish to end a call that the exchange has not heard by then is forgotten: the operator sees that it goes on."""
LONGEST = timedelta(hours=12)
"""No call lasts longer: the end of an older one was never told, and is not asked for any more."""


@dataclass(frozen=True)
class Sight:
    """What is seen of it at one moment."""

    connected: bool
    waiting: dict[str, datetime]
    agents: tuple[dict[str, Any], ...]


def note(centre: Centre, name: str, seen: Sight, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        found = session.get(ExchangeState, name, with_for_update=True)
        if found is None:
            found = ExchangeState(name=name, connected=seen.connected, since=now)
            session.add(found)
        elif found.connected != seen.connected:
            found.since = now
        found.seen_at = now
        found.connected = seen.connected
        found.waiting = {call_id: stamp(since) for call_id, since in seen.waiting.items()}
        found.agents = list(seen.agents)


def state(session: Session, name: str) -> ExchangeState | None:
    return session.get(ExchangeState, name)


def is_away(found: ExchangeState | None, now: datetime) -> bool:
    return found is None or not found.connected or now - found.seen_at > SILENT


def any_away(session: Session, now: datetime) -> bool:
    """Whether nobody listens to any exchange: one that is only listened to is not named in the settings."""
    return all(is_away(found, now) for found in session.scalars(select(ExchangeState)))


def calls_to_end(centre: Centre, now: datetime) -> list[str]:
    """Calls that go on and whose operator wants them ended."""
    with centre.database.reads() as session:
        asked = Call.end_asked_at.is_not(None) & (Call.end_asked_at > now - END_WITHIN) & Call.ended_at.is_(None)
        return list(session.scalars(select(Call.call_id).where(asked)))


def text_of(centre: Centre, channel: str) -> str | None:
    """What is to be read to whoever picks up."""
    with centre.database.reads() as session:
        named = select(Message.body).where(Message.provider_id == channel, Message.channel == "voice")
        return session.scalar(named.order_by(Message.id.desc()).limit(1))


def open_calls(centre: Centre, now: datetime) -> list[str]:
    """Calls of an exchange that we listen to whose end nobody has told."""
    with centre.database.reads() as session:
        named = or_(*(Call.call_id.startswith(mark, autoescape=True) for mark in (SOURCE, OURS)))
        mine = select(Call.call_id).where(Call.first_at > now - LONGEST, Call.ended_at.is_(None), named)
        return list(session.scalars(mine))
