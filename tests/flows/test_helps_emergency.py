"""An emergency reaches the right helper nearby, who comes; and what happens when nobody answers or does not come."""

from __future__ import annotations

import pytest

from dispatch.domain.errors import HelperBusy, IllegalTransition, Invalid, OfferExpired, OfferTaken
from dispatch.services.helps import visiting
from tests.support.helps import FAR, FIFTH, FOURTH, MIDDLE, NEAR, Dispatching
from tests.support.story import Story


@pytest.fixture
def helps(story: Story) -> Dispatching:
    story.call_no_family()
    made = Dispatching(story)
    story.press("FALL-1", "fall")
    story.take()
    story.expect_events("opened", "taken")
    return made


def test_the_three_nearest_are_asked_at_once_and_the_first_yes_wins(story: Story, helps: Dispatching) -> None:
    helps.offer()
    assert story.case.state == "dispatching"
    story.forward(1)
    for who in (NEAR, MIDDLE, FAR):
        asked = helps.phone(who).expect_sms("101号紧急：W奶奶86岁跌倒报警")
        assert len(asked.body) <= 70
        assert "45秒内回1接单2不接" in asked.body
        assert "Wang" not in asked.body
    helps.phone(FOURTH).expect_silence()
    helps.phone(MIDDLE).reply("1")
    assert helps.states() == {"Near": "withdrawn", "Middle": "accepted", "Far": "withdrawn"}
    assert story.case.state == "assigned"
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("101号已派给您")
    helps.phone(NEAR).expect_sms("已由他人接单")
    helps.phone(FAR).expect_sms("已由他人接单")
    story.expect_events("offers_sent", "offer_accepted")

    story.forward(120)
    helps.phone(MIDDLE).reply("3")
    assert story.case.state == "in_service"
    story.expect_events("arrived", "helper_arrived")
    story.forward(600)
    helps.phone(MIDDLE).reply("4")
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("已记录完成")
    story.expect_events("helper_done", "asked_owner")
    assert story.case.state == "in_service", "a person ends an emergency"
    story.close("helped_on_site")
    assert story.case.state == "closed"
    story.expect_event("closed")


def test_the_helper_of_the_page_goes_there_step_by_step(story: Story, helps: Dispatching) -> None:
    helps.offer()
    story.forward(1)
    helps.accept(NEAR)
    for who in (NEAR, MIDDLE, FAR):
        helps.phone(who).expect_sms("紧急")
    story.forward(1)
    for who in (MIDDLE, FAR):
        helps.phone(who).expect_sms("已由他人接单")
    assert helps.report("depart")["assignment"]["state"] == "en_route"
    assert helps.report("arrive")["flags"] == []
    again = helps.report("arrive")
    assert again["applied"]
    done = helps.report("complete", done=("first_aid",), ok=True)
    assert done["assignment"]["state"] == "completed"
    kinds = [e.kind for e in story.events() if e.kind.startswith("helper")]
    assert kinds == ["helper_departed", "helper_arrived", "helper_done"]
    story.close("helped_on_site")


def test_who_is_silent_is_telephoned_and_then_the_next_are_asked(story: Story, helps: Dispatching) -> None:
    helps.offer()
    story.forward(46)
    for who in (NEAR, MIDDLE, FAR):
        helps.phone(who).expect_sms("紧急")
        helps.phone(who).expect_call("接单请按1")
    helps.phone(FAR).press("2")
    assert helps.states()["Far"] == "declined"
    story.forward(35)
    assert helps.states() == {"Near": "expired", "Middle": "expired", "Far": "declined", "Fifth": "offered"}, (
        "a volunteer is not sent to an emergency"
    )
    helps.phone(FAR).expect_sms("收到，101号已转派")
    helps.phone(FIFTH).expect_sms("紧急")
    sent = [e for e in story.events() if e.kind == "offers_sent"]
    assert [e.data.get("alone") for e in sent] == [None, True]
    helps.phone(FIFTH).reply("1")
    story.forward(1)
    helps.phone(FIFTH).expect_sms("已派给您")
    assert story.case.state == "assigned"
    story.close("helped_on_site")
    story.forward(1)
    helps.phone(FIFTH).expect_sms("已取消")


def test_a_yes_that_comes_late_counts_while_nobody_else_goes(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", NEAR, reason="knows the home")
    story.forward(601)
    helps.phone(NEAR).expect_sms("紧急")
    assert helps.states() == {"Near": "expired"}
    assert story.case.state == "owned"
    assert "offers_exhausted" in story.case.flags
    helps.accept(NEAR)
    assert story.case.state == "assigned"
    assert "offers_exhausted" not in story.case.flags
    story.close("helped_on_site")
    story.forward(1)
    helps.phone(NEAR).expect_sms("已取消")
    story.sleep(1)


def test_nobody_goes_and_the_operator_hears_what_could_be_relaxed(story: Story, helps: Dispatching) -> None:
    helps.offer("parallel", NEAR)
    story.forward(1)
    helps.phone(NEAR).expect_sms("紧急")
    helps.decline(NEAR, "sick")
    story.forward(1)
    for who in (MIDDLE, FAR, FIFTH):
        helps.phone(who).expect_sms("紧急")
        helps.phone(who).reply("2")
    story.forward(1)
    for who in (MIDDLE, FAR, FIFTH):
        helps.phone(who).expect_sms("已转派")
    event = next(e for e in story.events() if e.kind == "offers_exhausted")
    assert event.data["asked"] == 4
    assert {"code": "declined_here", "n": 4} in event.data["relax"]
    assert story.case.state == "owned"
    assert story.case.due in ("ask_owner", "return"), "the owner is asked at once"
    story.take()
    story.close("cannot_reach", by="boss")


def test_nobody_has_two_emergencies_at_once(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    other = story.press("SOS-2").case_id
    assert other
    story.take(case=other)
    with pytest.raises(Invalid, match="in_emergency"):
        helps.offer("direct", NEAR, case=other, reason="near")
    helps.offer("parallel", MIDDLE, FAR, case=other)
    story.forward(1)
    for who in (MIDDLE, FAR):
        helps.phone(who).expect_sms("102号紧急")
    for case in (other, other - 1):
        story.close("helped_on_site", case=case)
    story.forward(1)
    for who in (NEAR, MIDDLE, FAR):
        helps.phone(who).expect_sms("已取消")


def test_who_accepted_one_emergency_cannot_accept_the_other(story: Story, helps: Dispatching) -> None:
    first = story.case.id
    second = story.press("SOS-2").case_id
    assert second
    story.take(case=second)
    for case in (first, second):
        helps.offer("direct", NEAR, case=case, reason="near")
    story.forward(1)
    phone = helps.phone(NEAR)
    phone.expect_sms("101号")
    phone.expect_sms("102号")
    phone.reply("1")
    story.forward(1)
    phone.expect_sms("您有2单待答：101、102。请回“1 101”或“2 101”")
    phone.reply("1 102")
    with pytest.raises(HelperBusy):
        helps.accept(NEAR, case=first)
    assert story.get(second).state == "assigned"
    story.forward(1)
    phone.expect_sms("102号已派给您")
    for case in (second, first):
        story.close("helped_on_site", case=case)
    story.forward(1)
    phone.expect_sms("已取消")
    phone.expect_sms("已取消")


def test_who_accepted_and_does_not_come_is_replaced(story: Story, helps: Dispatching) -> None:
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    story.forward(90)
    assert "late_arrival" in story.case.flags, "the promise to be there is watched"
    story.take()
    helps.here()
    job = helps.seen()["assignment"]
    visiting.take_back(story.centre, int(job["id"]), story.act("lin"), reason="unreachable", no_show=True)
    assert story.case.state == "owned"
    assert helps.seen()["assignment"]["state"] == "no_show"
    helps.offer("direct", MIDDLE, reason="next")
    story.forward(1)
    helps.phone(NEAR).expect_sms("已取消")
    helps.phone(MIDDLE).expect_sms("紧急")
    helps.phone(MIDDLE).reply("1")
    assert story.case.state == "assigned"
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("已派给您")
    late = helps.phone(NEAR)
    late.reply("1")
    story.forward(1)
    late.expect_sms("已由他人接单")
    story.close("helped_on_site")
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("已取消")


def test_the_second_yes_is_refused(story: Story, helps: Dispatching) -> None:
    helps.offer()
    story.forward(1)
    helps.phone(MIDDLE).reply("1")
    with pytest.raises(OfferTaken):
        helps.accept(NEAR)
    with pytest.raises(IllegalTransition):
        helps.offer("direct", FAR, reason="more")
    story.close("helped_on_site")
    with pytest.raises(OfferExpired):
        helps.accept(FAR, by="lin")
    story.forward(1)
    for who in (NEAR, MIDDLE, FAR):
        while story.unexpected(who.phone):
            helps.phone(who).expect_sms()
