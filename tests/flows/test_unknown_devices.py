"""A device that nobody has registered cries, somebody finds out whose it is, and nothing of what it said is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.actor import Sight
from dispatch.domain.errors import NotFound
from dispatch.domain.permissions import OF_ROLE
from dispatch.domain.supervision import proposed
from dispatch.models.devices import Device, Signal
from dispatch.services import live
from dispatch.services.devices import announced, register, strangers
from dispatch.services.devices.announced import Announcement
from dispatch.services.devices.register import DeviceFields, NumberTaken
from dispatch.services.devices.scope import Doing
from dispatch.services.devices.strangers import Asked
from dispatch.services.rows import stamp
from tests.support.story import Story

BUTTON = "银铃 B2 求助按钮"
NEW = "NEW-9"


def doing(story: Story, by: str = "boss") -> Doing:
    return Doing(story.town.actor(by), story.now)


def registered(story: Story, home: str = "Zhao", number: str = NEW, by: str = "boss", **more: Any) -> int:
    given = DeviceFields(number=number, model="T1", household_id=story.town.households[home], **more)
    return register.add(story.centre, doing(story, by), given)


def listed(story: Story, q: str = "", by: str = "boss", limit: int = 50, cursor: str | None = None) -> dict[str, Any]:
    return strangers.strangers(story.centre, story.town.actor(by), Asked(q, limit, cursor), story.now)


def numbers(story: Story, q: str = "", by: str = "boss") -> list[str]:
    return [one["number"] for one in listed(story, q, by)["items"]]


def signals(story: Story, number: str = NEW) -> list[Signal]:
    with story.centre.database.reads() as session:
        return list(session.scalars(select(Signal).where(Signal.device_number == number).order_by(Signal.received_at)))


def test_registering_a_device_gives_it_what_it_said_and_its_waiting_alarm_a_home(story: Story) -> None:
    for kind in ("heartbeat", "test", "low_battery", "sos"):
        story.press(NEW, kind)
        story.sleep(1)
    due = story.case.next_due_at
    assert "unknown_device" in story.case.flags
    device_id = registered(story, by="duty")
    story.expect_events("opened", "device_registered")
    home = story.town.households["Zhao"]
    assert (story.case.household_id, story.case.elder_id, story.case.flags) == (home, story.town.elders["Zhao"], [])
    assert story.case.area_id == story.town.areas["Elm"]
    assert story.case.next_due_at == due, "it has waited since it cried, and goes on waiting"
    said = signals(story)
    assert {one.device_id for one in said} == {device_id}
    with story.centre.database.reads() as session:
        device = session.get_one(Device, device_id)
    assert (device.last_test_at, device.low_battery_at, device.last_alarm_at, device.last_seen_at) == (
        *(one.received_at for one in said[1:]),
        said[3].received_at,
    )
    assert story.press(NEW).case_id == story.case.id
    assert numbers(story) == []
    story.take("lin")
    story.close("test")


def test_what_waits_joins_the_open_emergency_of_the_home(story: Story) -> None:
    own = story.press("SOS-2").case_id
    story.take("lin", own)
    other = story.press(NEW, "smoke").case_id
    assert own is not None
    assert other is not None
    registered(story)
    gone, kept = story.get(other), story.get(own)
    assert (gone.state, gone.merged_into, gone.flags, gone.next_due_at) == ("merged", own, [], None)
    assert gone.household_id == kept.household_id
    assert (kept.state, kept.signals, "new_signal" in kept.flags) == ("owned", 2, True)
    assert [e.kind for e in story.events(other)] == ["opened", "device_registered", "merged"]
    assert story.events(own)[-1].kind == "merged_in"
    assert story.press(NEW).case_id == own
    story.close("test", case=own)


def test_of_two_the_one_stays_that_somebody_has_in_hand(story: Story) -> None:
    other = story.press(NEW).case_id
    story.take("lin", other)
    own = story.press("SOS-2").case_id
    assert own is not None
    assert other is not None
    registered(story)
    assert (story.get(own).state, story.get(own).merged_into) == ("merged", other)
    kept = story.get(other)
    assert (kept.state, kept.household_id, kept.owner_id) == (
        "owned",
        story.town.households["Zhao"],
        story.town.users["lin"],
    )
    assert story.press("SOS-2").case_id == story.press(NEW).case_id == other
    story.close("test", case=other)


def test_what_is_held_comes_back_with_the_alarm_that_joins_it(story: Story) -> None:
    own = story.press("BED-1", "bed").case_id
    assert own is not None
    story.take("lin", own)
    story.hold(120, case=own)
    other = story.press(NEW, "door").case_id
    registered(story, "Wang")
    kept = story.get(own)
    assert (kept.held_until, kept.state, "returned" in kept.flags) == (None, "new", True)
    assert other is not None
    assert story.get(other).merged_into == own
    story.take("lin", own)
    story.close("test", case=own)


def test_what_only_waits_for_its_return_call_gets_its_home_too(story: Story) -> None:
    case = story.press(NEW).case_id
    assert case is not None
    story.take("lin", case)
    story.close("talk", case=case, follow_up_at=story.now + timedelta(hours=1))
    own = story.press("SOS-2").case_id
    registered(story)
    assert story.get(case).state == "pending_follow_up"
    assert story.get(case).household_id == story.town.households["Zhao"]
    story.take("lin", own)
    story.close("test", case=own)


def test_a_device_without_a_home_keeps_its_alarm_waiting_until_it_gets_one(story: Story) -> None:
    case = story.press(NEW).case_id
    device_id = register.add(story.centre, doing(story), DeviceFields(number=NEW, model="T1"))
    assert case is not None
    assert story.get(case).flags == ["unknown_device"]
    assert numbers(story) == []
    home = story.town.households["Zhao"]
    register.change(story.centre, doing(story), device_id, DeviceFields(household_id=home))
    assert (story.get(case).household_id, story.get(case).flags) == (home, [])
    story.take("lin", case)
    story.close("test", case=case)


def test_a_wrong_number_is_put_right_and_the_alarm_finds_its_home(story: Story) -> None:
    device_id = registered(story, number="NEW-6")
    case = story.press(NEW).case_id
    register.change(story.centre, doing(story), device_id, DeviceFields(number=NEW))
    assert case is not None
    assert story.get(case).household_id == story.town.households["Zhao"]
    story.take("lin", case)
    story.close("test", case=case)


def test_the_second_to_register_it_hears_by_which_device_and_only_if_it_is_theirs_to_see(story: Story) -> None:
    device_id = registered(story)
    with pytest.raises(NumberTaken) as refused:
        registered(story, "Wang")
    assert refused.value.extra == {"device": {"id": str(device_id), "number": NEW}}
    station = replace(story.town.actor("west_op"), roles=frozenset({"station"}))
    given = DeviceFields(number=NEW, model="T1", household_id=story.town.households["Qian"])
    with pytest.raises(NumberTaken) as refused:
        register.add(story.centre, Doing(station, story.now), given)
    assert refused.value.extra == {}
    with pytest.raises(NotFound):
        register.add(
            story.centre, Doing(station, story.now), replace(given, household_id=story.town.households["Wang"])
        )


def test_the_list_says_what_was_heard_and_whose_alarm_waits(story: Story) -> None:
    first = story.now
    case = story.press("YL-000123").case_id
    story.sleep(60)
    story.press("YL-000123", "heartbeat")
    story.press("YL-000123", "heartbeat")
    story.sleep(60)
    story.press("OTHER", "door")
    found = listed(story)
    assert [one["number"] for one in found["items"]] == ["OTHER", "YL-000123"]
    one = found["items"][1]
    assert (one["kinds"], one["signals"], one["case_id"], one["model"]) == (
        {"heartbeat": 2, "sos": 1},
        3,
        str(case),
        BUTTON,
    )
    assert (one["first_at"], one["last_at"]) == (stamp(first), stamp(first + timedelta(seconds=60)))
    assert numbers(story, "yl-0") == ["YL-000123"]
    assert numbers(story, "%") == []
    story.sleep(91 * 86400)
    assert numbers(story) == []


def test_a_device_that_was_announced_is_known_by_name_and_model(story: Story) -> None:
    about = {"model": "HS1EB/HS1EB-E", "name": "bathroom", "maker": "Heiman"}
    for _ in range(2):
        announced.announce(story.centre, [Announcement("0x01", "mqtt zigbee2mqtt", about)], story.now)
        story.sleep(60)
    case = story.press("0x01", battery=80).case_id
    (one,) = listed(story)["items"]
    assert (one["name"], one["model"], one["source"], one["case_id"]) == (
        "bathroom",
        "HS1EB/HS1EB-E",
        "test",
        str(case),
    )
    assert one["kinds"] == {"heartbeat": 1, "sos": 1}


def test_the_list_is_paged_without_a_gap_or_a_double(story: Story) -> None:
    for n in range(7):
        story.press(f"P-{n}", "heartbeat")
        story.sleep(n % 2)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = listed(story, "P-", limit=2, cursor=cursor)
        seen += [one["number"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen, reverse=True) == [f"P-{n}" for n in range(6, -1, -1)]
    assert len(seen) == 7


def test_who_does_not_see_what_is_nowhere_sees_no_unknown_device(story: Story) -> None:
    story.press(NEW, "heartbeat")
    station = replace(story.town.actor("boss"), roles=frozenset({"station"}))
    assert "cases_unplaced" not in OF_ROLE["station"]
    found = strangers.strangers(story.centre, station, Asked("", 50, None), story.now)
    assert found == {"items": [], "next_cursor": None, "total": 0}


def test_consoles_of_another_district_lose_the_case_when_it_gets_its_home(story: Story) -> None:
    case = story.press(NEW).case_id
    live.sequence(story.centre)
    east, west = (Sight((story.town.actor(who).paths), unplaced=True) for who in ("boss", "west_op"))
    with story.centre.database.reads() as session:
        seq, ops = live.ops_after(session, story.centre, 0, story.now)
    assert [op["op"] for op in live.seen_by(ops, west)] == ["put"]
    registered(story)
    live.sequence(story.centre)
    with story.centre.database.reads() as session:
        _, ops = live.ops_after(session, story.centre, seq, story.now)
    (op,) = live.seen_by(ops, west)
    assert (op["op"], op["row"]["id"], set(op["row"])) == ("del", str(case), {"id", "version", "elsewhere"})
    (op,) = live.seen_by(ops, east)
    assert (op["op"], op["row"]["elder"]["name"]) == ("put", "Zhao")
    assert live.seen_by(ops, replace(west, unplaced=False)) == []
    story.take("lin", case)
    story.close("test", case=case)


@pytest.mark.parametrize(
    ("number", "said", "expected"),
    [
        ("YL-000123", "  WS101 ", "WS101"),
        ("YL-000123", None, "B2"),
        ("YL-0001234", None, None),
        ("XX-000123", None, None),
        ("YL-000123", 7, "B2"),
    ],
)
def test_the_model_is_proposed_by_what_it_says_or_by_its_neighbour(
    number: str, said: object, expected: str | None
) -> None:
    assert proposed(number, said, [("YL-000122", "B2"), ("ZZ", "Z")]) == expected
