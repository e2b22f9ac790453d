"""Check-in visits for the small town."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from dispatch.models.visits import CheckinRefusal, CheckinVisit
from dispatch.services.visits import extra, generating
from dispatch.services.work import Act
from tests.support.factories import START, Town

MONTH = f"{START:%Y-%m}"


def generate(town: Town, month: str = MONTH, now: datetime = START) -> dict[str, Any]:
    return generating.generate(town.centre, Act(town.actor("boss"), now), month, lambda: now)


def visit_of(town: Town, name: str, period: str = MONTH) -> CheckinVisit:
    with town.centre.database.reads() as session:
        return session.scalars(
            select(CheckinVisit).where(CheckinVisit.elder_id == town.elders[name], CheckinVisit.period == period)
        ).one()


def in_the_east(town: Town) -> dict[str, str]:
    """A visit of an elder there, and a refusal."""
    generate(town)
    with town.centre.database.sessions.begin() as session:
        refusal = CheckinRefusal(
            elder_id=town.elders["Wang"],
            refused_on=START.date(),
            until=START.date(),
            said_by="Wang",
            recorded_at=START,
            recorded_by="Mei",
        )
        session.add(refusal)
        session.flush()
        refusal_id = refusal.id
    round_ = cold_wave(town)
    return {
        "visit_id": str(visit_of(town, "Wang").id),
        "refusal_id": str(refusal_id),
        "round_id": round_["id"],
    }


def cold_wave(town: Town, area: str = "East", now: datetime = START, *groups: str) -> dict[str, Any]:
    """From tomorrow on, for four days."""
    day = now.date()
    first, last = day + timedelta(days=1), day + timedelta(days=4)
    new = extra.NewRound("寒潮", extra.Reason.COLD_WAVE, town.areas[area], first, last, groups)
    return generating.order_round(town.centre, Act(town.actor("boss"), now), new, lambda: now)
