"""The proof of visits: what is odd about it is flagged and never refused, and a person decides what it means."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Forbidden, Invalid
from dispatch.domain.helps.assignments import Fix
from dispatch.services.desk import PageOf
from dispatch.services.followup import coaching
from dispatch.services.helps import cards, checks, late, photos, visiting
from dispatch.services.helps.checks import Decision
from dispatch.services.helps.late import Entry
from dispatch.services.helps.photos import Picture
from dispatch.services.helps.working import Report
from tests.support.helps import MIDDLE, NEAR, Dispatching, jobs_of, north
from tests.support.story import Story

JPEG = b"\xff\xd8\xff\xe0 a door"


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


def going(story: Story, helps: Dispatching, elder: str = "Wang", help_: Help = Help.CHAT) -> int:
    """Near goes to a new service of this elder; the id of the visit."""
    asked: dict[str, Any] = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": help_, "take": True}
    row, _ = story.request(elder_id=story.town.elders[elder], **asked)
    helps.here(NEAR)
    helps.offer("direct", NEAR, case=int(row["id"]), reason="near")
    return helps.accept(NEAR, int(row["id"]))


def says(story: Story, job: int, deed: str, metres: float | None = 20, by: str = "helper", **more: Any) -> list[str]:
    """Reports it now, from so many metres north of Wang's home; the flags."""
    fix = None if metres is None else Fix(north(metres), 10)
    at = more.pop("at", story.now)
    said = Report(f"{deed}-{job}-{by}", at, fix, **more)
    return list(visiting.report(story.centre, job, story.act(by), deed, said)["flags"])


def listed(story: Story, state: str = "open", by: str = "boss") -> list[dict[str, Any]]:
    return list(checks.checks(story.centre, story.town.actor(by), state, PageOf(50, None))["items"])


def quiet(story: Story) -> None:
    story.forward(1)
    for one in story.unexpected():
        story.seen.add(one.id)


def test_two_visits_at_once_and_a_way_that_nobody_drives(story: Story, helps: Dispatching) -> None:
    first = going(story, helps)
    assert says(story, first, "arrive") == []
    story.sleep(600)
    with story.centre.database.sessions.begin() as session:
        session.get_one(type(jobs_of(story.town, "Near")[0]), first).emergency = False
    second = going_too(story, helps)
    story.sleep(120)
    assert says(story, second, "arrive", metres=40_000) == ["far_check_in", "impossible_travel"]
    story.sleep(45 * 60)
    assert "overlap" in says(story, second, "complete", metres=40_000)
    story.sleep(20 * 60)
    assert set(says(story, first, "complete")) >= {"overlap"}
    assert {tuple(sorted(one["flags"])) for one in listed(story)} == {
        ("far_check_in", "impossible_travel", "overlap"),
        ("impossible_travel", "overlap"),
    }
    quiet(story)


def going_too(story: Story, helps: Dispatching) -> int:
    """The same helper says yes to another one meanwhile, whom the desk sent all the same."""
    asked: dict[str, Any] = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.CHAT, "take": True}
    row, _ = story.request(elder_id=story.town.elders["Zhao"], **asked)
    helps.here(NEAR)
    helps.offer("direct", NEAR, case=int(row["id"]), reason="both at one door")
    return helps.accept(NEAR, int(row["id"]))


def test_equally_long_visits_one_after_the_other(story: Story, helps: Dispatching) -> None:
    flags = []
    for _ in range(4):
        job = going(story, helps)
        says(story, job, "arrive")
        story.sleep(45 * 60)
        flags.append(says(story, job, "complete"))
        story.sleep(1800)
    assert flags == [[], [], [], ["equal_lengths"]]
    job = going(story, helps)
    says(story, job, "arrive")
    story.sleep(52 * 60)
    assert says(story, job, "complete") == [], "people differ"
    quiet(story)


def test_check_out_without_check_in_the_same_picture_and_a_wrong_clock(story: Story, helps: Dispatching) -> None:
    first = going(story, helps)
    act = story.act("helper")
    photos.keep(story.centre, first, act, Picture("p1", story.now, JPEG))
    story.sleep(1800)
    fast = story.now + timedelta(hours=8)
    assert says(story, first, "complete", clock_at=fast) == ["no_check_in", "clock_wrong"]
    second = going(story, helps, "Zhao")
    photos.keep(story.centre, second, story.act("helper"), Picture("p2", story.now, JPEG))
    assert [one["flags"] for one in listed(story)] == [["no_check_in"], ["same_photo"]]
    (visit,) = checks.evidence(story.centre, 1, story.town.actor("boss"))["items"]
    assert visit["records"][0]["clock_at"] != visit["records"][0]["at"] == visit["records"][0]["received_at"]
    quiet(story)


def test_the_code_of_the_card_stands_in_for_a_position(story: Story, helps: Dispatching) -> None:
    elder = story.town.elders["Wang"]
    first = going(story, helps)
    assert says(story, first, "arrive", metres=None, code="123456") == ["no_position"], "there is no card yet"
    code = cards.issue(story.centre, elder, story.act("lin"))["code"]
    assert len(code) == 6
    assert says(story, first, "complete", metres=None, code=f" {code} ") == ["short_visit"]
    second = going(story, helps)
    old, code = code, cards.issue(story.centre, elder, story.act("lin"))["code"]
    wrong = "000000" if code != "000000" else "111111"
    assert says(story, second, "arrive", metres=None, code=wrong) == ["no_position", "wrong_card"]
    assert story.case.state == "in_service", "flagged and never blocked"
    assert old != code
    assert "wrong_card" in says(story, second, "complete", metres=None, code=old)
    seen = checks.evidence(story.centre, story.case.id, story.town.actor("boss"))["items"][0]["records"]
    assert [one["card"] for one in seen] == ["wrong", "wrong"]
    assert code not in str(seen)
    assert "code" not in (cards.of_elder(story.centre, elder, story.town.actor("lin")) or {})
    quiet(story)


def test_a_late_entry_needs_a_reason_and_a_second_person(story: Story, helps: Dispatching) -> None:
    job = going(story, helps)
    story.sleep(4 * 3600)
    began, ended = story.now - timedelta(hours=3), story.now - timedelta(hours=2)
    with pytest.raises(Invalid, match="late entry"):
        says(story, job, "arrive", None, "lin", at=began)
    entry = Entry(began, ended, "the telephone was broken")
    with pytest.raises(Invalid, match="past"):
        late.enter(story.centre, job, story.act("lin"), dataclasses.replace(entry, completed_at=began))
    entered = late.enter(story.centre, job, story.act("lin"), entry)
    assert (entered["state"], story.case.state) == ("waiting", "assigned"), "until then it is no visit"
    with pytest.raises(Conflict):
        late.enter(story.centre, job, story.act("mei"), entry)
    with pytest.raises(Forbidden, match="another person"):
        late.decide(story.centre, job, story.act("lin"), confirmed=True, reason=None)
    late.decide(story.centre, job, story.act("boss"), confirmed=False, reason="wrong day")
    assert story.case.state == "assigned"
    late.enter(story.centre, job, story.act("lin"), entry)
    assert late.decide(story.centre, job, story.act("mei"), confirmed=True, reason=None)["decided_by"] == "Mei"
    assert story.case.state == "pending_follow_up"
    assert "late_entry" in story.case.flags
    (done,) = jobs_of(story.town, "Near")
    assert (done.arrived_at, done.completed_at) == (began, ended)
    assert "late_entry" in done.flags
    assert "no_position" not in done.flags, "nobody expects one"
    told = [e.kind for e in story.events() if e.kind.startswith(("late_", "helper_"))]
    assert told == ["late_entered", "late_decided", "late_entered", "late_decided", "helper_arrived", "helper_done"]
    quiet(story)


@BOTH
def test_what_is_odd_is_decided_by_a_person_with_a_reason(story: Story, helps: Dispatching) -> None:
    first = going(story, helps)
    says(story, first, "arrive", 900)
    (odd,) = listed(story)
    assert (odd["worker"]["name"], odd["elder"], odd["flags"]) == ("Near", "Wang", ["far_check_in"])
    check = int(odd["id"])
    done = checks.decide(story.centre, check, story.act("boss"), Decision.ACCEPTED, "met at the clinic")
    assert (done["state"], listed(story)) == ("accepted", [])
    with pytest.raises(Conflict):
        checks.decide(story.centre, check, story.act("boss"), Decision.TALK, "again")
    story.sleep(120)
    assert "short_visit" in says(story, first, "complete", 900)
    (again,) = listed(story)
    assert again["flags"] == ["far_check_in", "short_visit"], "something new is looked at anew"
    looked = checks.decide(story.centre, check, story.act("boss"), Decision.COMPLAINT, "two minutes")
    complaint = story.get(int(looked["complaint_case_id"]))
    assert (complaint.kind, complaint.text) == ("complaint", "two minutes")
    assert [one["reason"] for one in listed(story, "decided")] == ["two minutes"]
    told = [e.data["decision"] for e in story.events(1) if e.kind == "visit_checked"]
    assert told == ["accepted", "complaint"]
    worker = helps.ids["Near"]
    seen = coaching.of_worker(story.centre, worker, story.town.actor("boss"), story.now, 30)
    assert seen["offers"] | {"refused": []} == {"asked": 1, "accepted": 1, "median_seconds": 0, "refused": []}
    assert (seen["visits"]["there"], seen["visits"]["on_time"]) == (1, 1)
    assert [one["case_id"] for one in seen["complaints"]] == [looked["complaint_case_id"]]
    assert seen["flags"][0]["what"] == "complaint"
    mine = coaching.of_myself(story.centre, story.town.actor("helper"), story.now, 30)
    assert mine == seen, "whoever it is about may see the same"
    quiet(story)
