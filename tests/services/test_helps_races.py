"""Two helpers say yes at the same moment, and one helper says yes to two emergencies: the database lets one win."""

from __future__ import annotations

from collections import Counter

from dispatch.domain.errors import HelperBusy, OfferExpired, OfferTaken
from dispatch.domain.helps.offers import Mode
from dispatch.services.helps import offering, sweep
from dispatch.services.helps.offering import Offers, OffersRunning
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


def test_two_operators_who_send_at_once_ask_once(story: Story) -> None:
    """Sending names no version of the case, so that a note in the meantime is no reason to refuse it."""
    story.call_no_family()
    helps = Dispatching(story)
    story.break_network(down=True)
    for device, first, second in (("SOS-1", "parallel", "parallel"), ("SOS-2", "sequential", "parallel")):
        case = story.press(device).case_id
        assert case
        story.take(case=case)

        def send(by: str, mode: str, case: int = case) -> None:
            offering.offer(story.centre, case, story.act(by), Offers(Mode(mode)))

        found = together([lambda f=first: send("lin", f), lambda s=second: send("boss", s)])  # type: ignore[misc]
        assert Counter(type(one) for one in found) == {type(None): 1, OffersRunning: 1}, found
        asked = Counter(helps.states(case).values())
        assert asked["offered"] in (1, 3), asked
        assert [e.kind for e in story.events(case)].count("offers_sent") == 1


def test_two_emergencies_that_ask_the_same_two_helpers_get_one_each(story: Story) -> None:
    """By the app and by an operator who heard it, all at one moment: nobody is in two emergencies."""
    story.call_no_family()
    helps = Dispatching(story, NEAR, MIDDLE)
    story.break_network(down=True)
    cases = [story.press(device).case_id or 0 for device in ("SOS-1", "SOS-2")]
    for case in cases:
        story.take(case=case)
        helps.offer("parallel", NEAR, MIDDLE, case=case)
    acts = {"helper": story.act("helper"), "lin": story.act("lin")}
    offers = [(helps.offer_of(who, case), by) for case in cases for who, by in ((NEAR, "helper"), (MIDDLE, "lin"))]
    found = together([lambda one=one, by=by: offering.accept(story.centre, one, acts[by]) for one, by in offers])  # type: ignore[misc]
    late = {type(one) for one in found if isinstance(one, Exception)}
    assert sum(isinstance(one, int) for one in found) == 2, found
    assert late <= {HelperBusy, OfferTaken, OfferExpired}
    assert [Counter(helps.states(case).values())["accepted"] for case in cases] == [1, 1]
    assert [len(jobs_of(story.town, name)) for name in ("Near", "Middle")] == [1, 1]


def test_two_clocks_ask_the_next_ones_once(story: Story) -> None:
    story.call_no_family()
    helps = Dispatching(story)
    story.break_network(down=True)
    story.press("SOS-1")
    story.take()
    helps.offer("sequential", NEAR, MIDDLE)
    story.sleep(61)
    plan = helps.plan()
    together([lambda: sweep.advance(story.centre, plan, story.now)] * 4)
    assert helps.states() == {"Near": "expired", "Middle": "offered"}
    assert [e.kind for e in story.events()].count("offer_expired") == 1
