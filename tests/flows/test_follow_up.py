"""How it was, afterwards: every emergency within a day, services by lot, and what follows from "not satisfied"."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.followup import Result, Then, Tried, drawn
from dispatch.models.followup import FollowUp, FollowUpLot
from dispatch.models.people import Elder
from dispatch.services import elder_links, elder_page, work
from dispatch.services.accounts import digest
from dispatch.services.desk import PageOf
from dispatch.services.floor import watch
from dispatch.services.followup import complaint_desk, desk, satisfaction
from dispatch.services.followup.complaint_desk import Solution, ToldBy, Verdict
from dispatch.services.helps.candidates import candidates
from dispatch.services.ordering import counts
from dispatch.services.work import Told
from tests.support.factories import START
from tests.support.helps import MIDDLE, NEAR, Dispatching, Who
from tests.support.story import Story

WANG = "13800001000"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, but for the stories that say ``BOTH``: what a row says is the same on either."""
    return str(request.getfixturevalue(getattr(request, "param", "sqlite_url")))


BOTH = pytest.mark.parametrize(
    "database_url", ["sqlite_url", pytest.param("postgres_url", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def helps(story: Story) -> Dispatching:
    story.call_no_family()
    return Dispatching(story, NEAR, MIDDLE)


def sample(story: Story, share: int, first_visits: int = 0) -> None:
    """Such a share of the services is asked about."""
    rules = dataclasses.replace(story.centre.followup, share=share, shares={}, first_visits=first_visits)
    story.centre = dataclasses.replace(story.centre, followup=rules)
    story.clock = story.new_clock()


def served(story: Story, helps: Dispatching, who: Who = NEAR, elder: str = "Wang", help_: Help = Help.MEAL) -> int:
    """A service from the call to its end; what the helper's telephone heard of it is forgotten."""
    asked: dict[str, Any] = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": help_, "take": True}
    row, _ = story.request(elder_id=story.town.elders[elder], **asked)
    case = int(row["id"])
    helps.here(NEAR, MIDDLE)
    helps.offer("direct", who, case=case, reason="near")
    helps.accept(who, case, by="lin")
    by = "helper" if who is NEAR else "lin"
    for deed in ("arrive", "complete"):
        story.sleep(600 + 60 * case)
        helps.report(deed, by, uuid=f"{deed}-{case}")
    story.forward(2)
    hear_all(story, who.phone)
    return case


def hear_all(story: Story, number: str) -> list[str]:
    found = story.unexpected(number)
    story.seen |= {one.id for one in found}
    return [one.body for one in found]


def later(story: Story, seconds: float) -> None:
    """No clock runs meanwhile: what has come due is carried out at the end, as after a night without one."""
    story.sleep(seconds - 3)
    story.forward(3)


def quiet(story: Story) -> None:
    """What else came to telephones is not what this story is about."""
    story.seen |= {one.id for one in story.unexpected()}


def row(story: Story, case: int) -> FollowUp:
    with story.centre.database.reads() as session:
        return session.scalars(select(FollowUp).where(FollowUp.case_id == case)).one()


def queue(story: Story, view: str = "open", by: str = "lin") -> list[dict[str, Any]]:
    return list(desk.queue(story.centre, story.town.actor(by), story.now, view, PageOf(50, None))["items"])


def told(story: Story, case: int, result: Result, **more: Any) -> dict[str, Any]:
    return desk.answered(story.centre, row(story, case).id, story.act("mei"), Told(result, **more))


def kinds(story: Story, case: int) -> list[str]:
    return [event.kind for event in story.events(case)]


def needs(story: Story) -> set[str]:
    return {one["code"] for one in watch.needs_me(story.centre, story.town.actor("boss"), story.now)}


def test_every_emergency_is_asked_about_within_a_day_and_said_again_until_it_is(
    story: Story, helps: Dispatching
) -> None:
    story.press("SOS-1")
    story.take()
    story.close("helped_on_site")
    case = story.case.id
    (waiting,) = queue(story)
    assert (waiting["why"], waiting["elder"]["name"], waiting["late"]) == ("emergency", "Wang", False)
    assert waiting["due_at"] == "2026-11-25T08:00:00.000Z"
    assert story.case.state == "closed", "the emergency itself is over"
    assert "follow_up_late" not in needs(story)
    later(story, 24 * 3600 + 1)
    assert "follow_up_late" in story.case.flags
    assert "follow_up_late" in needs(story)
    later(story, 4 * 3600)
    later(story, 4 * 3600)
    (late,) = queue(story, "late")
    assert (late["late"], late["reminders"]) == (True, 3)
    assert kinds(story, case)[-3:] == ["follow_up_due", "follow_up_late", "follow_up_late"]
    told(story, case, Result.SATISFIED, answers={"quick": "yes"})
    assert queue(story) == []
    assert story.case.flags == []
    (line,) = count(story)
    assert (line["key"], line["satisfied"], line["late"], line["rate"]) == ("emergency", 1, 1, 100.0)
    with pytest.raises(Conflict):
        told(story, case, Result.PARTLY)
    later(story, 24 * 3600)
    assert kinds(story, case)[-1] == "follow_up"


def count(story: Story, by: satisfaction.By = satisfaction.By.HELP) -> list[dict[str, Any]]:
    period = (story.now - timedelta(days=30), story.now + timedelta(days=1))
    return satisfaction.satisfaction(story.centre, story.town.actor("boss"), period, by)


def test_a_test_and_a_case_that_is_taken_up_again_are_not_asked_about(story: Story, helps: Dispatching) -> None:
    story.press("SOS-1")
    story.take()
    story.close("test")
    assert queue(story) == []
    story.press("SOS-2")
    story.take()
    story.close("talk")
    assert len(queue(story)) == 1
    story.reopen()
    assert queue(story) == []
    story.sleep(3600)
    story.close("talk")
    (again,) = queue(story)
    assert again["due_at"] == "2026-11-25T09:00:00.000Z", "a day from the new end"


def test_the_lot_draws_the_same_ones_again(story: Story, helps: Dispatching) -> None:
    sample(story, 50)
    cases = [served(story, helps, elder=name) for name in ("Wang", "Zhao", "Wang", "Zhao", "Wang", "Zhao")]
    with story.centre.database.reads() as session:
        lot = session.scalars(select(FollowUpLot)).one()
    assert lot.month == "2026-11"
    for case in cases:
        found = row(story, case)
        assert (found.share, found.month) == (50, "2026-11")
        assert (found.why == "drawn") == drawn(lot.seed, case, 50)
    seeds = {seed: [drawn(seed, case, 50) for case in cases] for seed in ("a", "b", "c", "d", "e", "f")}
    assert len({tuple(one) for one in seeds.values()}) > 1, "another seed, another lot"
    assert all(drawn("a", case, 100) and not drawn("a", case, 0) for case in cases)
    quiet(story)


def test_who_is_new_is_asked_about_and_so_is_what_the_contract_names(story: Story, helps: Dispatching) -> None:
    sample(story, 0, first_visits=1)
    assert row(story, served(story, helps)).why == "first_visit"
    assert row(story, served(story, helps)).why == "not_drawn"
    assert row(story, served(story, helps, MIDDLE)).why == "first_visit"
    always = dataclasses.replace(story.centre.followup, always=frozenset({"meal_delivery"}))
    story.centre = dataclasses.replace(story.centre, followup=always)
    assert row(story, served(story, helps)).why == "always"
    assert story.centre.followup.share_of("meal_delivery", "meal", "nobody") == 0
    some = dataclasses.replace(always, shares={"meal": 30}, organisations={"House": 60})
    assert (some.share_of("meal_delivery", "meal", None), some.share_of("meal_delivery", "meal", "House")) == (30, 60)
    quiet(story)


def test_what_was_not_drawn_is_closed_by_the_system_which_says_so(story: Story, helps: Dispatching) -> None:
    sample(story, 0)
    case = served(story, helps)
    assert queue(story) == []
    later(story, 23 * 3600)
    assert story.case.state == "pending_follow_up", "for a day the elder can say something"
    later(story, 3600)
    assert story.case.state == "closed"
    last = story.events(case)[-1]
    assert (last.kind, last.actor_kind, last.data) == ("closed_unasked", "system", {"share": 0, "month": "2026-11"})
    story.phone(WANG).expect_silence()
    (line,) = count(story)
    assert (line["not_asked"], line["rate"]) == (1, None)


def test_a_digit_by_short_message_closes_the_case(story: Story, helps: Dispatching) -> None:
    sample(story, 100)
    case = served(story, helps)
    later(story, 3600)
    asked = story.phone(WANG).expect_sms("回复1满意2一般3不满意")
    assert len(asked.body) <= 70
    story.phone(WANG).reply("怎么收费?")
    story.forward(2)
    story.phone(WANG).expect_sms("没看懂")
    assert story.case.state == "pending_follow_up"
    story.phone(WANG).reply("1")
    story.forward(2)
    story.phone(WANG).expect_sms("谢谢您的评价")
    assert story.case.state == "closed"
    found = row(story, case)
    assert (found.result, found.channel, found.ended_by) == ("satisfied", "sms", "")
    assert "follow_up_unclear" in kinds(story, case)


def test_nobody_is_woken_for_a_rating_and_a_landline_is_called(story: Story, helps: Dispatching) -> None:
    sample(story, 100)
    with story.centre.database.sessions.begin() as session:
        session.get_one(Elder, story.town.elders["Wang"]).phone = "04671234567"
    later(story, 4 * 3600)  # 20:00 in Shanghai
    case = served(story, helps)
    morning = START + timedelta(hours=16)  # 8:00
    later(story, (morning - story.now).total_seconds() - 1)
    story.phone("04671234567").expect_silence()
    story.forward(3)
    story.phone("04671234567").expect_call("满意请按1")
    story.phone("04671234567").press("2")
    assert row(story, case).result == "partly"
    assert row(story, case).channel == "voice"
    assert story.case.state == "closed"


@BOTH
def test_not_satisfied_is_done_again_by_another_and_asked_about_once_more(story: Story, helps: Dispatching) -> None:
    sample(story, 100)
    first = served(story, helps)
    later(story, 3600)
    story.phone(WANG).expect_sms()
    story.phone(WANG).reply("3 饭是凉的")
    story.forward(2)
    story.phone(WANG).expect_sms("很抱歉")
    assert story.case.state == "pending_follow_up", "a machine decides nothing about a complaint"
    assert "unhappy" in story.case.flags
    (top,) = queue(story, "unhappy")
    assert top["case_id"] == str(first)
    assert "unhappy" in needs(story)
    with pytest.raises(Invalid, match="what follows"):
        told(story, first, Result.DISSATISFIED)
    with pytest.raises(Invalid, match="not good"):
        told(story, first, Result.DISSATISFIED, then=Then.AGAIN)
    done = told(story, first, Result.DISSATISFIED, text="the meal was cold", then=Then.AGAIN)
    again = int(done["again_case_id"])
    assert story.get(first).state == "closed"
    fresh, wang = story.get(again), story.town.elders["Wang"]
    assert (fresh.kind, fresh.help, fresh.state, fresh.elder_id) == ("service", "meal", "new", wang)
    after = desk.of_one_case(story.centre, again, story.town.actor("lin"), story.now)
    assert after["again_of"] == str(first)
    found = candidates(story.centre, again, story.town.actor("lin"), story.now)
    assert {one["worker"]["name"]: one["reasons"] for one in found["excluded"]} == {
        "Near": [{"code": "not_again", "data": {"why": "the meal was cold"}}]
    }
    story.take(case=again)
    with pytest.raises(Invalid, match="not_again"):
        helps.offer("direct", NEAR, case=again, reason="she is near")
    helps.offer("direct", MIDDLE, case=again, reason="somebody else")
    helps.accept(MIDDLE, again, by="lin")
    helps.report("complete", "lin")
    story.forward(2)
    hear_all(story, MIDDLE.phone)
    assert row(story, again).why == "again", "what was done again is always asked about"
    told(story, again, Result.SATISFIED)
    lines = {line["key"]: line for line in count(story)}
    assert (lines["meal"]["satisfied"], lines["meal"]["dissatisfied"], lines["meal"]["rate"]) == (1, 1, 50.0)
    boss, day = story.town.actor("boss"), START.date()
    meals = {one["help"]: one for one in counts.board(story.centre, boss, counts.Period.WEEK, day, None)["items"]}[
        "meal"
    ]
    assert (meals["satisfied"], meals["dissatisfied"]) == (1, 1)
    for mark, case in ((counts.Mark.SATISFIED, again), (counts.Mark.DISSATISFIED, first)):
        wanted = counts.Wanted(*counts.span(story.centre, counts.Period.WEEK, day), help=Help.MEAL, mark=mark)
        listed = counts.orders(story.centre, boss, wanted, 50, 0)
        assert [one["case_id"] for one in listed["items"]] == [str(case)], "each number leads to its list"


def test_three_calls_without_an_answer_and_a_refusal_are_endings_too(story: Story, helps: Dispatching) -> None:
    sample(story, 100)
    first, second = served(story, helps), served(story, helps, elder="Zhao")
    one = row(story, first).id
    for outcome in (Tried.NO_ANSWER, Tried.LATER, Tried.BUSY):
        assert desk.tried(story.centre, one, story.act("lin"), outcome)["state"] == "open"
    ended = desk.tried(story.centre, one, story.act("lin"), Tried.NO_ANSWER)
    assert (ended["state"], ended["result"], ended["tries"]) == ("not_reached", "not_reached", 3)
    assert [t["outcome"] for t in ended["tried"]] == ["no_answer", "later", "busy", "no_answer"]
    assert story.get(first).state == "closed"
    assert told(story, second, Result.REFUSED)["state"] == "refused"
    later(story, 24 * 3600)
    story.phone(WANG).expect_silence()


def test_an_elders_digit_never_accepts_a_job_and_a_helpers_never_rates_one(story: Story, helps: Dispatching) -> None:
    """Wang is asked how the meal was; she is a volunteer too, and a job is offered to the same telephone."""
    both = Who("Both", WANG, north_m=600)
    helps.ids.update(Dispatching(story, both).ids)
    sample(story, 100)
    case = served(story, helps)
    later(story, 3600)
    story.phone(WANG).expect_sms("满意吗")
    job = int(story.request(kind=Kind.SERVICE, channel=Channel.HOTLINE, help=Help.CHAT, take=True,
                            elder_id=story.town.elders["Zhao"])[0]["id"])  # fmt: skip
    helps.offer("direct", both, case=job, reason="next door")
    story.forward(2)
    code = story.phone(WANG).expect_sms("回1接单2不接").body[4:7]
    story.phone(WANG).reply("1")
    story.forward(2)
    story.phone(WANG).expect_sms("多个问题待答")
    assert helps.states(job)["Both"] == "offered", "the digit may have meant the meal"
    assert row(story, case).state == "open", "or the job"
    story.phone(WANG).reply(f"1 {code}")
    story.forward(2)
    story.phone(WANG).expect_sms("已派给您")
    assert helps.states(job)["Both"] == "accepted"
    assert row(story, case).state == "open"
    story.phone(WANG).reply("满意")
    story.forward(2)
    story.phone(WANG).expect_sms("谢谢您的评价")
    assert row(story, case).result == "satisfied"
    assert helps.states(job)["Both"] == "accepted"
    other = served(story, helps)
    later(story, 3600)
    story.phone(WANG).expect_silence()
    assert row(story, other).asked_at is None, "while she has a job nobody asks her how something was"
    quiet(story)


TOMORROW = START + timedelta(hours=23)
"""15:00 of the next day; its reminder goes out at 18:00 of today."""


def at_six(story: Story) -> float:
    """Seconds until the reminders of the evening have gone out."""
    return (START + timedelta(hours=2, seconds=5) - story.now).total_seconds()


def bath_tomorrow(story: Story) -> int:
    wanted: dict[str, Any] = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.BATH}
    return int(story.request(elder_id=story.town.elders["Wang"], wanted_at=TOMORROW, **wanted)[0]["id"])


Taken = tuple[str, str | None, set[str]]
"""The state and the result of the rating, and what the words were taken for."""


def answers(story: Story, helps: Dispatching, text: str, *, rating_last: bool) -> Taken:
    """Wang was asked how the meal was and reminded of tomorrow's bath."""
    sample(story, 100)
    if rating_last:
        story.sleep(4500)
    meal = served(story, helps)
    bath = bath_tomorrow(story)
    if not rating_last:
        later(story, 3700)
        story.phone(WANG).expect_sms("满意吗")
    later(story, at_six(story))
    story.phone(WANG).expect_sms("提醒W奶奶：明天15:00上门助浴")
    if rating_last:
        later(story, 3500)
        story.phone(WANG).expect_silence()  # who was reminded a moment ago is asked an hour later
        later(story, 1200)
        story.phone(WANG).expect_sms("满意吗")
    story.phone(WANG).reply(text)
    story.forward(2)
    quiet(story)
    heard = {"order_confirmed", "change_asked", "follow_up", "unhappy", "follow_up_unclear"}
    found = row(story, meal)
    return found.state, found.result, heard & {*kinds(story, meal), *kinds(story, bath)}


RATED = ("done", "satisfied", {"follow_up"})
WISH = ("open", None, {"change_asked"})
"""A person rings, and hears what was meant."""


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("1", RATED),  # the reminder asks for no 1
        ("2", WISH),
        ("3", WISH),
        ("0", WISH),
        ("4", ("open", None, {"follow_up_unclear"})),
        ("知道了", ("open", None, {"order_confirmed"})),
        ("改到后天", WISH),
        ("一般", ("done", "partly", {"follow_up"})),
    ],
)
def test_an_answer_to_the_rating_that_may_be_about_tomorrow(
    story: Story, helps: Dispatching, text: str, taken: Taken
) -> None:
    assert answers(story, helps, text, rating_last=True) == taken


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("1", ("open", None, {"order_confirmed"})),  # no praise that may have been a promise
        ("2", WISH),
        ("3", WISH),
        ("5", WISH),  # nobody understands it
        ("满意", RATED),
    ],
)
def test_an_answer_to_the_reminder_that_may_be_a_rating(
    story: Story, helps: Dispatching, text: str, taken: Taken
) -> None:
    assert answers(story, helps, text, rating_last=False) == taken


def test_a_reminder_and_an_offer_at_one_telephone(story: Story, helps: Dispatching) -> None:
    """Wang, who is a volunteer too, is offered a job and then reminded of her bath."""
    both = Who("Both", WANG, north_m=600)
    helps.ids.update(Dispatching(story, both).ids)
    bath = bath_tomorrow(story)
    later(story, at_six(story) - 60)
    job = int(story.request(kind=Kind.SERVICE, channel=Channel.HOTLINE, help=Help.CHAT, take=True,
                            elder_id=story.town.elders["Zhao"])[0]["id"])  # fmt: skip
    helps.offer("direct", both, case=job, reason="next door")
    story.forward(60)
    hear_all(story, WANG)
    wang = story.phone(WANG)
    wang.reply("1")
    story.forward(2)
    assert len(wang.expect_sms("多个问题待答").body) <= 70
    assert (helps.states(job)["Both"], "order_confirmed" in kinds(story, bath)) == ("offered", False)
    wang.reply("取消")
    story.forward(2)
    wang.expect_sms("坐席会尽快电话联系您")
    assert (helps.states(job)["Both"], "change_asked" in kinds(story, bath)) == ("offered", True)
    quiet(story)


def test_a_neighbours_digit_is_no_promise_to_go(story: Story, helps: Dispatching) -> None:
    """Zhao is asked how the meal was and, before she answers, whether she goes to Wang, who has fallen next door."""
    sample(story, 100)
    with story.centre.database.sessions.begin() as session:
        session.get_one(Elder, story.town.elders["Zhao"]).phone = "13700000001"  # the one who is Wang's contact too
    case = served(story, helps, elder="Zhao")
    later(story, 3600)
    zhao = story.phone("13700000001")
    zhao.expect_sms("满意吗")
    family = dataclasses.replace(story.town.centre.cascade, unowned_after=timedelta(0))
    story.centre = dataclasses.replace(story.centre, cascade=family)
    story.clock = story.new_clock()
    story.press("FALL-1", "fall")
    emergency = story.case.id
    for _ in range(60):
        story.forward(10)
        if any("由您负责前往" in one.body and one.channel == "sms" for one in story.unexpected("13700000001")):
            break
    zhao.reply("1")
    story.forward(2)
    heard = hear_all(story, "13700000001")
    assert any("多个问题待答" in body for body in heard), heard
    assert "cascade_accepted" not in kinds(story, emergency)
    assert row(story, case).state == "open"
    zhao.reply("我去")
    story.forward(2)
    assert "cascade_accepted" in kinds(story, emergency)
    assert row(story, case).state == "open"
    quiet(story)


# -- complaints


def test_a_complaint_that_nobody_answers_reaches_the_supervisor(story: Story, helps: Dispatching) -> None:
    case = served(story, helps)
    opened = complaint_desk.complain(story.centre, case, story.act("mei"), "she was rude")
    complaint = int(opened["id"])
    assert (opened["kind"], opened["priority"], "complaint" in opened["flags"]) == ("complaint", 2, True)
    story.take(case=complaint)
    after = desk.of_one_case(story.centre, complaint, story.town.actor("lin"), story.now)["complaint"]
    assert (after["worker"]["name"], after["about_case_id"]) == ("Near", str(case))
    # Tuesday the 24th; Saturday and Sunday do not count: Tuesday the 1st, 18:00 in Shanghai.
    assert after["solve_due_at"] == "2026-12-01T10:00:00.000Z"
    story.priority(3, case=complaint, reason="not urgent")
    later(story, 23 * 3600)
    assert story.get(complaint).state == "owned", "its owner has days for it"
    assert "ask_owner" not in story.get(complaint).flags
    assert "complaint_late" not in needs(story)
    later(story, 3601)
    assert "complaint_late" in needs(story)
    told_ = complaint_desk.answer(story.centre, complaint, story.act("lin"), text="we look into it", told=ToldBy.SMS)
    assert (told_["answer_late"], told_["late"]) == (True, True)
    story.forward(2)
    assert any("12月1日前答复" in body for body in hear_all(story, WANG))
    assert "complaint_late" not in story.get(complaint).flags
    later(story, 6 * 24 * 3600 + 4 * 3600)
    assert "complaint_late" in story.get(complaint).flags
    assert story.get(complaint).state == "owned"
    with pytest.raises(Conflict, match="solve"):
        story.close("talk", case=complaint)
    found = Solution(Verdict.UPHELD, "已更换服务人员并致歉", ToldBy.SMS)
    solved = complaint_desk.solve(story.centre, complaint, story.act("lin"), found)
    assert (solved["result"], solved["solve_late"]) == ("upheld", True)
    ended = story.get(complaint)
    assert (ended.state, ended.outcome) == ("closed", "upheld")
    assert "complaint_late" not in needs(story)
    story.forward(2)
    assert any("已更换服务人员" in body and len(body) <= 70 for body in hear_all(story, WANG))
    with pytest.raises(Conflict):
        complaint_desk.solve(story.centre, complaint, story.act("lin"), found)
    quiet(story)


def test_working_days_leave_out_holidays_and_count_the_saturdays_that_are_worked(story: Story) -> None:
    rules, zone = story.centre.followup.complaint, story.centre.zone
    before = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)  # then seven days off, and Saturday the 10th is worked
    assert rules.solve_by(before, zone) == datetime(2026, 10, 13, 10, 0, tzinfo=UTC)


def test_a_bad_answer_may_become_a_complaint(story: Story, helps: Dispatching) -> None:
    sample(story, 100)
    case = served(story, helps)
    done = told(story, case, Result.DISSATISFIED, text="she asked for money", then=Then.COMPLAINT)
    assert story.get(int(done["complaint_case_id"])).kind == "complaint"
    assert story.get(case).state == "closed"
    listed = complaint_desk.complaints_of(story.centre, story.town.actor("boss"), story.now, PageOf(10, None))
    assert [one["row"]["id"] for one in listed["items"]] == [done["complaint_case_id"]]


def test_the_old_way_in_still_ends_a_case_that_has_no_row(story: Story) -> None:
    """Cases of before wait without one; and whoever asks by the case's own address asks the same."""
    story.press("SOS-1")
    story.take()
    story.close("talk", follow_up_at=story.now + timedelta(hours=1))
    with story.centre.database.sessions.begin() as session:
        session.delete(session.scalars(select(FollowUp)).one())
    work.follow_up(story.centre, 1, story.act("lin"), Told(Result.SATISFIED))
    assert story.case.state == "closed"


def test_the_elders_own_page_asks_too(story: Story, helps: Dispatching) -> None:
    sample(story, 0)
    case = served(story, helps)
    token = elder_links.make_link(story.centre, story.town.elders["Wang"], story.act("lin"))["token"]

    def press(key: str, result: Result) -> elder_page.Outcome:
        return elder_page.rate(story.centre, elder_page.Press(digest(token), story.now, key), case, result)

    asked = elder_page.look(story.centre, token, None, story.now).unrated
    assert asked is not None
    assert (asked.case_id, asked.help) == (case, "meal")
    assert press("k1", Result.DISSATISFIED) == "rated"
    assert story.case.state == "pending_follow_up", "a person asks why"
    assert [one["case_id"] for one in queue(story, "unhappy")] == [str(case)]
    assert elder_page.look(story.centre, token, "k1", story.now).unrated is None
    told(story, case, Result.PARTLY, text="a little late")
    assert press("k1", Result.SATISFIED) == "rated", "the same press"
    assert press("k2", Result.SATISFIED) == "nothing_open"
    assert row(story, case).result == "partly"
