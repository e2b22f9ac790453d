"""Standing orders for the small town."""

from __future__ import annotations

from datetime import date
from typing import Any

from dispatch.domain.case import Channel
from dispatch.models.standing import StandingOrder
from dispatch.services.ordering import standing
from dispatch.services.ordering.standing import Asked, Shape
from tests.support.factories import START, Town
from tests.support.story import Story

LUNCH: dict[str, Any] = {
    "item": "meal_delivery",
    "weekdays": frozenset(range(7)),
    "starts": "11:30",
    "first": date(2026, 11, 25),
}
"""Every day from tomorrow; the stories begin on Tuesday, 24 November, at 16:00 of the centre."""


def lunch(story: Story, elder: str = "Wang", by: str = "lin", **more: Any) -> dict[str, Any]:
    shape = Shape(**{**LUNCH, **more})
    asked = Asked(Channel.HOTLINE, {"name": "Li", "relation": "daughter"})
    return standing.make(story.centre, story.town.elders[elder], story.act(by), shape, asked)


def in_the_east(town: Town) -> dict[str, str]:
    with town.centre.database.sessions.begin() as session:
        new = StandingOrder(
            elder_id=town.elders["Wang"],
            item="meal_delivery",
            minutes=15,
            agreed=False,
            remind=False,
            weekdays=[0],
            every_weeks=1,
            starts="11:30",
            first=START.date(),
            skip_holidays=False,
            channel="hotline",
            applicant={},
            made_at=START,
            made_by="Lin",
        )
        session.add(new)
        session.flush()
        return {"standing_id": str(new.id)}
