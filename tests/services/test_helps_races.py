"""Two helpers say yes at the same moment, and one helper says yes to two emergencies: the database lets one win."""

from __future__ import annotations

from collections import Counter

from dispatch.domain.errors import HelperBusy, OfferTaken
from dispatch.services.helps import offering, sweep
from tests.services.test_races import together
from tests.support.helps import FAR, FIFTH, MIDDLE, NEAR, Dispatching, jobs_of
from tests.support.story import Story


def test_of_four_who_say_yes_at_once_one_goes(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story)
    story.break_network(down=True)
    for device in ("SOS-1", "SOS-2", "HOME-1"):
        case = story.press(device).case_id
        assert case
        story.take(case=case)
        helps.offer("parallel", NEAR, MIDDLE, FAR, FIFTH, case=case) if device == "SOS-1" else helps.offer(
            "parallel", case=case
        )
        asked = [int(one["id"]) for one in helps.seen(case)["items"] if one["state"] == "offered"]
        act = story.act("lin")
        found = together([lambda one=one, act=act: offering.accept(story.centre, one, act) for one in asked])  # type: ignore[misc]
        won = [one for one in found if isinstance(one, int)]
        lost = [one for one in found if isinstance(one, Exception)]
        assert len(won) == 1, found
        assert {type(one) for one in lost} <= {OfferTaken}
        assert Counter(helps.states(case).values())["accepted"] == 1


def test_one_helper_who_says_yes_to_two_emergencies_at_once_has_one(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story)
    story.break_network(down=True)
    cases = [story.press(device).case_id for device in ("SOS-1", "SOS-2")]
    for case in cases:
        assert case
        story.take(case=case)
        helps.offer("direct", NEAR, case=case, reason="near")
    offers = [helps.offer_of(NEAR, case) for case in cases]
    act = story.act("helper")
    found = together([lambda one=one: offering.accept(story.centre, one, act) for one in offers])  # type: ignore[misc]
    assert Counter(type(one) for one in found) == {int: 1, HelperBusy: 1}
    assert len(jobs_of(story.town, "Near")) == 1


def test_two_clocks_ask_the_next_ones_once(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story)
    story.break_network(down=True)
    story.press("SOS-1")
    story.take()
    helps.offer("sequential", NEAR, MIDDLE)
    story.sleep(61)
    together([lambda: sweep.tick(story.centre, story.now)] * 4)
    assert helps.states() == {"Near": "expired", "Middle": "offered"}
    assert [e.kind for e in story.events()].count("offer_expired") == 1
