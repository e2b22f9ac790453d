"""The time of a booked check-in visit: told the evening before, confirmed by a digit, moved by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.domain.visits.visit import Trigger, VisitState
from dispatch.models.cases import Case
from dispatch.models.people import Contact, Elder
from dispatch.models.visits import CheckinVisit
from dispatch.services.visits import appointments, moving, tasks
from dispatch.services.visits.moving import Move
from tests.support.factories import START
from tests.support.helps import MIDDLE, NEAR, Dispatching, Who
from tests.support.story import Story
from tests.support.visits import generate, visit_of

WANG = "13800001000"
DAUGHTER = "13700000000"
TO_EVENING = 2 * 3600.0
"""From the beginning of the story to 18:00 of the centre."""


@pytest.fixture
def helps(story: Story) -> Dispatching:
    """What is open in a month is told elsewhere, and not here."""
    story.call_no_family()
    quiet = replace(story.centre.visits, reminders=())
    story.centre = story.town.centre = replace(story.centre, visits=quiet)
    story.clock = story.new_clock()
    made = Dispatching(story, NEAR, MIDDLE)
    generate(story.town)
    return made


def book(story: Story, helps: Dispatching, name: str = "Wang", hours: float = 18) -> CheckinVisit:
    """For tomorrow morning, with Near."""
    with story.centre.database.sessions.begin() as session:
        visit = session.get_one(CheckinVisit, visit_of(story.town, name).id)
        tasks.step(visit, Trigger.BOOK, story.now)
        visit.worker_id, visit.planned_at, visit.minutes = helps.ids["Near"], START + timedelta(hours=hours), 25
    return visit


def evening(story: Story, seconds: float = TO_EVENING) -> None:
    story.sleep(seconds)
    appointments.tick(story.centre, story.now)
    story.forward(2)


def cases(story: Story) -> list[tuple[str, str, str | None]]:
    with story.centre.database.reads() as session:
        return [(case.kind, case.cause, case.text) for case in session.scalars(select(Case).order_by(Case.id))]


def test_the_elder_is_told_in_the_evening_and_a_digit_promises_it(story: Story, helps: Dispatching) -> None:
    book(story, helps)
    evening(story, 60)
    story.phone(WANG).expect_silence()
    evening(story, TO_EVENING)
    told = story.phone(WANG).expect_sms("明天10:00社区上门探访，N师傅")
    assert len(told.body) <= 70
    evening(story, 60)
    story.phone(WANG).expect_silence()
    story.phone(WANG).reply("1")
    story.forward(2)
    visit = visit_of(story.town, "Wang")
    assert (visit.state, visit.confirmed_by, cases(story)) == ("booked", "Wang", [])


def test_another_time_is_a_wish_that_a_person_reads_and_nothing_moves_by_itself(
    story: Story, helps: Dispatching
) -> None:
    at = book(story, helps).planned_at
    evening(story)
    story.phone(WANG).expect_sms("改时间回2")
    for said in ("2", "下午三点以后"):
        story.phone(WANG).reply(said)
        story.forward(2)
        assert len(story.phone(WANG).expect_sms("坐席会尽快电话联系您").body) <= 70
    assert cases(story) == [("enquiry", "visit_change", "2")]
    assert visit_of(story.town, "Wang").planned_at == at
    wanted = Move(START + timedelta(hours=23), by="Wang")
    row = moving.move(story.centre, visit_of(story.town, "Wang").id, story.act("mei"), wanted)
    assert row["planned_at"].startswith("2026-11-25T07:00:00")
    assert visit_of(story.town, "Wang").confirmed_by == "Wang"
    story.forward(2)
    assert len(story.phone(NEAR.phone).expect_sms("W奶奶改到明天15:00").body) <= 70
    evening(story, 60)
    story.phone(WANG).expect_silence()


def test_the_family_is_told_where_the_elder_has_no_mobile_and_a_wall_telephone_is_rung(
    story: Story, helps: Dispatching
) -> None:
    with story.centre.database.sessions.begin() as session:
        for name in ("Wang", "Zhao"):
            session.get_one(Elder, story.town.elders[name]).phone = f"0467123456{len(name)}"
        assert session.scalar(select(Contact.phone).where(Contact.elder_id == story.town.elders["Wang"])) == DAUGHTER
    book(story, helps)
    book(story, helps, "Zhao", 19)
    evening(story)
    story.phone(DAUGHTER).expect_sms("W奶奶：明天10:00")
    story.phone("04671234564").expect_call("可以请按1")
    story.phone(DAUGHTER).reply("1")
    story.forward(2)
    assert visit_of(story.town, "Wang").confirmed_by == "Daughter"


def test_what_was_moved_since_is_told_anew_and_an_old_yes_promises_nothing(story: Story, helps: Dispatching) -> None:
    book(story, helps)
    evening(story)
    story.phone(WANG).expect_sms("10:00")
    with story.centre.database.sessions.begin() as session:
        session.get_one(CheckinVisit, visit_of(story.town, "Wang").id).planned_at = START + timedelta(hours=20)
    story.phone(WANG).reply("1")
    story.forward(2)
    assert visit_of(story.town, "Wang").confirmed_at is None
    evening(story, 60)
    story.phone(WANG).expect_sms("12:00")


def test_a_digit_that_may_mean_a_job_or_the_visit_means_neither(story: Story, helps: Dispatching) -> None:
    """Wang is to be visited and is a volunteer herself, to whom a job is offered at the same telephone."""
    both = Who("Both", WANG, north_m=600)
    helps.ids.update(Dispatching(story, both).ids)
    story.sleep(TO_EVENING)
    elder_id = story.town.elders["Zhao"]
    asked = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.CHAT, "take": True, "elder_id": elder_id}
    job = int(story.request(**asked)[0]["id"])  # type: ignore[arg-type]
    helps.offer("direct", both, case=job, reason="next door")
    story.forward(2)
    code = story.phone(WANG).expect_sms("回1接单2不接").body[4:7]
    book(story, helps)
    evening(story, 60)
    story.phone(WANG).expect_sms("社区上门探访")
    story.phone(WANG).reply("1")
    story.forward(2)
    assert len(story.phone(WANG).expect_sms("多个问题待答").body) <= 70
    assert (helps.states(job)["Both"], visit_of(story.town, "Wang").confirmed_at) == ("offered", None)
    story.phone(WANG).reply("确认")
    story.forward(2)
    assert visit_of(story.town, "Wang").confirmed_by == "Wang"
    story.phone(WANG).reply(f"1 {code}")
    story.forward(2)
    story.phone(WANG).expect_sms("已派给您")


def test_by_telephone_at_the_desk(story: Story, helps: Dispatching) -> None:
    visit = book(story, helps)
    row = moving.confirm(story.centre, visit.id, story.act("mei"), "her daughter")
    assert (row["confirmed_by"], row["state"]) == ("her daughter", "booked")
    with pytest.raises(Invalid):
        moving.move(story.centre, visit.id, story.act("mei"), Move(START + timedelta(days=30)))
    with pytest.raises(Invalid):
        moving.move(story.centre, visit.id, story.act("mei"), Move(START - timedelta(hours=1)))
    free = visit_of(story.town, "Zhao").id
    with pytest.raises(Conflict):
        moving.confirm(story.centre, free, story.act("mei"), "Zhao")
    with pytest.raises(Invalid):
        moving.move(story.centre, free, story.act("mei"), Move(START + timedelta(hours=20)))
    wanted = Move(START + timedelta(hours=20), helps.ids["Middle"])
    assert moving.move(story.centre, free, story.act("mei"), wanted)["worker"]["name"] == "Middle"
    story.forward(2)
    story.phone(MIDDLE.phone).expect_sms("探访改期")
    assert visit_of(story.town, "Zhao").state == VisitState.BOOKED


def test_nobody_is_told_where_the_centre_does_not_want_it(story: Story, helps: Dispatching) -> None:
    book(story, helps)
    story.centre = replace(story.centre, visits=replace(story.centre.visits, remind=False))
    story.clock = story.new_clock()
    evening(story)
    story.phone(WANG).expect_silence()
