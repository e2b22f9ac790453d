"""Each of the ten helps from the call to the end that waits for its follow-up; and the ways in which it goes wrong."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.models.workforce import Wish, Worker
from dispatch.services.helps import visiting
from dispatch.services.helps.candidates import candidates
from dispatch.services.helps.offering import NobodyFits
from dispatch.services.helps.working import Report
from tests.support.factories import START
from tests.support.helps import FAR, FOURTH, MIDDLE, NEAR, Dispatching, Who
from tests.support.story import Story

SERVICES = [help_ for help_ in Help if help_ is not Help.EMERGENCY]


@pytest.fixture
def helps(story: Story) -> Dispatching:
    return Dispatching(story)


def ask(story: Story, help_: Help = Help.MEAL, elder: str = "Wang", **more: Any) -> int:
    """Somebody telephones for the elder; Lin takes it."""
    row, _ = story.request(
        kind=Kind.SERVICE,
        channel=Channel.HOTLINE,
        elder_id=story.town.elders[elder],
        help=help_,
        take=True,
        **more,
    )
    return int(row["id"])


def seen(story: Story) -> dict[str, Any]:
    return candidates(story.centre, story.case.id, story.town.actor("lin"), story.now)


def barred(story: Story) -> dict[str, list[str]]:
    return {one["worker"]["name"]: [r["code"] for r in one["reasons"]] for one in seen(story)["excluded"]}


@pytest.mark.parametrize("help_", SERVICES)
def test_each_help_from_the_call_to_the_follow_up(story: Story, helps: Dispatching, help_: Help) -> None:
    ask(story, help_)
    helps.offer("sequential")
    story.forward(1)
    first = next(one["worker"]["name"] for one in helps.seen()["items"])
    who = next(one for one in (NEAR, MIDDLE, FAR, FOURTH) if one.name == first)
    phone = helps.phone(who)
    item = story.centre.catalogue.usual(help_)
    offered = phone.expect_sms(f"号W奶奶86岁{item.words.zh}")
    assert len(offered.body) <= 70
    phone.reply("1")
    story.forward(2)
    phone.expect_sms("101号已派给您")
    phone.reply("3")
    assert story.case.state == "in_service"
    story.forward(item.minutes * 60)
    phone.reply("4")
    assert story.case.state == "pending_follow_up"
    assert story.case.outcome == "served"
    assert story.case.follow_up_at == story.now + timedelta(hours=24)
    story.forward(1)
    phone.expect_sms("已记录完成")
    told = [e.kind for e in story.events() if e.kind.startswith(("offer", "helper", "arrived"))]
    assert told == ["offers_sent", "offer_accepted", "arrived", "helper_arrived", "helper_done"]


def test_a_visit_for_tomorrow_waits_for_tomorrow(story: Story, helps: Dispatching) -> None:
    """Nobody asks the owner meanwhile; who is late is late a quarter of an hour after the agreed time."""
    at = START + timedelta(hours=26)
    ask(story, Help.BATH, wanted_at=at)
    helps.offer("direct", NEAR, reason="she asked for her")
    story.forward(1)
    assert "明天18:00" in helps.phone(NEAR).expect_sms("上门助浴").body
    helps.accept(NEAR)
    story.forward(1800)
    story.sleep(24 * 3600)
    story.forward(1800)
    assert story.case.state == "assigned"
    assert not [e for e in story.events() if e.kind in ("asked_owner", "returned")]
    story.forward(3600 + 14 * 60)
    assert "late_arrival" not in story.case.flags
    story.forward(2 * 60)
    assert "late_arrival" in story.case.flags
    assert story.case.priority == 3, "a late bath wakes nobody at night"
    story.phone("13800001000").expect_sms("提醒W奶奶：今天18:00上门助浴，由N师傅前来")
    helps.phone(NEAR).expect_sms("提醒：今天18:00上门助浴")


def test_a_no_asks_the_next_at_once_and_a_reason_may_follow(story: Story, helps: Dispatching) -> None:
    ask(story, Help.SHOPPING)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(1)
    helps.phone(NEAR).expect_sms("代购物品")
    helps.phone(NEAR).reply("2")
    story.forward(1)
    helps.phone(NEAR).expect_sms("原因回21忙")
    helps.phone(NEAR).reply("22")
    assert helps.seen()["items"][0]["reason"] == "far"
    helps.phone(MIDDLE).expect_sms("代购物品")
    helps.phone(MIDDLE).reply("1")
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("已派给您")
    assert helps.states() == {"Near": "declined", "Middle": "accepted"}


def test_silence_asks_the_next_after_five_minutes(story: Story, helps: Dispatching) -> None:
    ask(story)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(299)
    helps.phone(NEAR).expect_sms()
    helps.phone(MIDDLE).expect_silence()
    story.forward(3)
    helps.phone(MIDDLE).expect_sms()
    assert helps.states() == {"Near": "expired", "Middle": "offered"}


def test_who_gives_the_job_back_is_replaced(story: Story, helps: Dispatching) -> None:
    ask(story)
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    helps.decline(NEAR, "sick")
    assert story.case.state == "owned"
    assert "offers_exhausted" in story.case.flags, "the operator must find somebody else"
    assert helps.seen()["assignment"]["state"] == "cancelled"
    helps.offer("direct", MIDDLE, reason="next")
    story.forward(1)
    helps.phone(MIDDLE).expect_sms()
    helps.accept(MIDDLE, by="lin")
    assert helps.seen()["assignment"]["channel"] == "operator"


def test_a_lost_message_costs_one_round_and_not_the_case(story: Story, helps: Dispatching) -> None:
    ask(story)
    story.break_network(loss=1.0)
    helps.offer("sequential", NEAR, MIDDLE)
    story.forward(10)
    story.mend_network()
    assert helps.phone(NEAR).expect_sms().state == "lost"
    story.forward(300)
    helps.phone(MIDDLE).expect_sms()
    helps.phone(MIDDLE).reply("1")
    story.forward(1)
    helps.phone(MIDDLE).expect_sms("已派给您")


def test_ten_minutes_without_network_and_broker(story: Story, helps: Dispatching) -> None:
    """The clock sends by itself, and an answer that an operator hears by telephone counts."""
    ask(story)
    story.break_network(down=True)
    helps.offer("parallel", NEAR, MIDDLE)
    story.forward(40)
    helps.accept(MIDDLE, by="lin")
    story.forward(560)
    story.mend_network()
    assert story.case.state == "assigned"
    story.forward(60)
    helps.phone(NEAR).expect_silence()
    states = {m.purpose: m.state for m in story.messages() if m.phone == NEAR.phone}
    assert states["offer"] == "withdrawn", "nobody is asked about what is settled"
    assert states["offer_taken"] == "dead", "after so many tries an operator is told"
    assert {m.state for m in story.messages() if m.phone == MIDDLE.phone} == {"withdrawn", "dead"}


def test_reports_come_once_and_late_ones_are_kept(story: Story, helps: Dispatching) -> None:
    ask(story)
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    job = int(helps.seen()["assignment"]["id"])
    first = helps.report("arrive", uuid="u1", metres=900)
    assert first["flags"] == ["far_check_in"]
    assert helps.report("arrive", uuid="u1", metres=900) == first
    act = story.act("lin")
    visiting.take_back(story.centre, job, act, reason="wrong home", no_show=False)
    late = visiting.report(
        story.centre, job, story.act("helper"), "complete", Report("u2", story.now - timedelta(hours=1))
    )
    assert not late["applied"]
    assert set(late["flags"]) >= {"late_entry", "after_end"}
    assert story.case.state == "owned"
    helps.offer("direct", MIDDLE, reason="next")
    helps.accept(MIDDLE, by="lin")
    with pytest.raises(Conflict):
        helps.report("arrive", by="lin", uuid="u1")
    story.forward(1)
    for who in (NEAR, MIDDLE):
        while story.unexpected(who.phone):
            helps.phone(who).expect_sms()


def test_an_elder_who_was_not_well_is_not_forgotten(story: Story, helps: Dispatching) -> None:
    ask(story)
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    helps.report("arrive")
    helps.report("complete", ok=False, note="pale")
    assert story.case.state == "in_service"
    assert "not_well" in story.case.flags
    story.forward(1)
    assert "asked_owner" in [e.kind for e in story.events()]


def test_a_helper_in_danger_is_an_urgent_case_of_its_own(story: Story, helps: Dispatching) -> None:
    case = ask(story)
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    job = int(helps.seen(case)["assignment"]["id"])
    cry = Report("help-1", story.now)
    first = visiting.cry(story.centre, job, story.act("helper"), cry)
    assert visiting.cry(story.centre, job, story.act("helper"), cry)["case_id"] == first["case_id"]
    opened = story.get(int(first["case_id"]))
    assert (opened.kind, opened.priority, opened.cause, opened.state) == ("emergency", 1, "staff_safety", "new")
    assert len(story.cases()) == 2


# -- who is asked


def test_a_certificate_that_is_over_is_not_offered(story: Story) -> None:
    over = Who("Over", "13711110011", until=date(2026, 11, 23))
    none = Who("None", "13711110012", skills=("meal",))
    helps = Dispatching(story, NEAR, over, none)
    ask(story, Help.BATH)
    assert [one["worker"]["name"] for one in seen(story)["items"]] == ["Near"]
    assert barred(story) == {"Over": ["certificate_expired"]}
    with pytest.raises(Invalid, match="certificate_expired"):
        helps.offer("direct", over, reason="please")


def test_a_helper_whom_the_elder_refused_is_never_asked(story: Story, helps: Dispatching) -> None:
    with story.centre.database.sessions.begin() as session:
        for who, wanted in ((NEAR, False), (FAR, True)):
            elder = story.town.elders["Wang"]
            session.add(Wish(elder_id=elder, worker_id=helps.ids[who.name], wanted=wanted, at=START, recorded_by="Lin"))
    ask(story)
    assert barred(story)["Near"] == ["refused_by_elder"]
    best = seen(story)["items"][0]
    assert best["worker"]["name"] == "Far"
    assert "wanted_by_elder" in best["reasons"]


def test_a_full_day_and_an_overlap_keep_out_but_may_be_set_aside(story: Story) -> None:
    busy = Who("Busy", "13711110013", capacity=1)
    helps = Dispatching(story, busy)
    ask(story)
    helps.offer("direct", busy, reason="alone")
    helps.accept(busy, by="lin")
    second = ask(story, Help.CHAT, elder="Zhao")
    assert set(barred(story)["Busy"]) == {"busy_then", "capacity"}
    with pytest.raises(NobodyFits):
        helps.offer("parallel", case=second)
    with pytest.raises(Invalid, match="say why"):
        helps.offer("sequential", busy, case=second)
    helps.offer("direct", busy, case=second, reason="both at one door")
    story.forward(1)
    helps.phone(busy).expect_sms("已派给您")
    helps.phone(busy).expect_sms("上门陪聊")


def test_nobody_knows_where_somebody_is_and_that_is_neither_far_nor_near(story: Story) -> None:
    lost = Who("Lost", "13711110014", north_m=None)
    Dispatching(story, NEAR, lost, FAR)
    ask(story)
    parts = {one["worker"]["name"]: one["parts"]["time"] for one in seen(story)["items"]}
    assert parts["Near"] > parts["Lost"] == 20.0 > parts["Far"] - 20
    by_name = {one["worker"]["name"]: one for one in seen(story)["items"]}
    assert by_name["Lost"]["eta_minutes"] is None
    assert "position_unknown" in by_name["Lost"]["reasons"]
    story.sleep(16 * 60)
    assert {one["distance_m"] for one in seen(story)["items"]} == {None}, "an old position is none"


def test_whoever_left_the_centre_is_not_asked(story: Story, helps: Dispatching) -> None:
    with story.centre.database.sessions.begin() as session:
        session.get_one(Worker, helps.ids["Near"]).active = False
    ask(story)
    assert "Near" not in {one["worker"]["name"] for one in seen(story)["items"]} | barred(story).keys()
