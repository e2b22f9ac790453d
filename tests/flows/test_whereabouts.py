"""Where the wearer of an alarm is, how old that is and how far from home; who sees no door sees no place."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from dispatch.models.devices import Device
from dispatch.models.places import Household
from dispatch.services import desk
from dispatch.services.devices import messages
from dispatch.services.whereabouts import newest_place
from tests.support.story import Story

HERE = {"lat": 45.3, "lon": 130.96}


def seen(story: Story, by: str = "boss") -> dict[str, Any]:
    return desk.case_detail(story.centre, story.case.id, story.town.actor(by), story.now)


def place_home(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Household).values(lat=45.31, lon=130.96))


def test_the_owner_sees_where_and_since_when(story: Story) -> None:
    place_home(story)
    before = (story.now - timedelta(minutes=7)).isoformat()
    story.press("SOS-1", event_id="1", **HERE, fix="last", fixed_at=before)
    story.take("lin")
    place = seen(story, "lin")["place"]
    assert (place["lat"], place["lon"], place["fix"], place["from_home_m"]) == (45.3, 130.96, "last", 1112)
    assert place["at"].startswith(before[:19])
    story.forward(seconds=10)
    story.press("SOS-1", event_id="2", lat=45.31, lon=130.96, fix="gps")
    story.press("SOS-1", event_id="3")
    place = seen(story, "lin")["place"]
    assert (place["fix"], place["from_home_m"]) == ("gps", 0)


def test_nobody_else_does(story: Story) -> None:
    story.press("SOS-1", event_id="1", **HERE, masts="460-01 1:2", battery=50)
    assert seen(story)["place"] is None
    assert seen(story)["signals"][0]["data"] == {"battery": 50}
    listed = desk.signals(story.centre, story.town.actor("boss"), None, 10, None)["items"]
    assert listed[0]["data"] == {"battery": 50}
    with story.centre.database.reads() as session:
        device = session.query(Device).filter(Device.number == "SOS-1").one()
    shown = messages.messages(story.centre, story.town.actor("boss"), device.id, 10, None)
    assert shown["items"][0]["data"] == {"battery": 50}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"lat": 45.3},
        {"lat": "45.3", "lon": "130"},
        {"lat": True, "lon": 1},
        {"lat": 91, "lon": 1},
        {"lat": None, "lon": None},
        {"lat": float("1e308") * 10, "lon": 0},
    ],
)
def test_what_is_no_place_is_none(story: Story, data: dict[str, Any]) -> None:
    assert newest_place([{"received_at": story.now.isoformat(), "data": data}], None) is None


@pytest.mark.parametrize("fixed_at", ["tomorrow", 5, None, "2999-01-01T00:00:00+00:00", "2026-01-01T00:00:00"])
def test_a_time_that_cannot_be_is_the_time_it_came(story: Story, fixed_at: object) -> None:
    place = newest_place(
        [{"received_at": story.now.isoformat(), "data": HERE | {"fixed_at": fixed_at, "fix": "magic"}}], None
    )
    assert place is not None
    assert place["at"].startswith(story.now.isoformat()[:19])
    assert place["fix"] == "gps"
