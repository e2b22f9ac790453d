"""The duty roster and the devices, as a supervisor sees them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.words import LOCALES

SCREENS = {
    "duty": ("/console/duty", "duty.patterns"),
    "work list": ("/console/devices", "device_task.offline"),
    "unknown devices": ("/console/devices?tab=unknown", "stranger.list_about"),
    "gateways": ("/console/devices?tab=gateways", "listener.about"),
    "all devices": ("/console/devices?tab=all", "devices.state_in_use"),
    "button tests": ("/console/devices?tab=tests", "devices.last_pressed"),
    "device": ("/console/devices/1", "devices.false_alarms"),
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("screen", SCREENS)
def test_nobody_is_shut_out_and_nothing_sticks_out(visit: Visit, screen: str, locale: str) -> None:
    visitor = visit(locale)
    path, sign = SCREENS[screen]
    page = visitor.enter("supervisor", path)
    expect(page.get_by_text(visitor.words(sign)).first).to_be_attached(timeout=40_000)
    expect(page.get_by_role("main").locator(".skeleton")).to_have_count(0)
    assert serious(page) == []
    assert [found for found in page.evaluate(STICKS_OUT) if "week-scroll" not in found] == []


def test_a_shift_is_added_and_ended(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.enter("supervisor", "/console/duty"), visitor.words
    page.get_by_role("button", name=words("duty.add"), exact=True).click()
    dialog = page.get_by_role("dialog", name=words("duty.add"))
    dialog.get_by_label(words("duty.role")).select_option("rescue")
    dialog.get_by_label(words("duty.who")).select_option(label="王强")
    dialog.get_by_role("button", name=words("duty.save")).click()
    expect(dialog).to_be_hidden()
    ((number,),) = stage.query(
        "SELECT count(*) FROM shifts JOIN users ON users.id = user_id WHERE role = 'rescue' AND users.name = '王强'"
    )
    assert number == 1


def test_a_device_is_put_on_test_and_its_alarm_wakes_nobody(visit: Visit, stage: Stage) -> None:
    ((device_id,),) = stage.query("SELECT id FROM devices WHERE number = 'DEMO-0044'")
    visitor = visit("zh-CN")
    page, words = visitor.enter("supervisor", f"/console/devices/{device_id}"), visitor.words
    page.get_by_role("button", name=words("devices.test"), exact=True).click()
    dialog = page.get_by_role("dialog", name=words("devices.test"))
    dialog.get_by_role("button", name=words.before("devices.test_go")).click()
    expect(dialog).to_be_hidden()
    assert stage.alarm("DEMO-0044") == "None"
    expect(page.get_by_text(words("devices.is_test"), exact=True).first).to_be_visible()
    page.get_by_role("button", name=words("devices.test_end")).click()
    expect(page.get_by_role("button", name=words("devices.test"), exact=True)).to_be_visible()


def test_somebody_takes_a_task(visit: Visit) -> None:
    visitor = visit("en")
    page, words = visitor.enter("supervisor", "/console/devices"), visitor.words
    row = page.locator("[data-task-id]").first
    expect(row).to_be_visible(timeout=40_000)  # the clock has just begun, and the list asks again by itself
    row.get_by_role("button", name=words("devices.take")).click()
    expect(row.get_by_role("button", name=words("devices.leave"))).to_be_visible()
    expect(row).to_contain_text("王强")


def test_a_duty_telephone_is_added_and_masked(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.enter("supervisor", "/console/duty"), visitor.words
    page.get_by_role("button", name=words("duty.phone_add"), exact=True).click()
    dialog = page.get_by_role("dialog", name=words("duty.phone_add"))
    dialog.get_by_label(words("duty.phone_label")).fill("night team")
    dialog.get_by_label(words("duty.phone_number")).fill("139 0000 4711")
    dialog.get_by_role("button", name=words("duty.save")).click()
    expect(dialog).to_be_hidden()
    line = page.get_by_role("region", name=words("duty.phones")).get_by_role("listitem").filter(has_text="night team")
    expect(line).to_contain_text("4711")
    expect(line).not_to_contain_text("13900004711")
    assert stage.query("SELECT phone, active FROM duty_phones WHERE label = 'night team'") == [("13900004711", True)]
    stage.query("UPDATE duty_phones SET active = false WHERE label = 'night team' RETURNING id")


def test_the_roster_shows_the_hours_of_the_centre_on_a_pc_that_is_set_to_others(visit: Visit, stage: Stage) -> None:
    here, elsewhere = visit("en"), visit("en", zone="America/New_York")
    shown = []
    for visitor in (here, elsewhere):
        page = visitor.enter("supervisor", "/console/duty")
        cells = page.get_by_role("region", name=visitor.words("duty.week")).locator(".week-shift")
        cells.first.wait_for()
        shown.append(cells.all_inner_texts())
    assert shown[0] == shown[1]
    assert shown[0]
