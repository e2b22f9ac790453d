"""The queue of the hotline and its answers in time, for the supervisor. What each number means stands here once.

Counted are callers who joined the queue, by the answer of a person or by giving up, and never by the seconds of a bill:
the exchange bills a caller whom nobody has answered, because the queue itself has picked up.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.calls import DAY, Connection, Ended, HotlineRules, connection, worst
from dispatch.models.cases import Call, Case
from dispatch.models.exchange import ExchangeState
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.hotline.exchange import is_away
from dispatch.services.rows import stamp, visible

LOOKED_AT = timedelta(days=7)
"""How far back the worst 24 hours are looked for."""
WAITS = timedelta(hours=1)
"""Nobody waits longer in a queue: the end of such a call was never told."""
STATES = ("free", "ringing", "busy", "paused", "away")


def hotline(centre: Centre, actor: Actor, now: datetime) -> dict[str, Any]:
    rules = centre.hotline
    with centre.database.reads() as session:
        ended = _ended(session, actor, now - LOOKED_AT - DAY)
        exchange = _exchange(session, centre)
        waiting = session.execute(_waiting(actor, now)).one()
    last = connection(ended, now, rules.answer_within)
    recent = [one for one in ended if one.at > now - LOOKED_AT]
    lowest = worst(recent, rules.answer_within)
    return {
        "server_time": stamp(now),
        "exchange": exchange and _exchange_json(exchange, now),
        "waiting": {"number": waiting[0], "oldest": stamp(waiting[1])},
        "last_day": _json(last, rules),
        "worst_day": lowest and _json(lowest, rules),
        "targets": {
            "connected": rules.connected,
            "answered": rules.answered,
            "within": int(rules.answer_within.total_seconds()),
        },
    }


def is_below(session: Session, centre: Centre, actor: Actor, now: datetime) -> bool:
    """Whether the calls of the last 24 hours were answered too seldom, or too late."""
    last = connection(_ended(session, actor, now - 2 * DAY), now, centre.hotline.answer_within)
    return any(_below(last, centre.hotline).values())


def exchange_is_away(session: Session, centre: Centre, now: datetime) -> bool:
    """Where one is used that has been seen before."""
    found = _exchange(session, centre)
    return found is not None and is_away(found, now)


def _calls(actor: Actor, *columns: Any) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(*columns)
        .select_from(Call)
        .join(Case, Case.id == Call.case_id)
        .outerjoin(Area, Area.id == Case.area_id)
        .where(Call.outward.is_(False))
    )
    return visible(statement, actor)


def _ended(session: Session, actor: Actor, since: datetime) -> list[Ended]:
    columns = _calls(actor, Call.first_at, Call.waited, Call.answered_at)
    found = session.execute(columns.where(Call.first_at > since, Call.waited.is_not(None)))
    return [
        Ended(first_at + timedelta(seconds=waited), answered is not None, timedelta(seconds=waited))
        for first_at, waited, answered in found
    ]


def _waiting(actor: Actor, now: datetime) -> Select[*tuple[Any, ...]]:
    waits = (Call.answered_at.is_(None), Call.ended_at.is_(None), Call.first_at > now - WAITS)
    return _calls(actor, func.count(Call.id), func.min(Call.first_at)).where(*waits)


def _exchange(session: Session, centre: Centre) -> ExchangeState | None:
    named = select(ExchangeState).order_by((ExchangeState.name == centre.exchange).desc(), ExchangeState.seen_at.desc())
    return session.scalar(named.limit(1))


def _exchange_json(found: ExchangeState, now: datetime) -> dict[str, Any]:
    away = is_away(found, now)
    agents = [] if away else found.agents
    return {
        "name": found.name,
        "connected": not away,
        "since": stamp(found.since if found.connected != away else found.seen_at),
        "agents": {state: sum(agent["state"] == state for agent in agents) for state in STATES},
    }


def _below(found: Connection, rules: HotlineRules) -> dict[str, bool]:
    return {
        "connected": found.connected_percent is not None and found.connected_percent < rules.connected,
        "answered": found.in_time_percent is not None and found.in_time_percent < rules.answered,
    }


def _json(found: Connection, rules: HotlineRules) -> dict[str, Any]:
    return {
        "until": stamp(found.until),
        "calls": found.calls,
        "answered": found.answered,
        "in_time": found.in_time,
        "connected_percent": found.connected_percent,
        "in_time_percent": found.in_time_percent,
        "below": _below(found, rules),
    }
