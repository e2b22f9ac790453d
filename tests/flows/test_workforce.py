"""A centre administers those who go to the homes: what is written into a file decides who is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.helps.offers import Mode
from dispatch.domain.imports.working import read_hours
from dispatch.models.helps import Offer, Order
from dispatch.models.people import User
from dispatch.models.trail import TrailEntry
from dispatch.models.workforce import ExpiryNotice, Worker
from dispatch.services.desk import PageOf
from dispatch.services.helps import candidates, offering
from dispatch.services.helps.offering import Offers
from dispatch.services.workforce import (
    expiry,
    figures,
    file,
    gaps,
    helpers,
    hours,
    listing,
    providers,
    stations,
    today,
    wishes,
)
from dispatch.services.workforce.expiry import ExpiryFilter
from dispatch.services.workforce.gaps import Question
from dispatch.services.workforce.helpers import Held
from dispatch.services.workforce.hours import Days, Shift
from dispatch.services.workforce.listing import HelperFilter
from dispatch.services.workforce.stations import StationFilter
from tests.support.factories import START, password_hash
from tests.support.helps import FAR, MIDDLE, NEAR, Dispatching
from tests.support.story import Story
from tests.support.tables import Importer, numbers

TODAY = START.date()
"""16:00 of a Tuesday where the centre is."""
DAY = tuple(Shift(weekday, "08:00", "20:00") for weekday in range(7))


@pytest.fixture
def story(story: Story) -> Story:
    story.call_no_family()
    return story


def added(story: Story, **more: Any) -> int:
    """Somebody new in the East who can bathe, with a certificate."""
    wanted = {"name": "赵小燕", "phone": "138 1234 0001", "area_id": story.town.areas["East"], "kind": "worker"}
    skills = [Held("bath", 2, "YL-88", TODAY + timedelta(days=90))]
    return int(helpers.add(story.centre, story.act("boss"), {**wanted, "skills": skills, **more})["id"])


def a_bath(story: Story) -> int:
    asked = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.BATH, "take": True}
    row, _ = story.request("lin", elder_id=story.town.elders["Wang"], item=None, **asked)
    return int(row["id"])


def match(story: Story, case_id: int) -> tuple[list[str], dict[str, list[str]]]:
    """Who would be asked, and why the others would not."""
    found = candidates.candidates(story.centre, case_id, story.town.actor("lin"), story.now)
    out = {one["worker"]["name"]: [reason["code"] for reason in one["reasons"]] for one in found["excluded"]}
    return [one["worker"]["name"] for one in found["items"]], out


def seen(story: Story, worker_id: int, who: str = "boss") -> dict[str, Any]:
    return file.file(story.centre, worker_id, story.town.actor(who), story.now)


def found(story: Story, who: str = "boss", **wanted: Any) -> list[str]:
    page = listing.helpers(story.centre, story.town.actor(who), HelperFilter(**wanted), PageOf(50, None), story.now)
    assert page["total"] == len(page["items"])
    return [one["name"] for one in page["items"]]


def test_what_stands_in_the_file_decides_who_is_asked(story: Story) -> None:
    worker, case_id = added(story), a_bath(story)
    assert seen(story, worker)["lacks"] == ["hours"]
    assert match(story, case_id) == ([], {"赵小燕": ["off_shift"]}), "nobody is asked who has no hours"

    hours.set_week(story.centre, worker, story.act("duty"), DAY)
    assert match(story, case_id) == (["赵小燕"], {})

    hours.set_days(story.centre, worker, story.act("duty"), Days(TODAY, TODAY, None, "发热"))
    assert match(story, case_id) == ([], {"赵小燕": ["absent"]})
    hours.set_days(story.centre, worker, story.act("duty"), Days(TODAY, TODAY, ("06:00", "12:00")))
    assert match(story, case_id) == ([], {"赵小燕": ["off_shift"]}), "she leaves at noon today"
    hours.clear_days(story.centre, worker, story.act("duty"), Days(TODAY, TODAY))

    for until, asked in ((TODAY, True), (TODAY - timedelta(days=1), False)):
        helpers.change(story.centre, worker, story.act("boss"), {"skills": [Held("bath", 2, "YL-88", until)]})
        who, out = match(story, case_id)
        assert (who == ["赵小燕"]) is asked, f"valid until {until}"
    assert out == {"赵小燕": ["certificate_expired"]}
    helpers.change(story.centre, worker, story.act("boss"), {"skills": [Held("bath", 2, "YL-89")], "active": False})
    assert match(story, case_id) == ([], {}), "who has left is nobody's candidate"
    assert not set(str(trail_of(story))) & set("发热"), "why somebody is ill is not for the trail"


def trail_of(story: Story) -> list[tuple[str, str, str, Any]]:
    with story.centre.database.reads() as session:
        rows = session.scalars(select(TrailEntry).order_by(TrailEntry.id))
        return [(row.actor_name, row.action, row.subject_kind, row.data) for row in rows]


def test_changes_of_two_people_do_not_overwrite_each_other(story: Story) -> None:
    worker = added(story)
    version = seen(story, worker)["version"]
    helpers.change(story.centre, worker, story.act("boss", version), {"capacity": 3, "name": "赵小雁"})
    with pytest.raises(VersionConflict) as refused:
        hours.set_week(story.centre, worker, story.act("duty", version), DAY)
    assert refused.value.extra["changed_by"] == "Boss"
    said = [(who, action, data.get("fields")) for who, action, kind, data in trail_of(story) if kind == "worker"]
    assert said == [
        ("Boss", "helper_added", None),
        ("Boss", "helper_changed", {"capacity": {"from": 6, "to": 3}, "name": {}}),
    ]
    with pytest.raises(Invalid, match="already"):
        added(story, name="赵小雁")


def test_the_list_finds_by_sound_and_by_what_is_lacking(story: Story) -> None:
    worker = added(story)
    Dispatching(story, NEAR)
    assert (
        found(story, q="zxy")
        == found(story, q="zhaoxiao")
        == found(story, q="小燕")
        == found(story, q="340001")
        == ["赵小燕"]
    )
    assert found(story, lacks="hours") == ["赵小燕"]
    assert found(story, skill="meal") == ["Near"]
    assert found(story, kind="volunteer") == []
    hours.set_days(story.centre, worker, story.act("boss"), Days(TODAY, TODAY))
    assert found(story, absent=True) == ["赵小燕"]
    assert found(story, absent=False) == ["Near"]
    assert found(story, "west_op") == []
    with pytest.raises(NotFound):
        seen(story, worker, "west_op")
    assert "13812340001" not in str(seen(story, worker))
    assert helpers.reveal(story.centre, worker, story.act("lin"), "to ring her")["values"] == {"phone": "13812340001"}
    assert trail_of(story)[-1][:3] == ("Lin", "reveal", "worker")


def test_nobody_is_taken_off_the_list_while_an_elder_waits_for_them(story: Story) -> None:
    helps = Dispatching(story, NEAR)
    case_id = a_bath(story)
    helps.offer("direct", NEAR, case=case_id, reason="knows her")
    story.forward(1)
    helps.phone(NEAR).expect_sms()
    with pytest.raises(Conflict, match=str(case_id)):
        helpers.change(story.centre, helps.ids["Near"], story.act("boss"), {"active": False})
    helps.accept(NEAR, case_id)
    absent = hours.set_days(story.centre, helps.ids["Near"], story.act("boss"), Days(TODAY, TODAY + timedelta(days=1)))
    assert absent["visits"] == 1, "somebody must be found for it"


@pytest.mark.parametrize(
    "shifts",
    [
        [Shift(0, "08:00", "12:00"), Shift(0, "11:00", "13:00")],
        [Shift(6, "22:00", "06:00"), Shift(0, "05:00", "09:00")],
        [Shift(2, "00:00", "00:00"), Shift(3, "00:00", "08:00"), Shift(3, "07:59", "09:00")],
    ],
)
def test_two_shifts_at_once_are_refused(shifts: list[Shift]) -> None:
    with pytest.raises(Invalid, match="upon each other"):
        hours.check_week(shifts)


def test_a_night_may_end_when_the_next_day_begins() -> None:
    hours.check_week([Shift(6, "22:00", "06:00"), Shift(0, "06:00", "14:00"), Shift(1, "00:00", "00:00")])


# -- papers that end


def notices(story: Story) -> list[tuple[str, int]]:
    with story.centre.database.reads() as session:
        return [(one.subject, one.days) for one in session.scalars(select(ExpiryNotice).order_by(ExpiryNotice.id))]


def ending(story: Story, within: str = "60", who: str = "boss") -> list[str]:
    """The names on the list; its length is the number that stands on its tab."""
    page = PageOf(50, None)
    found = expiry.ending(story.centre, story.town.actor(who), ExpiryFilter(within), page, story.now)
    assert found["counts"][within] == found["total"] == len(found["items"])
    return [one["name"] for one in found["items"]]


def look(story: Story, **later: float) -> None:
    """The clock's round, so much later; the hours between, in which it is not due, are left out."""
    story.now += timedelta(**later)
    expiry.tick(story.centre, story.now)


def test_a_paper_that_ends_is_said_once_at_each_threshold_also_after_a_night_off(story: Story) -> None:
    until = TODAY + timedelta(days=62)
    worker = added(story, skills=[Held("bath", 2, "YL-88", until), Held("meal")])
    provider = {"name": "安康", "kind": "company", "ownership": "private", "area_id": story.town.areas["East"]}
    papers = {"licence_until": TODAY + timedelta(days=25), "contract_until": TODAY - timedelta(days=1)}
    made = providers.add(story.centre, story.act("boss"), {**provider, **papers})["id"]
    bath, licence, contract = f"certificate:{worker}:bath", f"licence:{made}", f"contract:{made}"
    said = [(licence, 30), (contract, 0)]
    story.forward(1)
    assert sorted(notices(story)) == sorted(said), "by the clock"
    look(story, days=2)
    assert notices(story)[2:] == [(bath, 60)]
    assert (ending(story), ending(story, "30"), ending(story, "expired")) == (["安康", "赵小燕"], ["安康"], ["安康"])
    assert ending(story, who="west_op") == [], "papers of the East"

    look(story, days=54)  # the clock was away while 30 days passed: "in 30 days" would be wrong by now
    assert notices(story)[3:] == [(bath, 7), (licence, 0)]
    look(story, hours=2)
    assert len(notices(story)) == 5, "each once"

    renewed = [Held("bath", 2, "YL-89", until + timedelta(days=40)), Held("meal"), Held("nursing")]
    helpers.change(story.centre, worker, story.act("boss"), {"skills": renewed})
    look(story, hours=1)
    assert notices(story)[5:] == [(bath, 60)], "a new paper begins anew"
    assert ending(story, "missing") == ["赵小燕"], "nobody has seen the certificate of a nurse"


# -- hours without anybody


def gaps_of(story: Story, skill: str = "bath", level: int = 3) -> dict[str, Any]:
    monday = TODAY - timedelta(days=TODAY.weekday())
    asked = Question(skill, monday, level)
    found = gaps.of_week(story.centre, story.town.actor("boss"), asked)
    return {one["area"]["name"]: one for one in found["areas"]}


def test_a_night_that_nobody_covers_is_named_with_those_who_could(story: Story) -> None:
    worker = added(story)
    hours.set_week(story.centre, worker, story.act("boss"), DAY)
    found = gaps_of(story)
    assert (found["West"]["people"], found["West"]["hours"]) == (0, 168.0)
    assert (found["East"]["people"], found["East"]["hours"]) == (1, 84.0)
    first = found["East"]["gaps"][0]
    assert first == {"from": "2026-11-22T16:00:00.000Z", "to": "2026-11-23T00:00:00.000Z"}, "midnight to 8 on Monday"

    hours.set_days(story.centre, worker, story.act("boss"), Days(TODAY, TODAY, None, "培训"))
    assert gaps_of(story)["East"]["hours"] == 96.0, "a day of absence is a gap too"
    elm = added(story, name="钱木", areas=[story.town.areas["Elm"]])
    hours.set_week(story.centre, elm, story.act("boss"), [Shift(day, "20:00", "08:00") for day in range(7)])
    east = gaps_of(story)["East"]
    assert (east["partly"], east["hours"], east["thin_hours"]) == (1, 12.0, 84.0), "at night only Elm is served"
    assert gaps_of(story, level=5)["Elm"]["hours"] == 12.0, "where she serves all of it, it is covered"

    night = START.replace(hour=15)  # 23:00
    asked = Question("bath", TODAY - timedelta(days=1), 3, story.town.areas["East"])
    could = gaps.who_could(story.centre, story.town.actor("boss"), asked, night)["items"]
    assert [(one["worker"]["name"], one["reasons"]) for one in could] == [
        ("赵小燕", ["absent"]),
        ("钱木", ["area"]),
    ]
    assert gaps.who_could(story.centre, story.town.actor("boss"), asked, night + timedelta(days=1))["items"][0][
        "reasons"
    ] == ["off_shift"]
    with pytest.raises(Invalid, match="areas"):
        gaps.who_could(story.centre, story.town.actor("west_op"), asked, night)


# -- what elders say


def test_an_elder_who_does_not_want_somebody_again_is_heard(story: Story) -> None:
    helps = Dispatching(story, NEAR)
    wang, near = story.town.elders["Wang"], helps.ids["Near"]
    case_id = a_bath(story)
    wishes.record(story.centre, wang, near, story.act("lin"), wanted=True)
    wishes.record(story.centre, wang, near, story.act("mei"), wanted=False)
    assert match(story, case_id)[1]["Near"] == ["refused_by_elder"]
    (said,) = wishes.of_elder(story.centre, wang, story.town.actor("lin"))["items"]
    assert (said["worker"]["name"], said["wanted"], said["recorded_by"]) == ("Near", False, "Mei")
    (heard,) = wishes.of_helper(story.centre, near, story.town.actor("lin"))["items"]
    assert (heard["elder"]["name"], heard["wanted"]) == ("Wang", False)
    with pytest.raises(NotFound):
        wishes.record(story.centre, wang, near, story.act("west_op"), wanted=True)
    wishes.forget(story.centre, wang, near, story.act("lin"))
    assert match(story, case_id)[0] == ["Near"]
    deeds = [(who, action) for who, action, *_ in trail_of(story) if action.startswith("wish")]
    assert deeds == [("Lin", "wish_recorded"), ("Mei", "wish_recorded"), ("Lin", "wish_withdrawn")]


# -- how it went


def test_figures_of_a_helper_and_who_is_never_asked(story: Story) -> None:
    helps = Dispatching(story, NEAR, MIDDLE, FAR)
    case_id = a_bath(story)
    helps.offer("parallel", NEAR, MIDDLE, case=case_id)
    story.forward(20)
    for who in (NEAR, MIDDLE):
        helps.phone(who).expect_sms()
    helps.accept(NEAR, case_id)
    story.forward(2)
    helps.phone(MIDDLE).expect_sms()
    near = figures.of_helper(story.centre, helps.ids["Near"], story.town.actor("boss"), story.now)
    assert (near["offers"], near["acceptance"], near["median_answer_seconds"], near["on_time"]) == (1, 1.0, 20, None)
    assert near["complaints"] == 0
    middle = figures.of_helper(story.centre, helps.ids["Middle"], story.town.actor("boss"), story.now)
    assert (middle["offers"], middle["acceptance"]) == (1, None), "an offer that was taken back is no refusal"
    fair = figures.fairness(story.centre, story.town.actor("boss"), PageOf(50, None), story.now, skill="bath")
    assert [(one["worker"]["name"], one["offers"]) for one in fair["items"]] == [("Far", 0), ("Near", 1), ("Middle", 1)]
    assert (fair["never"], fair["median"], fair["total"]) == (1, 1, 3)


# -- providers, stations, and who sits there


def station(story: Story, name: str, parent: str | None = None, **more: Any) -> str:
    wanted = {"name": name, "kind": "station", "area_id": story.town.areas["East"], **more}
    return str(stations.add(story.centre, story.act("boss"), {**wanted, "parent_id": parent and int(parent)})["id"])


def test_who_sits_at_a_station_sees_its_people_and_nobody_elses(story: Story) -> None:
    with story.centre.database.sessions.begin() as session:
        seat = User(username="fang", name="Fang", roles=["station"], area_ids=[story.town.areas["East"]], locale="en")
        seat.password_hash = password_hash()
        session.add(seat)
        session.flush()
        fang = seat.id
    top, other = station(story, "街道中心"), station(story, "别家")
    below = station(story, "社区站", top)
    ours, theirs = added(story, station_id=int(below)), added(story, name="钱木", station_id=int(other))
    added(story, name="孙远")
    assert found(story, "fang") == ["赵小燕", "钱木", "孙远"], "without a seat: everybody of the area"
    for wrong in (story.town.users["lin"], 999_999):
        with pytest.raises(Invalid, match="role of a station"):
            stations.change(story.centre, int(top), story.act("boss"), {"seats": [wrong]})
    stations.change(story.centre, int(top), story.act("boss"), {"seats": [fang]})
    assert found(story, "fang") == ["赵小燕"]
    page = stations.stations(story.centre, story.town.actor("fang"), StationFilter(), PageOf(50, None))
    assert [one["name"] for one in page["items"]] == ["街道中心", "社区站"]
    with pytest.raises(NotFound):
        seen(story, theirs, "fang")
    with pytest.raises(NotFound):
        today.of_station(story.centre, int(other), story.town.actor("fang"), story.now)

    hours.set_week(story.centre, ours, story.act("fang"), DAY)
    case_id = a_bath(story)
    offering.offer(story.centre, case_id, story.act("lin"), Offers(Mode.DIRECT, (ours,), reason="near"))
    story.forward(1)
    story.phone("13812340001").expect_sms()
    with story.centre.database.reads() as session:
        offer_id = session.scalars(select(Offer.id)).one()
    offering.accept(story.centre, offer_id, story.act("lin"))
    day = today.of_station(story.centre, int(top), story.town.actor("fang"), story.now)
    (person,) = day["people"]
    assert (person["name"], person["absent"], person["visits"]) == ("赵小燕", False, 1)
    assert person["on_shift_until"] == "2026-11-24T12:00:00.000Z"
    (visit,) = day["visits"]
    assert (visit["elder"], visit["state"], visit["worker"]["name"]) == ("Wang", "accepted", "赵小燕")

    with pytest.raises(Invalid, match="above"):
        stations.change(story.centre, int(top), story.act("boss"), {"parent_id": int(below)})
    with pytest.raises(Conflict, match="1 stations"):
        stations.change(story.centre, int(top), story.act("boss"), {"active": False})


def test_a_price_list_is_kept_in_order_and_refused_where_it_is_wrong(story: Story) -> None:
    east = story.town.areas["East"]
    wanted = {"name": "安康", "kind": "company", "ownership": "private", "area_id": east}
    late, early = {"from": "2026-12-01", "fen": 7000}, {"from": "2026-01-01", "fen": 6500}
    made = int(
        providers.add(story.centre, story.act("boss"), {**wanted, "prices": {"bath_point": [late, early]}})["id"]
    )
    shown = providers.provider(story.centre, made, story.town.actor("boss"), story.now)
    assert shown["prices"] == {"bath_point": [early, late]}
    for wrong in ({"no_such_item": [early]}, {"bath_point": [early, early]}, {"bath_point": [{**early, "fen": -1}]}):
        with pytest.raises(Invalid):
            providers.change(story.centre, made, story.act("boss"), {"prices": wrong})


def test_the_price_is_the_providers_of_the_day_of_the_order_and_stays(story: Story) -> None:
    east = story.town.areas["East"]
    prices = {"bath_point": [{"from": "2026-01-01", "fen": 6500}, {"from": "2026-12-01", "fen": 7000}]}
    wanted = {"name": "安康", "kind": "company", "ownership": "private", "area_id": east, "prices": prices}
    provider = int(providers.add(story.centre, story.act("boss"), wanted)["id"])
    near = added(story, station_id=int(station(story, "街道中心", organisation_id=provider)))
    hours.set_week(story.centre, near, story.act("boss"), DAY)
    asked = {"kind": Kind.SERVICE, "channel": Channel.HOTLINE, "help": Help.BATH, "take": True}
    row, _ = story.request("lin", elder_id=story.town.elders["Wang"], item="bath_point", **asked)
    case_id = int(row["id"])
    assert order_of(story, case_id) == 6000, "the catalogue's, while nobody goes"
    offering.offer(story.centre, case_id, story.act("lin"), Offers(Mode.DIRECT, (near,), reason="near"))
    story.forward(1)
    story.phone("13812340001").expect_sms()
    with story.centre.database.reads() as session:
        offer_id = session.scalars(select(Offer.id)).one()
    offering.accept(story.centre, offer_id, story.act("lin"))
    assert order_of(story, case_id) == 6500
    providers.change(story.centre, provider, story.act("boss"), {"prices": {}})
    assert order_of(story, case_id) == 6500

    over = {"licence_until": TODAY - timedelta(days=1), "contract_until": TODAY - timedelta(days=2)}
    providers.change(story.centre, provider, story.act("boss"), over)
    another = a_bath(story)
    assert match(story, another)[1]["赵小燕"][:2] == ["licence_expired", "contract_ended"]


def order_of(story: Story, case_id: int) -> int:
    with story.centre.database.reads() as session:
        return session.scalars(select(Order.price_fen).where(Order.case_id == case_id)).one()


# -- a table of helpers


def test_a_table_brings_hours_and_papers_and_says_who_will_not_be_asked(story: Story) -> None:
    importer = Importer(story.town)
    head = ["姓名", "电话", "所属区划", "技能", "类别", "服务区域", "班次", "证书", "每天最多上门"]
    week = "工作日 8:00-18:00;周六日 20:00-次日6:00"
    wei = ["赵伟", "13811112222", "East", "助洁", "护理员", "East、Town", week, "助浴 YL-7 2027-05-31", "4"]
    lan = ["钱兰", "13811113333", "Elm", "助餐"]
    done = importer.bring_in([head, wei, lan], "workers")
    assert (numbers(done), done["without_hours"]) == ((2, 0, 0, 0), 1)
    assert found(story, lacks="hours", active=True) == ["钱兰"]
    with story.centre.database.reads() as session:
        ids = {one.name: one.id for one in session.scalars(select(Worker))}
    wei_file, lan_file = seen(story, ids["赵伟"]), seen(story, ids["钱兰"])
    assert [one["skill"] for one in wei_file["skills"]] == ["bath", "clean"]
    assert wei_file["skills"][0]["valid_until"] == "2027-05-31"
    assert {one["name"] for one in wei_file["areas"]} == {"East", "Town"}
    assert (len(wei_file["shifts"]), wei_file["week_hours"], wei_file["capacity"]) == (7, 70.0, 4)
    assert wei_file["shifts"][-1] == {"weekday": 6, "starts": "20:00", "ends": "06:00"}
    assert lan_file["lacks"] == ["hours"]
    assert numbers(importer.check([head, wei, [*lan, "", "", "每天 08:00-20:00"]], "workers")) == (0, 1, 1, 0)
    wrong = [[f"孙{n}", f"1381111444{n}", "East", "", "", "", hours_, paper] for n, (hours_, paper) in enumerate(WRONG)]
    assert numbers(importer.check([head[:-1], *wrong], "workers")) == (0, 0, 0, len(WRONG))


WRONG = (
    ("早上到晚上", ""),
    ("周一 25:00-26:00", ""),
    ("周一 08:00-12:00;周一 11:00-13:00", ""),
    ("周八 08:00-12:00", ""),
    ("", "助浴"),
    ("", "会做饭 YL-7"),
    ("", "助浴 YL-7 2027-13-01"),
)


@pytest.mark.parametrize(
    ("text", "days", "times"),
    [
        ("周一至周五 08:00-18:00", range(5), ("08:00", "18:00")),
        ("周一、三、五 8:00至17:30", (0, 2, 4), ("08:00", "17:30")),
        ("Mon-Fri 8:00-18:00", range(5), ("08:00", "18:00")),
        ("sat, sunday 20:00 - 8:00", (5, 6), ("20:00", "08:00")),
        ("星期六到星期一 全天", (0, 5, 6), ("00:00", "00:00")),
        ("每天20：00~次日08：00", range(7), ("20:00", "08:00")),
        ("08:00-24:00", range(7), ("08:00", "00:00")),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, days: Any, times: tuple[str, str]) -> None:
    assert read_hours(text) == [[day, *times] for day in days]
