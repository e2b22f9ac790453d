"""Each of the ten helps once, each by another channel, each with another thing that goes wrong on the way to its end.

Emergency help has its own stories in test_helps_emergency.py; what the elder says afterwards is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import OfferTaken
from dispatch.services import elder_links, elder_page
from dispatch.services.accounts import digest
from dispatch.services.helps import visiting
from dispatch.services.ordering import changing
from dispatch.services.ordering.changing import To
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching, Who
from tests.support.story import Story

ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""The databases do not differ here."""
DAUGHTER = {"name": "Li", "relation": "daughter"}


@pytest.fixture
def helps(story: Story) -> Dispatching:
    story.call_no_family()
    return Dispatching(story)


def ask(story: Story, help_: Help, channel: Channel = Channel.HOTLINE, **more: Any) -> None:
    given = {"kind": Kind.SERVICE, "elder_id": story.town.elders["Wang"], "take": True, **more}
    story.request(channel=channel, help=help_, **given)


def serve(story: Story, helps: Dispatching, who: Who) -> None:
    """Whoever has said yes comes, does it and says so."""
    phone = helps.phone(who)
    phone.reply("3")
    assert story.case.state == "in_service"
    story.forward(1800)
    phone.reply("4")
    story.forward(2)
    assert (story.case.state, story.case.outcome) == ("pending_follow_up", "served")
    story.seen.update(one.id for one in story.unexpected())  # thanks, and who was told what is another test's


def says_yes(story: Story, helps: Dispatching, who: Who) -> None:
    story.forward(1)
    phone = helps.phone(who)
    while "回1接单" not in phone.expect_sms().body:
        pass
    phone.reply("1")
    story.forward(2)


def meal_is_refused(story: Story, helps: Dispatching) -> Who:
    ask(story, Help.MEAL)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(1)
    helps.phone(NEAR).expect_sms()
    helps.phone(NEAR).reply("2 太远")
    says_yes(story, helps, MIDDLE)
    return MIDDLE


def bath_is_late(story: Story, helps: Dispatching) -> Who:
    """At the counter, for ten o'clock, by a woman; she comes twenty minutes late and the desk hears of it."""
    ask(story, Help.BATH, Channel.COUNTER, wanted_at=story.now + timedelta(hours=1), sex="F")
    helps.offer("direct", NEAR, reason="she knows her")
    says_yes(story, helps, NEAR)
    story.forward(3600 + 16 * 60)
    assert "late_arrival" in story.case.flags
    story.take()
    return NEAR


def medical_is_a_no_show(story: Story, helps: Dispatching) -> Who:
    """On paper; whoever was to come is not there, and another one goes."""
    ask(story, Help.MEDICAL, Channel.PAPER, applicant=DAUGHTER)
    helps.offer("direct", NEAR, reason="near")
    says_yes(story, helps, NEAR)
    job = int(helps.seen()["assignment"]["id"])
    visiting.take_back(story.centre, job, story.act("lin"), reason="nobody came", no_show=True)
    helps.offer("direct", MIDDLE, reason="next")
    says_yes(story, helps, MIDDLE)
    return MIDDLE


def cleaning_is_given_back(story: Story, helps: Dispatching) -> Who:
    ask(story, Help.CLEAN, Channel.PROXY, applicant=DAUGHTER)
    helps.offer("direct", NEAR, reason="near")
    says_yes(story, helps, NEAR)
    helps.decline(NEAR, "sick")
    assert "offers_exhausted" in story.case.flags
    helps.offer("direct", FAR, reason="free")
    says_yes(story, helps, FAR)
    return FAR


def mobility_loses_its_message(story: Story, helps: Dispatching) -> Who:
    """From the elder's own page; the first message is lost, which costs one round."""
    link = elder_links.make_link(story.centre, story.town.elders["Wang"], story.act("lin"))
    press = elder_page.Press(digest(link["token"]), story.now, "k1")
    assert elder_page.ask_for(story.centre, press, Help.MOBILITY) is elder_page.Outcome.SERVICE
    story.take()
    story.break_network(loss=1.0)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(10)
    story.mend_network()
    assert helps.phone(NEAR).expect_sms().state == "lost"
    story.forward(295)
    says_yes(story, helps, MIDDLE)
    return MIDDLE


def shopping_is_silence(story: Story, helps: Dispatching) -> Who:
    """From the app of a partner; nobody answers, then the second does."""
    ask(story, Help.SHOPPING, Channel.APP)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(301)
    helps.phone(NEAR).expect_sms()
    says_yes(story, helps, MIDDLE)
    return MIDDLE


def leisure_is_moved(story: Story, helps: Dispatching) -> Who:
    """From a station; moved to a later hour, and the same helper is asked again."""
    ask(story, Help.LEISURE, Channel.STATION, wanted_at=story.now + timedelta(hours=1))
    helps.offer("direct", NEAR, reason="leads the choir")
    says_yes(story, helps, NEAR)
    changing.reschedule(story.centre, story.case.id, story.act("mei"), To(story.now + timedelta(hours=2)))
    says_yes(story, helps, NEAR)
    story.forward(2 * 3600)
    return NEAR


def chat_is_cancelled_and_asked_for_again(story: Story, helps: Dispatching) -> Who:
    """Found at a visit; cancelled, and the next day asked for anew: the first one stays cancelled."""
    ask(story, Help.CHAT, Channel.VISIT)
    helps.offer("direct", NEAR, reason="near")
    says_yes(story, helps, NEAR)
    changing.cancel(story.centre, story.case.id, story.act("lin"), reason="her son is here")
    assert story.case.state == "cancelled"
    story.forward(1)
    helps.phone(NEAR).expect_sms("已派给您")
    helps.phone(NEAR).expect_sms("已取消，不必前往")
    ask(story, Help.CHAT, Channel.VISIT)
    helps.offer("direct", MIDDLE, reason="next")
    says_yes(story, helps, MIDDLE)
    return MIDDLE


def learning_is_accepted_twice(story: Story, helps: Dispatching) -> Who:
    ask(story, Help.LEARNING)
    helps.offer("parallel", NEAR, MIDDLE)
    says_yes(story, helps, MIDDLE)
    with pytest.raises(OfferTaken):
        helps.accept(NEAR)
    return MIDDLE


TROUBLE: dict[Help, Callable[[Story, Dispatching], Who]] = {
    Help.MEAL: meal_is_refused,
    Help.BATH: bath_is_late,
    Help.MEDICAL: medical_is_a_no_show,
    Help.CLEAN: cleaning_is_given_back,
    Help.MOBILITY: mobility_loses_its_message,
    Help.SHOPPING: shopping_is_silence,
    Help.LEISURE: leisure_is_moved,
    Help.CHAT: chat_is_cancelled_and_asked_for_again,
    Help.LEARNING: learning_is_accepted_twice,
}


@ONLY_SQLITE
@pytest.mark.parametrize("help_", TROUBLE, ids=lambda one: one.value)
def test_each_help_comes_to_its_end_whatever_happens(story: Story, helps: Dispatching, help_: Help) -> None:
    who = TROUBLE[help_](story, helps)
    assert story.case.help == help_
    serve(story, helps, who)


def test_each_of_the_ten_has_a_story() -> None:
    assert set(TROUBLE) | {Help.EMERGENCY} == set(Help)
