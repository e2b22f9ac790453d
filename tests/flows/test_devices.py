"""Devices are looked after as work, and never as alarms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from dispatch.domain.errors import IllegalTransition, Invalid, NotFound, VersionConflict
from dispatch.domain.supervision import month_of
from dispatch.models.devices import Device, DeviceTask, Signal
from dispatch.models.places import Household
from dispatch.services.desk import PageOf
from dispatch.services.devices import gateways, monthly, on_test, page, register, supervise, worklist
from dispatch.services.devices.register import DeviceFields
from dispatch.services.devices.scope import Doing
from dispatch.services.devices.worklist import TaskChange
from tests.support.story import Story

BUTTON, SENSOR, GATEWAY = "银铃 B2 求助按钮", "银铃 P3 活动传感器", "银铃 N1 家庭网关"
"""Models of ``config/devices.yaml``: every 12 h, two misses; every hour, five; every 10 minutes, two."""


def change(story: Story, number: str, **values: object) -> None:
    with story.centre.database.sessions.begin() as session:
        session.execute(update(Device).where(Device.number == number).values(**values))


def device(story: Story, number: str) -> Device:
    with story.centre.database.reads() as session:
        return session.scalars(select(Device).where(Device.number == number)).one()


def test_what_a_device_on_test_sends_is_kept_and_wakes_nobody_and_ends_by_the_clock(story: Story) -> None:
    change(story, "SOS-1", on_test_until=story.now + timedelta(minutes=10))
    heard = story.press("SOS-1")
    assert heard.case_id is None
    story.sleep(599)
    assert story.press("SOS-1").case_id is None
    story.sleep(1)
    assert story.press("SOS-1").case_id is not None
    with story.centre.database.reads() as session:
        reasons = list(session.scalars(select(Signal.reason).order_by(Signal.received_at)))
    assert reasons == ["on_test", "on_test", None]
    assert device(story, "SOS-1").last_alarm_at == story.now
    story.take("lin")
    story.close("test")


def test_another_device_of_the_home_is_not_on_test(story: Story) -> None:
    change(story, "SOS-1", on_test_until=story.now + timedelta(hours=1))
    assert story.press("FALL-1").case_id is not None
    story.take("lin")
    story.close("test")


# -- the work list


def look(story: Story, *, hours: float = 0, minutes: float = 0) -> None:
    """Time passes, and the round of the devices is made."""
    story.sleep(hours * 3600 + minutes * 60)
    gateways.watch(story.centre, story.now)
    supervise.look(story.centre, story.now)


def tasks(story: Story, kind: str | None = None) -> list[tuple[str, str]]:
    with story.centre.database.reads() as session:
        found = session.execute(
            select(Device.number, DeviceTask.kind)
            .join(DeviceTask, DeviceTask.device_id == Device.id)
            .where(DeviceTask.closed_at.is_(None))
            .order_by(Device.id, DeviceTask.kind)
        )
        return [(number, name) for number, name in found if kind in (None, name)]


def doing(story: Story, by: str = "boss") -> Doing:
    return Doing(story.town.actor(by), story.now)


def test_a_device_is_offline_after_the_allowed_misses_and_not_before(story: Story) -> None:
    change(story, "SOS-1", model=BUTTON, last_test_at=story.now)
    story.press("SOS-1", "heartbeat")
    look(story, hours=12 * 3, minutes=-1)
    assert tasks(story, "offline") == []
    look(story, minutes=2)
    assert tasks(story, "offline") == [("SOS-1", "offline")]
    look(story, hours=1)
    assert len(tasks(story, "offline")) == 1
    story.press("SOS-1", "heartbeat")
    look(story)
    assert tasks(story, "offline") == []
    with story.centre.database.reads() as session:
        (task,) = session.scalars(select(DeviceTask).where(DeviceTask.kind == "offline"))
    assert (task.state, task.closed_by) == ("closed", "clock")
    story.expect_nothing()


def test_a_weak_battery_is_a_task_until_the_device_tells_of_a_new_one(story: Story) -> None:
    story.press("SOS-1", "heartbeat", battery=9)
    story.press("SOS-2", "low_battery")
    look(story)
    assert tasks(story, "low_battery") == [("SOS-1", "low_battery"), ("SOS-2", "low_battery")]
    story.press("SOS-1", "heartbeat", battery=9)
    look(story, minutes=5)
    assert len(tasks(story, "low_battery")) == 2
    story.press("SOS-1", "heartbeat", battery=100)
    story.press("SOS-2", "heartbeat", battery=98)
    look(story, minutes=5)
    assert tasks(story, "low_battery") == []
    assert device(story, "SOS-2").low_battery_at is None


def test_a_weak_battery_that_contradicts_itself_waits_for_a_person(story: Story) -> None:
    story.press("SOS-1", "heartbeat", battery=80)
    story.press("SOS-1", "low_battery")
    for _ in range(2):
        look(story, minutes=5)
        assert tasks(story, "low_battery") == [("SOS-1", "low_battery")]
    task_id = int(listed(story)["items"][0]["id"])
    worklist.change(story.centre, doing(story), task_id, TaskChange(done=True))
    look(story, minutes=5)
    assert tasks(story, "low_battery") == []


def test_a_fault_and_an_opened_housing_are_told_apart_and_end_when_all_is_well(story: Story) -> None:
    story.press("SMOKE-1", "fault", code="sensor")
    story.press("SOS-2", "fault", code="tamper")
    look(story)
    assert tasks(story) == [("SMOKE-1", "fault"), ("SOS-2", "tamper")]
    story.sleep(60)
    story.press("SMOKE-1", "restore")
    look(story)
    assert tasks(story) == [("SOS-2", "tamper")]
    assert device(story, "SMOKE-1").fault_at is None
    story.expect_nothing()


def test_chatter_is_a_suggestion_and_stays_to_be_looked_at(story: Story) -> None:
    for number in range(6):
        assert tasks(story, "chatter") == []
        story.press("BED-1", "bed", str(number))
        look(story, minutes=1)
    assert tasks(story, "chatter") == [("BED-1", "chatter")]
    assert story.press("BED-1", "bed").case_id is not None
    look(story, hours=2)
    assert tasks(story, "chatter") == [("BED-1", "chatter")]
    look(story, hours=24)
    assert tasks(story, "chatter") == []
    story.take("lin")
    story.close("false_alarm")


def test_heartbeats_are_no_chatter(story: Story) -> None:
    for _ in range(10):
        story.press("BED-1", "heartbeat")
    look(story)
    assert tasks(story, "chatter") == []


def test_a_device_without_a_home_is_a_task_until_it_has_one(story: Story) -> None:
    number = register.add(story.centre, doing(story), DeviceFields(number="NEW-1", model="T1"))
    look(story)
    assert tasks(story) == [("NEW-1", "unassigned")]
    register.change(story.centre, doing(story), number, DeviceFields(household_id=story.town.households["Zhao"]))
    look(story)
    assert tasks(story) == []


def test_a_month_without_a_test_is_a_task_and_an_alarm_counts_as_one(story: Story) -> None:
    for number in ("SOS-1", "SOS-2", "SOS-W"):
        change(story, number, model=BUTTON, last_test_at=story.now - timedelta(days=90), last_seen_at=story.now)
    change(story, "SOS-2", last_alarm_at=story.now - timedelta(days=30))
    look(story)
    assert tasks(story, "test_overdue") == [("SOS-1", "test_overdue"), ("SOS-W", "test_overdue")]
    story.press("SOS-1", "test")
    look(story)
    assert tasks(story, "test_overdue") == [("SOS-W", "test_overdue")]


def test_what_is_on_test_or_retired_makes_no_work(story: Story) -> None:
    on_test.put_on_test(
        story.centre,
        doing(story),
        device(story, "SOS-1").id,
        until=story.now + timedelta(hours=1),
        reason="repair",
    )
    story.press("SOS-1", "low_battery")
    story.press("SOS-2", "low_battery")
    look(story)
    assert tasks(story) == [("SOS-2", "low_battery")]
    register.retire(story.centre, doing(story), device(story, "SOS-2").id)
    look(story)
    assert tasks(story) == []
    look(story, hours=1)
    assert tasks(story) == [("SOS-1", "low_battery")]
    assert device(story, "SOS-1").on_test_reason is None
    assert story.press("SOS-2").case_id is not None
    story.take("lin")
    story.close("test")


def listed(story: Story, by: str = "boss", kind: str | None = None) -> dict[str, Any]:
    wanted = worklist.TaskFilter(kind)
    return worklist.tasks(story.centre, story.town.actor(by), wanted, PageOf(50, None), story.now)


def test_somebody_takes_a_task_tries_and_ends_it(story: Story) -> None:
    story.press("SOS-1", "fault", code="sensor")
    look(story)
    (item,) = listed(story)["items"]
    number = int(item["id"])
    mei = story.town.users["mei"]
    worklist.change(story.centre, doing(story), number, TaskChange(item["version"], assignee_id=mei, tried=True))
    with pytest.raises(VersionConflict):
        worklist.change(story.centre, doing(story), number, TaskChange(item["version"], note="late"))
    (item,) = listed(story)["items"]
    assert (item["state"], item["tried"], item["assignee"]["name"]) == ("doing", 1, "Mei")
    worklist.change(story.centre, doing(story), number, TaskChange(done=True, note="replaced"))
    assert listed(story)["total"] == 0
    with pytest.raises(IllegalTransition):
        worklist.change(story.centre, doing(story), number, TaskChange(tried=True))
    look(story)
    assert listed(story)["total"] == 0


def test_offline_is_not_called_done(story: Story) -> None:
    change(story, "SOS-1", last_seen_at=story.now - timedelta(days=9))
    look(story)
    (item,) = listed(story)["items"]
    with pytest.raises(Invalid):
        worklist.change(story.centre, doing(story), int(item["id"]), TaskChange(done=True))
    assert listed(story)["counts"]["offline"] == 1


def test_another_district_sees_and_touches_none_of_it(story: Story) -> None:
    story.press("SOS-1", "fault")
    look(story)
    number = int(listed(story)["items"][0]["id"])
    assert listed(story, "west_op")["items"] == []
    with pytest.raises(NotFound):
        worklist.change(story.centre, doing(story, "west_op"), number, TaskChange(tried=True))
    with pytest.raises(NotFound):
        register.change(story.centre, doing(story, "west_op"), device(story, "SOS-W").id, DeviceFields(household_id=1))


# -- gateways


def behind_a_gateway(story: Story, homes: int) -> None:
    """``homes`` homes with a sensor each, that speak through one gateway."""
    with story.centre.database.sessions.begin() as session:
        gateway = Device(
            number="GW-1",
            model=GATEWAY,
            area_id=story.town.areas["Elm"],
            registered_at=story.now,
            last_seen_at=story.now,
        )
        session.add(gateway)
        session.flush()
        for number in range(homes):
            home = Household(area_id=story.town.areas["Elm"], address=f"Row {number}", address_short=f"R{number}")
            session.add(home)
            session.flush()
            session.add(
                Device(
                    number=f"ROW-{number}",
                    model=SENSOR,
                    household_id=home.id,
                    gateway_id=gateway.id,
                    registered_at=story.now,
                    last_seen_at=story.now,
                )
            )


def test_a_silent_gateway_with_two_hundred_homes_is_one_case(story: Story) -> None:
    behind_a_gateway(story, 200)
    look(story, minutes=29)
    story.expect_nothing()
    look(story, minutes=2)
    event = story.expect_event("opened", kind="gateway_offline", homes=200, devices=200)
    case = story.case
    assert (case.kind, case.cause, case.priority, case.area_id) == (
        "enquiry",
        "gateway_offline",
        2,
        story.town.areas["Elm"],
    )
    assert event.case_id == case.id
    for _ in range(30):
        look(story, hours=1)
    assert len(story.cases()) == 1
    assert tasks(story, "offline") == []
    assert tasks(story, "gateway_offline") == [("GW-1", "gateway_offline")]
    story.press("GW-1", "heartbeat")
    look(story, minutes=1)
    story.expect_event("closed", outcome="came_back")
    assert (story.case.state, story.case.next_due_at, story.case.flags) == ("closed", None, ["restored"])
    for count in range(45):
        for number in ("GW-1", "ROW-7"):
            story.press(number, "heartbeat")
        look(story, minutes=9)
        if count == 35:  # 5.4 hours after the return: each home has its own six to speak again
            assert tasks(story, "offline") == []
    assert len(tasks(story, "offline")) == 199
    assert len(story.cases()) == 1


def test_a_gateway_that_comes_back_leaves_the_case_to_whoever_has_it(story: Story) -> None:
    behind_a_gateway(story, 3)
    look(story, minutes=31)
    assert story.case.priority == 3
    story.take("lin")
    story.press("ROW-1", "heartbeat")
    look(story, minutes=1)
    story.expect_events("opened", "taken", "gateway_back")
    assert (story.case.state, "restored" in story.case.flags) == ("owned", True)
    story.close("information_given")


def test_a_gateway_whose_homes_still_speak_is_not_silent(story: Story) -> None:
    behind_a_gateway(story, 3)
    for _ in range(4):
        story.press("ROW-1", "heartbeat")
        look(story, minutes=20)
    story.expect_nothing()


def test_one_home_silent_behind_a_living_gateway_is_one_task(story: Story) -> None:
    behind_a_gateway(story, 3)
    for _ in range(50):
        for number in ("GW-1", "ROW-1", "ROW-2"):
            story.press(number, "heartbeat")
        look(story, minutes=9)
    assert tasks(story) == [("ROW-0", "offline")]
    story.expect_nothing()


def test_a_gateway_whose_last_will_says_that_it_is_away_is_one_case_at_once(story: Story) -> None:
    behind_a_gateway(story, 12)
    story.sleep(60)
    supervise.tick(story.centre, story.now)
    assert story.press("GW-1", "fault", code="offline").case_id is None
    story.sleep(5)
    assert supervise.tick(story.centre, story.now) is False, "between two rounds"
    story.expect_event("opened", kind="gateway_offline", homes=12, devices=12)
    assert tasks(story) == [("GW-1", "gateway_offline")], "nothing is broken, and no home is offline by itself"
    assert device(story, "GW-1").last_seen_at == story.now - timedelta(seconds=65), "it has not spoken"
    story.press("GW-1", "fault", code="offline")
    look(story, minutes=5)
    assert len(story.cases()) == 1
    story.press("GW-1", "heartbeat")
    look(story, minutes=1)
    story.expect_event("closed", outcome="came_back")


def test_a_device_of_which_its_gateway_says_that_it_is_away_is_a_task_until_it_speaks(story: Story) -> None:
    behind_a_gateway(story, 3)
    story.press("GW-1", "heartbeat")
    story.press("ROW-1", "fault", code="offline")
    look(story, minutes=1)
    assert tasks(story) == [("ROW-1", "offline")]
    doing = Doing(story.town.actor("lin"), story.now)
    listed = register.devices(
        story.centre, doing.actor, register.DeviceFilter(state="offline"), PageOf(10, None), story.now
    )
    assert [(item["number"], item["online"]) for item in listed["items"]] == [("ROW-1", False)]
    story.press("ROW-1", "heartbeat")
    look(story, minutes=1)
    assert tasks(story) == []
    story.press("ROW-1", "fault", code="tamper")
    story.press("ROW-1", "fault", code="offline")
    look(story, minutes=1)
    assert tasks(story) == [("ROW-1", "offline"), ("ROW-1", "tamper")]


def test_two_clocks_open_one_case_for_one_gateway(story: Story) -> None:
    behind_a_gateway(story, 12)
    story.sleep(31 * 60)
    for _ in range(2):
        story.new_clock().cycle(story.now)
    assert len(story.cases()) == 1
    assert story.case.priority == 2
    story.take("lin")
    story.close("information_given")


# -- tests


def test_on_test_has_a_reason_and_a_longest_time(story: Story) -> None:
    number = device(story, "SOS-1").id
    for hours, reason in ((8.2, "repair"), (0.0, "repair"), (-1.0, "repair"), (1.0, " ")):
        with pytest.raises(Invalid):
            on_test.put_on_test(
                story.centre, doing(story), number, until=story.now + timedelta(hours=hours), reason=reason
            )
    on_test.put_on_test(story.centre, doing(story), number, until=story.now + timedelta(hours=8), reason="repair")
    story.press("SOS-1")
    story.press("SOS-1", "heartbeat")
    (urgent,) = on_test.urgent_while_on_test(story.centre, story.town.actor("boss"), story.now)
    assert (urgent["kind"], urgent["device"]["number"]) == ("sos", "SOS-1")
    assert on_test.urgent_while_on_test(story.centre, story.town.actor("west_op"), story.now) == []
    on_test.end_test(story.centre, doing(story), number)
    assert story.press("SOS-1").case_id is not None
    story.take("lin")
    story.close("test")


def pressed(story: Story, month: date | None = None, by: str = "boss") -> tuple[int, int, list[str]]:
    first = month or month_of(story.now, story.centre.zone)
    found = monthly.missing(story.centre, story.town.actor(by), monthly.Month(first), PageOf(50, None), story.now)
    return found["homes"], found["pressed"], [item["number"] for item in found["items"]]


def test_each_home_presses_its_button_in_each_calendar_month(story: Story) -> None:
    for number in ("SOS-1", "SOS-2", "SOS-W"):
        change(story, number, model=BUTTON)
    assert pressed(story) == (3, 0, ["SOS-1", "SOS-2", "SOS-W"])
    story.press("SOS-1", "test")
    story.press("SOS-2", "sos")
    story.press("SOS-W", "heartbeat")
    assert pressed(story) == (3, 2, ["SOS-W"])
    assert pressed(story, by="west_op") == (1, 0, ["SOS-W"])
    rows = list(
        monthly.export(
            story.centre, story.town.actor("boss"), monthly.Month(month_of(story.now, story.centre.zone)), story.now
        )
    )
    assert [row[0] for row in rows] == ["device", "SOS-W"]
    story.take("lin")
    story.close("test")
    november = month_of(story.now, story.centre.zone)
    story.sleep(10 * 86400)
    assert pressed(story) == (3, 0, ["SOS-1", "SOS-2", "SOS-W"])
    assert pressed(story, november) == (3, 2, ["SOS-W"])


def test_any_button_of_a_home_counts_for_the_home_and_a_home_is_listed_once(story: Story) -> None:
    for number in ("SOS-1", "SOS-2"):
        change(story, number, model=BUTTON)
    home = story.town.households["Wang"]
    register.add(story.centre, doing(story), DeviceFields(number="BATH-1", model=BUTTON, household_id=home))
    assert pressed(story) == (2, 0, ["SOS-1", "SOS-2"])
    boss, month = story.town.actor("boss"), monthly.Month(month_of(story.now, story.centre.zone))
    page = monthly.missing(story.centre, boss, month, PageOf(1, None), story.now)
    assert ([one["number"] for one in page["items"]], page["total"]) == (["SOS-1"], 2)
    page = monthly.missing(story.centre, boss, month, PageOf(1, int(page["next_cursor"])), story.now)
    assert ([one["number"] for one in page["items"]], page["next_cursor"]) == (["SOS-2"], None)
    story.press("BATH-1", "test")
    assert pressed(story) == (2, 1, ["SOS-2"])
    november = month.first
    story.sleep(10 * 86400)
    assert pressed(story) == (2, 0, ["SOS-1", "SOS-2"])
    assert pressed(story, november) == (2, 1, ["SOS-2"])


def test_those_who_forgot_are_reminded_once_on_the_days_that_the_centre_chose(story: Story) -> None:
    rules = replace(story.centre.devices, reminder_days=frozenset({24, 27}), reminder_hour=10)
    centre = replace(story.centre, devices=rules)
    for number in ("SOS-1", "SOS-2"):
        change(story, number, model=BUTTON)
    story.press("SOS-1", "test")
    for _ in range(3):
        monthly.tick(centre, story.now)
        story.sleep(3600)
    assert [(m.purpose, m.phone) for m in story.messages()] == [("button_test", "13800001001")]
    story.forward(5)
    story.phone("13800001001").expect_sms("求助按钮")


# -- the register


def test_a_number_is_given_once(story: Story) -> None:
    with pytest.raises(register.NumberTaken):
        register.add(story.centre, doing(story), DeviceFields(number="SOS-1", model="T1"))
    number = register.add(story.centre, doing(story), DeviceFields(number="NEW-1", model="T1"))
    with pytest.raises(register.NumberTaken):
        register.change(story.centre, doing(story), number, DeviceFields(number="SOS-1"))


def test_a_device_is_tied_only_to_what_fits(story: Story) -> None:
    homes, elders = story.town.households, story.town.elders
    for wrong in (
        DeviceFields(number="N", model="T1", household_id=homes["Wang"], elder_id=elders["Zhao"]),
        DeviceFields(number="N", model="T1", gateway_id=device(story, "SOS-1").id),
        DeviceFields(number="N"),
    ):
        with pytest.raises(Invalid):
            register.add(story.centre, doing(story), wrong)


def test_the_page_of_a_device_tells_of_its_false_alarms(story: Story) -> None:
    story.press("SOS-1")
    story.take("lin")
    story.close("false_alarm", text="sat on it")
    found = page.page(story.centre, story.town.actor("boss"), device(story, "SOS-1").id, story.now)
    assert [f["text"] for f in found["false_alarms"]] == ["sat on it"]


def test_devices_are_found_by_number_name_and_address(story: Story) -> None:
    def find(q: str, by: str = "boss", state: str | None = None) -> list[str]:
        wanted = register.DeviceFilter(q, state=state)
        found = register.devices(story.centre, story.town.actor(by), wanted, PageOf(50, None), story.now)
        assert found["total"] == len(found["items"])
        return [item["number"] for item in found["items"]]

    assert find("SOS-1") == ["SOS-1"]
    assert find("qian") == ["SOS-W"]
    assert find("Oak Road") == ["SOS-W"]
    assert find("SOS-W", by="west_op") == ["SOS-W"]
    assert find("SOS-1", by="west_op") == []
    assert find("%") == []
    change(story, "SOS-1", last_seen_at=story.now - timedelta(days=9))
    assert find("", state="offline") == ["SOS-1"]
