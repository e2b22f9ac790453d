"""What the map shows: who works now, where they were last and how long ago, open cases, and what has no place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from dispatch.domain.errors import NotFound
from dispatch.models.places import Household
from dispatch.models.workforce import WorkerPosition, WorkerShift
from dispatch.services.helps import on_map
from dispatch.services.register import outlines
from tests.support.helps import FAR, MIDDLE, NEAR, WEST, Dispatching
from tests.support.story import Story

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_helpers_are_shown_while_they_work_with_the_age_of_their_place(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story, NEAR, MIDDLE, FAR, WEST)
    boss = story.town.actor("boss")

    def signs() -> dict[str, tuple[bool, str | None]]:
        found = on_map.on_map(story.centre, boss, None, story.now)["helpers"]["items"]
        return {one["name"]: (one["old"], one["case_id"]) for one in found}

    assert signs() == {"Near": (False, None), "Middle": (False, None), "Far": (False, None)}, (
        "nobody knows where Wessel is"
    )
    story.break_network(down=True)
    story.press("SOS-1")
    story.take()
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    case = str(story.case.id)
    with story.centre.database.sessions.begin() as session:  # Near goes home, and still has a job; Far goes home
        ids = [helps.ids["Near"], helps.ids["Far"]]
        session.execute(delete(WorkerShift).where(WorkerShift.worker_id.in_(ids)))
    story.sleep(16 * 60)
    assert signs() == {"Near": (True, case), "Middle": (True, None)}
    helps.here(MIDDLE)
    assert signs()["Middle"] == (False, None)
    with story.centre.database.sessions.begin() as session:
        session.execute(update(WorkerPosition).values(at=story.now - on_map.LONGEST_KNOWN * 2))
    assert signs() == {}


def test_a_case_without_a_place_is_named_and_other_areas_are_not(story: Story) -> None:
    story.call_no_family()
    Dispatching(story, NEAR)
    story.break_network(down=True)
    placed = str(story.press("SOS-1").case_id)
    nowhere = str(story.press("HOME-1").case_id)
    with story.centre.database.sessions.begin() as session:
        home = story.town.households["Family"]
        session.execute(update(Household).where(Household.id == home).values(lat=None))
    boss = story.town.actor("boss")
    found = on_map.on_map(story.centre, boss, None, story.now)["cases"]
    assert ([one["id"] for one in found["items"]], found["unplaced"], found["left_out"]) == ([placed], [nowhere], 0)
    west = on_map.on_map(story.centre, boss, story.town.areas["West"], story.now)
    assert (west["cases"]["items"], west["helpers"]["items"]) == ([], [])
    with pytest.raises(NotFound):
        on_map.on_map(story.centre, story.town.actor("west_op"), story.town.areas["East"], story.now)


SQUARE = [[130.0, 46.0], [130.1, 46.0], [130.1, 46.1], [130.0, 46.0]]


def test_outlines_are_checked_before_they_are_published(story: Story, tmp_path: Path) -> None:
    def written(geometry: object, **properties: str) -> Path:
        feature = {"type": "Feature", "properties": {**properties, "secret": "x"}, "geometry": geometry}
        path = tmp_path / "file.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
        return path

    assert json.loads(outlines.published(story.centre).body)["features"] == []
    good = written({"type": "Polygon", "coordinates": [SQUARE]}, code="3-East", name="East")
    found, unknown = outlines.check(story.centre, good)
    assert unknown == []
    outlines.publish(story.centre, found)
    [shown] = json.loads(outlines.published(story.centre).body)["features"]
    assert shown["properties"] == {"code": "3-East", "name": "East"}, "nothing else of the file goes out"
    strange = written({"type": "MultiPolygon", "coordinates": [[SQUARE]]}, code="9-None")
    assert outlines.check(story.centre, strange)[1] == ["9-None"]
    wrong = {
        "no Polygon": {"type": "Point", "coordinates": [130.0, 46.0]},
        "ends where it began": {"type": "Polygon", "coordinates": [[*SQUARE[:3], [130.2, 46.2]]]},
        "longitude first": {"type": "Polygon", "coordinates": [[[46.0, 130.0], *SQUARE[1:3], [46.0, 130.0]]]},
    }
    for words, geometry in wrong.items():
        with pytest.raises(ValueError, match=words):
            outlines.check(story.centre, written(geometry, code="3-East"))
