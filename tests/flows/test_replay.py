"""Other points are tried on what was asked before they are put in force."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch.domain.helps.replay import gini
from dispatch.models.helps import MatchRecord
from dispatch.services.helps import replay
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.story import Story

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BY_TIME = {"time": 100, "continuity": 0, "skill": 0, "load": 0, "fairness": 0, "acceptance": 0}
BY_HISTORY = {"time": 0, "continuity": 100, "skill": 0, "load": 0, "fairness": 0, "acceptance": 0}


@ON_SQLITE
def test_the_last_matches_are_judged_anew_and_nothing_is_changed(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story, NEAR, MIDDLE, FAR)
    story.break_network(down=True)

    def go(device: str) -> None:
        case = story.press(device).case_id
        assert case
        story.take(case=case)
        helps.here(NEAR, MIDDLE, FAR)
        helps.offer("direct", MIDDLE, case=case, reason="was there before")
        helps.accept(MIDDLE, case, by="lin")
        for deed in ("arrive", "complete"):
            helps.report(deed, by="lin", uuid=f"{deed}-{case}", metres=None)
        story.close("helped_on_site", case=case)

    for _ in range(2):
        go("SOS-1")
        story.sleep(3600)
    trial, actor = replay.Trial(200, emergency=True), story.town.actor("boss")
    rules = trial.in_force(story.centre)
    same = replay.replay(story.centre, rules, trial, actor)
    assert (same["matches"], same["changed"], same["cases"]) == (2, 0, [])
    assert same["before"] == same["after"]

    found = replay.replay(story.centre, rules.tuned({"weights": BY_HISTORY}), trial, actor)
    assert found["matches"] == 2
    [one] = found["cases"]
    names = (one["before"]["name"], one["after"]["name"])
    assert names == ("Near", "Middle"), "in an emergency the way counts, though somebody else had been there before"
    assert (one["before"]["visits"], one["after"]["visits"]) == (0, 1)
    assert (found["before"]["continuity"], found["after"]["continuity"]) == (0, 0.5)
    assert found["before"]["minutes"] < found["after"]["minutes"]
    assert found["before"]["gini"] > found["after"]["gini"], "always the nearest is always the same"
    assert replay.replay(story.centre, rules.tuned({"weights": BY_TIME}), trial, actor)["changed"] == 0
    assert replay.replay(story.centre, rules, replay.Trial(1, emergency=True), actor)["matches"] == 1
    services = replay.Trial(200)
    assert replay.replay(story.centre, services.in_force(story.centre), services, actor)["matches"] == 0
    west = replay.replay(story.centre, rules, trial, story.town.actor("west_op"))
    assert west["matches"] == 0, "of other areas nothing is told"

    replay.prune(story.centre, story.now)
    replay.prune(story.centre, story.now + replay.KEPT - timedelta(minutes=90))
    with story.centre.database.reads() as session:
        assert session.scalar(select(func.count()).select_from(MatchRecord)) == 1, "the older one is over"


@ON_SQLITE
def test_points_must_add_up(story: Story) -> None:
    with pytest.raises(ValueError, match="add up to 110"):
        story.centre.matching.tuned({"weights": {**BY_TIME, "load": 10}})


@pytest.mark.parametrize(
    ("amounts", "expected"), [([3, 3, 3], 0), ([0, 0, 9], 2 / 3), ([0, 0], 0), ([], 0), ([1, 3], 0.25)]
)
def test_gini(amounts: list[float], expected: float) -> None:
    assert gini(amounts) == pytest.approx(expected)
