"""The page of a device: what it sent, raw and understood, and how it breathes; and the doors by which devices speak."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.words import LOCALES

LISTENER = """INSERT INTO listening
  (place, name, protocol, state, address, since, beat_at, messages, last_message_at, error, error_at)
  VALUES (%s, %s, %s, %s, %s, now() - interval '40 seconds', now() + interval '10 minutes', 12, now(), %s, now())
  RETURNING name"""
UNSEEN = (
    "INSERT INTO device_beats (day, device_id, beats, first_at, last_at, battery, battery_least, source, data, raw)"
)
INSTEAD = (
    "ON CONFLICT (day, device_id) DO UPDATE SET beats = excluded.beats, last_at = excluded.last_at,"
    " battery = excluded.battery, battery_least = excluded.battery_least, source = excluded.source,"
    " data = excluded.data, raw = excluded.raw RETURNING device_id"
)
"""Of the demo's own heartbeats of that day."""


def device_of(stage: Stage, number: str) -> str:
    ((device_id,),) = stage.query("SELECT id FROM devices WHERE number = %s", number)
    return str(device_id)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_message_is_read_as_text_and_as_digits(visit: Visit, stage: Stage, locale: str) -> None:
    number = stage.quiet_device()
    case_id = stage.alarm(number)
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", f"/console/devices/{device_of(stage, number)}"), visitor.words
    messages = page.get_by_role("region", name=words("devices.signals")).last
    row = messages.get_by_role("row").filter(has_text=words("cause.sos")).first
    expect(row.get_by_role("link", name=case_id, exact=True)).to_be_visible()
    row.get_by_role("button", name=words("devices.raw")).click()
    shown = messages.get_by_label(words("devices.raw"), exact=True)
    expect(shown).to_contain_text(f'"device":"{number}"')
    messages.get_by_role("button", name=words("raw.hex"), exact=True).click()
    expect(shown).to_contain_text("0000  7b 22")
    assert serious(page) == []
    assert page.evaluate(STICKS_OUT) == []
    stage.close(case_id)


def test_bytes_that_say_a_place_are_withheld(visit: Visit, stage: Stage) -> None:
    device_id = device_of(stage, "DEMO-0050")
    values = "((now() AT TIME ZONE 'Asia/Shanghai')::date, %s, 3, now(), now(), 71, 70, 'watch', %s, %s)"
    stage.query(
        f"{UNSEEN} VALUES {values} {INSTEAD}", device_id, '{"lat": 45.3, "lon": 130.9, "battery": 71}', b"[3G*1*UD]"
    )
    stage.query("UPDATE devices SET last_seen_at = now() WHERE id = %s RETURNING id", device_id)
    visitor = visit("en")
    page, words = visitor.enter("supervisor", f"/console/devices/{device_id}"), visitor.words
    row = page.get_by_role("row").filter(has_text="watch")
    expect(row).to_contain_text(f"{words('datum.battery')} 71 %")
    expect(row).not_to_contain_text("45.3")
    row.get_by_role("button", name=words("devices.raw")).click()
    expect(page.get_by_text(words("raw.withheld"))).to_be_visible()
    expect(page.get_by_text("[3G*1*UD]")).to_have_count(0)


@pytest.mark.parametrize("locale", LOCALES)
def test_heartbeats_and_battery_are_a_picture_and_a_table(visit: Visit, stage: Stage, locale: str) -> None:
    device_id = device_of(stage, "DEMO-0052")
    day = "(now() AT TIME ZONE 'Asia/Shanghai')::date - %s"
    for back, percent in ((5, 60), (4, 55), (1, 40)):
        values = f"({day}, %s, 2, now(), now(), %s, %s, 'mqtt', NULL, '')"
        stage.query(f"{UNSEEN} VALUES {values} {INSTEAD}", back, device_id, percent, percent)
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", f"/console/devices/{device_id}"), visitor.words
    part = page.get_by_role("region", name=words("breath.title"), exact=True)
    expect(part.get_by_role("img")).to_have_count(2)
    part.get_by_text(words("breath.table"), exact=True).click()
    table = part.get_by_role("table")
    expect(table.get_by_role("row").filter(has_text="40 %")).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(31)
    part.get_by_role("button", name=words("breath.days", n=90)).click()
    expect(table.get_by_role("row")).to_have_count(91)
    assert serious(page) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_listener_that_is_down_is_seen_at_once(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", "/console/devices?tab=gateways"), visitor.words
    place = f"here-{locale}"
    stage.query(LISTENER, place, "", "", "hearing", "", None)
    stage.query(LISTENER, place, "dc09", "dc09", "hearing", "tcp 0.0.0.0:4041", None)
    stage.query("UPDATE listening SET connected = 7 WHERE place = %s AND name = 'dc09' RETURNING name", place)
    for back, messages, alarms in ((0, 4, 2), (3, 5, 0)):
        hour = f"date_trunc('hour', now()) - interval '{back} hours'"
        stage.query(
            f"INSERT INTO listener_hours VALUES ({hour}, %s, 'dc09', %s, %s) RETURNING name", place, messages, alarms
        )
    stage.query(LISTENER, place, "mqtt", "mqtt", "down", "", "ConnectionRefusedError: 127.0.0.1:1883")
    box = page.get_by_role("region", name=words("listener.process", place=place), exact=True)
    expect(box).to_be_visible(timeout=20_000)
    expect(page.get_by_role("alert").filter(has_text=words("listener.deaf_text"))).to_contain_text("1 ")
    rows = box.get_by_role("row")
    expect(rows.nth(1)).to_contain_text(words("listener_state.down"))
    expect(rows.nth(1)).to_contain_text("127.0.0.1:1883")
    expect(rows.nth(2)).to_contain_text("tcp 0.0.0.0:4041")
    chart = rows.nth(2).get_by_role("img")
    expect(chart).to_have_attribute("aria-label", words("listener.chart", name="dc09", n=9, alarms=2))
    expect(rows.nth(2).get_by_role("cell").nth(4)).to_have_text("7")
    assert serious(page) == []
    stage.query("DELETE FROM listening WHERE place = %s RETURNING name", place)
    expect(box).to_have_count(0, timeout=20_000)
