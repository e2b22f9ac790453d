"""The life of what was asked for: changed, moved, cancelled, reminded of; again and again; counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid, VersionConflict
from dispatch.domain.helps.standing import moment
from dispatch.models.cases import Case
from dispatch.models.helps import Order
from dispatch.services import live
from dispatch.services.helps.candidates import candidates
from dispatch.services.ordering import calendar, changing, counts, orders, planning, standing
from dispatch.services.ordering.changing import Changes, To
from dispatch.services.ordering.standing import Shape
from dispatch.services.register import elders
from dispatch.services.rows import stamp
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.orders import LUNCH, lunch
from tests.support.story import Story

WANG = "13800001000"
TOMORROW = date(2026, 11, 25)


@pytest.fixture
def helps(story: Story) -> Dispatching:
    return Dispatching(story)


def at(story: Story, day: date, clock: str) -> datetime:
    return moment(day, clock, story.centre.zone)


def ask(story: Story, help_: Help = Help.BATH, **more: Any) -> int:
    row, _ = story.request(
        **{
            "kind": Kind.SERVICE,
            "channel": Channel.HOTLINE,
            "elder_id": story.town.elders["Wang"],
            "help": help_,
            "take": True,
            **more,
        }
    )
    return int(row["id"])


def until(story: Story, moment_: datetime) -> None:
    story.forward((moment_ - story.now).total_seconds())


def of(story: Story) -> dict[str, Any]:
    found = orders.of_case(story.centre, story.case.id, story.town.actor("lin"))["order"]
    assert found is not None
    return dict(found)


# -- one order


def test_who_asked_by_which_channel_for_whom_is_kept(story: Story, helps: Dispatching) -> None:
    """A woman, please, and Middle if she can; between ten and twelve, asked by the daughter on paper."""
    ten = at(story, TOMORROW, "10:00")
    ask(
        story,
        channel=Channel.PAPER,
        wanted_at=ten,
        wanted_until=ten + timedelta(hours=2),
        sex="F",
        worker_id=helps.ids["Middle"],
        applicant={"name": "Li", "relation": "daughter"},
        take=False,
    )
    opened = story.expect_event("opened", applicant={"name": "Li", "relation": "daughter"})
    assert opened.channel == "paper"
    seen = of(story)
    assert (seen["item"], seen["sex"], seen["worker"]["name"]) == ("bath_home", "F", "Middle")
    best = candidates(story.centre, story.case.id, story.town.actor("lin"), story.now)["items"][0]
    assert best["worker"]["name"] == "Middle"
    assert "wanted_by_elder" in best["reasons"]
    with pytest.raises(Invalid):
        ask(story, wanted_at=ten, wanted_until=ten - timedelta(hours=1))
    with pytest.raises(Invalid):
        ask(story, worker_id=999999)


def test_moved_and_cancelled_by_telephone_everybody_is_told(story: Story, helps: Dispatching) -> None:
    daughter = "13700000000"
    ten = at(story, TOMORROW, "10:00")
    ask(story, wanted_at=ten, caller=daughter, applicant={"name": "Li", "relation": "daughter"})
    helps.offer("direct", NEAR, reason="she knows her")
    story.forward(1)
    helps.phone(NEAR).expect_sms("上门助浴明天10:00")
    helps.accept(NEAR)
    with pytest.raises(Conflict):
        changing.change(story.centre, story.case.id, story.act("mei"), Changes(item="bath_point"))
    three = at(story, TOMORROW, "15:00")
    changing.reschedule(story.centre, story.case.id, story.act("mei"), To(three, reason="the doctor comes at ten"))
    assert story.case.state == "dispatching", "whoever was to come is asked for the new time"
    story.forward(1)
    helps.phone(NEAR).expect_sms("改期到明天15:00，原时间不必前往")
    helps.phone(NEAR).expect_sms("上门助浴明天15:00")
    for phone in (WANG, daughter):
        story.phone(phone).expect_sms("W奶奶的上门助浴已改到明天15:00")
    helps.phone(NEAR).reply("1")
    story.forward(1)
    helps.phone(NEAR).expect_sms("已派给您")
    assert helps.seen()["assignment"]["due_at"] == stamp(three)
    until(story, at(story, TOMORROW - timedelta(days=1), "18:01"))
    story.phone(WANG).expect_sms("提醒W奶奶：明天15:00上门助浴，由N师傅前来。改时间回2，取消回3")
    until(story, at(story, TOMORROW, "13:01"))
    helps.phone(NEAR).expect_sms("提醒：今天15:00上门助浴")
    story.phone(WANG).expect_silence()
    changing.cancel(story.centre, story.case.id, story.act("lin"), reason="she has a cold")
    assert (story.case.state, story.case.outcome, story.case.next_due_at) == ("cancelled", "cancelled", None)
    story.forward(1)
    helps.phone(NEAR).expect_sms("已取消，不必前往")
    for phone in (WANG, daughter):
        story.phone(phone).expect_sms("今天15:00的上门助浴已取消")
    with pytest.raises(IllegalTransition):
        changing.reschedule(story.centre, story.case.id, story.act("lin"), To(at(story, TOMORROW, "16:00")))
    told = [e.kind for e in story.events() if e.kind.startswith("order")]
    assert told == ["order_moved", "order_reminded", "order_reminded", "order_cancelled"]


def test_a_text_that_went_out_meanwhile_is_no_reason_to_refuse(story: Story) -> None:
    """What happened otherwise is: of two who move it, the second is told."""
    ask(story, wanted_at=at(story, TOMORROW, "10:00"))
    three = To(at(story, TOMORROW, "15:00"))
    seen = changing.reschedule(story.centre, story.case.id, story.act("mei"), three)["version"]
    story.forward(1)
    story.phone(WANG).expect_sms("已改到明天15:00")
    assert story.case.version > seen
    four = To(at(story, TOMORROW, "16:00"))
    changing.reschedule(story.centre, story.case.id, story.act("lin", version=seen), four)
    story.forward(1)
    story.phone(WANG).expect_sms("已改到明天16:00")
    with pytest.raises(VersionConflict):
        changing.cancel(story.centre, story.case.id, story.act("mei", version=seen), reason="too late")
    assert story.case.outcome is None


def test_what_the_elder_writes_back_is_read_by_a_person(story: Story, helps: Dispatching) -> None:
    """ "3" cancels nothing by itself: the desk rings, and until then all stays as it was."""
    ask(story, wanted_at=at(story, TOMORROW, "15:00"))
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    until(story, at(story, TOMORROW - timedelta(days=1), "18:01"))
    story.phone(WANG).expect_sms("提醒W奶奶")
    story.phone(WANG).reply("好的")
    assert "change_asked" not in story.case.flags
    story.phone(WANG).reply("取消吧")
    assert "change_asked" in story.case.flags
    assert story.case.state == "assigned"
    story.forward(1)
    story.phone(WANG).expect_sms("坐席会尽快电话联系您，在此之前安排不变")
    assert "asked_owner" in [e.kind for e in story.events()], "at once"
    to = To(at(story, TOMORROW, "16:00"), ask_again=False)
    changing.reschedule(story.centre, story.case.id, story.act("lin"), to)
    assert "change_asked" not in story.case.flags
    story.forward(1)
    helps.phone(NEAR).expect_sms("改期到明天16:00")
    story.phone(WANG).expect_sms("已改到明天16:00")


def test_nobody_is_written_to_at_night_about_what_can_wait(story: Story, helps: Dispatching) -> None:
    ask(story, wanted_at=at(story, TOMORROW, "15:00"))
    story.sleep(7 * 3600)
    changing.cancel(story.centre, story.case.id, story.act("lin"), reason="the son takes her")
    story.forward(7.9 * 3600)
    story.phone(WANG).expect_silence()
    story.forward(420)
    story.phone(WANG).expect_sms("已取消")


# -- again and again


def planned(story: Story, elder: str = "Wang") -> dict[str, str]:
    """By day, how far the orders of an elder's standing orders are."""
    with story.centre.database.reads() as session:
        rows = session.execute(
            select(Order.day, Case.state)
            .join(Case)
            .where(Case.elder_id == story.town.elders[elder], Order.day.is_not(None))
        )
        return {f"{day:%m-%d}": state for day, state in rows}


def test_daily_lunch_from_tomorrow_with_a_pause_on_sunday(story: Story, helps: Dispatching) -> None:
    """Planned a week ahead and once each, paused by choice and by the hospital, changed, and ended."""
    made = lunch(story)
    assert list(planned(story)) == ["11-25", "11-26", "11-27", "11-28", "11-29", "11-30", "12-01"]
    assert made["next"][0]["at"] == stamp(at(story, TOMORROW, "11:30"))
    assert made["ahead"] == 7
    assert story.case.state == "planned"
    assert live.snapshot(story.centre, story.town.actor("lin"), story.now)["cases"] == [], (
        "the desk need not see it yet"
    )
    which = int(made["id"])
    sunday = date(2026, 11, 29)
    paused = standing.pause(story.centre, which, story.act("lin"), (sunday, sunday), "she is with her son")
    assert planned(story)["11-29"] == "cancelled"
    assert [one["off"] for one in paused["next"]] == [None, None, None, None, "paused"]
    story.clock.cycle(story.now)
    planning.tick(story.centre, story.now)
    assert len(planned(story)) == 7, "however often it is planned"

    moved = Shape(**{**LUNCH, "starts": "12:00", "weekdays": frozenset(range(5))})
    standing.change(story.centre, which, story.act("lin"), moved)
    assert [day for day, state in planned(story).items() if state != "cancelled"] == [
        "11-25",
        "11-26",
        "11-27",
        "11-30",
        "12-01",
    ]
    with story.centre.database.reads() as session:
        times = set(session.scalars(select(Case.wanted_at).where(Case.state != "cancelled")))
    assert {f"{one.astimezone(story.centre.zone):%H:%M}" for one in times} == {"12:00"}

    until_ = story.now + timedelta(days=2)
    elders.set_absence(story.centre, story.town.elders["Wang"], story.act("lin"), elders.Absence("hospital", until_))
    assert [planned(story)[day] for day in ("11-25", "11-26", "11-27")] == ["cancelled", "cancelled", "planned"]
    elders.set_absence(story.centre, story.town.elders["Wang"], story.act("lin"), None)
    assert planned(story)["11-25"] == "planned", "she is home earlier: her lunch comes back"

    story.sleep(4 * 86400)
    fresh = planning.tick(story.centre, story.now)
    assert fresh == {"created": 3, "left": 0}, "after days without a clock what is missing is planned, once"
    assert list(planned(story))[-3:] == ["12-02", "12-03", "12-04"]
    standing.end(story.centre, which, story.act("lin"), reason="she moves to her son")
    with pytest.raises(Conflict):
        standing.pause(story.centre, which, story.act("lin"), (sunday, None), None)
    assert [day for day, state in planned(story).items() if state != "cancelled" and day > "11-28"] == []


def test_a_planned_lunch_goes_its_way_without_the_desk(story: Story, helps: Dispatching) -> None:
    """The agreed helper is on it every day; another one is asked the day before; what goes wrong comes to the desk."""
    lunch(story, worker_id=helps.ids["Near"], agreed=True, weekdays=frozenset({2}))
    first = story.case.id
    lunch(story, "Zhao", worker_id=helps.ids["Middle"], weekdays=frozenset({2}), remind=True)
    second = story.case.id
    lunch(story, "Qian", weekdays=frozenset({2}))
    third = story.case.id
    assert story.get(first).next_due_at == story.now, "the time to ask has just come: it is 16:00 on the day before"
    story.forward(1)
    job = helps.seen(first)["assignment"]
    assert (job["worker"]["name"], job["channel"]) == ("Near", "agreed")
    assert story.get(first).state == "planned"
    helps.phone(NEAR).expect_silence()
    helps.phone(MIDDLE).expect_sms("送餐上门明天11:30")
    assert story.get(third).state == "new", "nobody is preferred: a person finds somebody"
    story.take(case=third)
    story.close("information_given", case=third, text="moved to next week")
    helps.phone(MIDDLE).reply("2")
    story.forward(2)
    helps.phone(MIDDLE).expect_sms("已转派")
    assert story.get(second).state == "new", "no: the desk hears it at once"
    assert "offers_exhausted" in story.get(second).flags
    story.take(case=second)
    helps.offer("direct", FAR, case=second, reason="free")
    story.forward(1)
    helps.phone(FAR).expect_sms("送餐上门")
    helps.phone(FAR).reply("1")
    story.forward(2)
    helps.phone(FAR).expect_sms("已派给您")
    until(story, at(story, TOMORROW, "09:31"))
    story.phone("13800001001").expect_sms("提醒Z奶奶：明天11:30送餐上门")
    helps.phone(NEAR).expect_sms("提醒：今天11:30送餐上门")
    helps.phone(FAR).expect_sms("提醒：今天11:30送餐上门")
    until(story, at(story, TOMORROW, "11:28"))
    helps.phone(FAR).reply("3")
    helps.report_of(first, "arrive")
    helps.report_of(first, "complete")
    helps.phone(FAR).reply("4")
    assert [story.get(one).state for one in (first, second)] == ["pending_follow_up"] * 2
    assert story.get(first).owner_id is None
    story.forward(1)
    helps.phone(FAR).expect_sms("已记录完成")


def test_a_planned_lunch_that_is_late_or_never_reported_comes_to_the_desk(story: Story, helps: Dispatching) -> None:
    story.call_no_family()
    lunch(story, worker_id=helps.ids["Near"], agreed=True, weekdays=frozenset({2}), last=TOMORROW)
    late = story.case.id
    lunch(story, "Zhao", worker_id=helps.ids["Near"], agreed=True, weekdays=frozenset({2}), last=TOMORROW)
    story.forward(1)
    until(story, at(story, TOMORROW, "11:44"))
    for _ in range(2):
        helps.phone(NEAR).expect_sms("提醒")
    helps.report("arrive")
    assert {one.state for one in story.cases()} == {"planned"}
    until(story, at(story, TOMORROW, "11:46"))
    assert (story.get(late).state, story.get(late).priority) == ("new", 3)
    assert "late_arrival" in story.get(late).flags
    story.take(case=late)
    assert story.get(late).state == "assigned"
    helps.report_of(late, "arrive")
    helps.report_of(late, "complete")
    assert story.get(late).state == "pending_follow_up"
    until(story, at(story, TOMORROW, "12:46"))
    assert story.case.state == "new", "there since half past eleven, and nobody has said that it is done"
    assert [e.data for e in story.events(story.case.id) if e.kind == "came_up"] == [{"why": "not_reported"}]
    story.take()


# -- counted


def test_every_number_of_the_board_is_its_list(story: Story, helps: Dispatching) -> None:
    """All ten helps, zero included; the stages add up; each number, and each cell of the calendar, is its list."""
    noon = at(story, TOMORROW, "12:00")
    for help_ in (Help.BATH, Help.MEAL, Help.MEAL, Help.CHAT):
        ask(story, help_, wanted_at=noon)
    helps.offer("direct", NEAR, reason="near")
    helps.accept(NEAR)
    changing.cancel(story.centre, story.case.id - 1, story.act("lin"), reason="no appetite")
    ask(story, Help.MEAL, wanted_at=at(story, TOMORROW + timedelta(days=30), "12:00"))
    boss = story.town.actor("boss")
    board = counts.board(story.centre, boss, counts.Period.DAY, TOMORROW, None)
    rows = {row["help"]: row for row in board["items"]}
    assert list(rows) == [help_.value for help_ in Help]
    assert (rows["meal"]["asked"], rows["meal"]["waiting"], rows["meal"]["not_done"]) == (2, 1, 1)
    assert (rows["bath"]["waiting"], rows["chat"]["promised"], rows["learning"]["asked"]) == (1, 1, 0)
    begins, ends = counts.span(story.centre, counts.Period.DAY, TOMORROW)
    for row in board["items"]:
        assert row["asked"] == sum(row[stage] for stage in counts.Stage)
        for stage in (None, *counts.Stage):
            wanted = counts.Wanted(begins, ends, Help(row["help"]), stage)
            found = counts.orders(story.centre, boss, wanted, 50, 0)
            assert found["total"] == len(found["items"]) == row[stage or "asked"]
    month = counts.board(story.centre, boss, counts.Period.MONTH, TOMORROW, story.town.areas["West"])
    assert sum(row["asked"] for row in month["items"]) == 0, "Wang lives in the East"
    week = calendar.calendar(story.centre, boss, calendar.View(TOMORROW, calendar.Unit.DAY, calendar.By.WORKER))
    assert [(row["name"], row["cells"][2]["n"]) for row in week["rows"]] == [(None, 3), ("Near", 1)]
    lunch(story, "Zhao", worker_id=helps.ids["Middle"], first=TOMORROW + timedelta(days=1))
    planned_ = calendar.calendar(story.centre, boss, calendar.View(TOMORROW, calendar.Unit.DAY, calendar.By.WORKER))
    assert [row["cells"][3]["planned"] for row in planned_["rows"] if row["name"] == "Middle"] == [1]
    assert week["rows"][0]["cells"][2]["helps"] == {"bath": 1, "meal": 2}
    day = calendar.calendar(story.centre, boss, calendar.View(TOMORROW, calendar.Unit.HOUR, calendar.By.AREA))
    assert [(row["name"], row["cells"][12]["n"]) for row in day["rows"]] == [("East", 4)]
    story.phone(NEAR.phone).expect_silence()
