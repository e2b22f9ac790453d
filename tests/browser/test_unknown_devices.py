"""A device that nobody has registered cries; it is registered in two clicks, from its case and from the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.words import LOCALES, Words

ELDER = "王桂英"
MODEL = "银铃 B2 求助按钮"


def register(page: Page, words: Words, opener: Locator, number: str) -> None:
    opener.click()
    dialog = page.get_by_role("dialog", name=words("devices.register"))
    expect(dialog.get_by_label(words("devices.number"))).to_have_value(number)
    expect(dialog.get_by_label(words("devices.model"))).to_have_value(MODEL)
    dialog.get_by_label(words("intake.elder")).fill(ELDER)
    dialog.get_by_role("button", name=ELDER).first.click()
    dialog.get_by_role("button", name=words("duty.save")).click()
    expect(dialog).to_be_hidden()


def of_case(stage: Stage, case_id: str) -> tuple[str, bool, int]:
    """Its state, whether it has a home, and the signals of it that know no device."""
    ((state, placed),) = stage.query("SELECT state, household_id IS NOT NULL FROM cases WHERE id = %s", case_id)
    ((strange,),) = stage.query("SELECT count(*) FROM signals WHERE case_id = %s AND device_id IS NULL", case_id)
    return state, placed, strange


@pytest.mark.parametrize("locale", LOCALES)
def test_from_its_case_where_the_elder_then_stands(visit: Visit, stage: Stage, locale: str) -> None:
    number = f"NEW-77{locale[:2]}"
    case_id = stage.alarm(number)
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", f"/console/case/{case_id}"), visitor.words
    register(page, words, page.get_by_role("button", name=words("unknown.register")), number)
    expect(page.get_by_text(words("unknown.device"), exact=True)).to_have_count(0)
    expect(page.get_by_role("main").get_by_text(ELDER).first).to_be_visible()
    said = words("event.device_registered", who="王强", device=number)
    expect(page.get_by_role("main").get_by_text(said).first).to_be_visible()
    assert of_case(stage, case_id) == ("new", True, 0)
    stage.close(case_id)


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_list_and_its_alarm_joins_the_one_of_the_home(visit: Visit, stage: Stage, locale: str) -> None:
    ((own,),) = stage.query(
        "SELECT d.number FROM devices d JOIN elders e ON e.id = d.elder_id WHERE e.name = %s ORDER BY d.id LIMIT 1",
        ELDER,
    )
    number = f"NEW-78{locale[:2]}"
    at_home, waiting = stage.alarm(own), stage.alarm(number)
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", "/console/devices?tab=unknown"), visitor.words
    page.get_by_role("searchbox", name=words("devices.number")).fill(number.lower())
    row = page.get_by_role("row").filter(has_text=number)
    expect(row.get_by_role("link", name=words("devices.case", id=waiting))).to_be_visible()
    expect(row).to_contain_text(words("cause.sos"))
    register(page, words, row.get_by_role("button", name=words("unknown.register")), number)
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    assert of_case(stage, waiting) == ("merged", True, 0)
    assert of_case(stage, at_home)[:2] == ("new", True)
    stage.close(at_home)


def test_whoever_comes_second_is_led_to_the_device(visit: Visit, stage: Stage) -> None:
    case_id = stage.alarm("NEW-7900")
    visitor = visit("zh-CN")
    page, words = visitor.enter("supervisor", "/console/devices?tab=unknown"), visitor.words
    page.get_by_role("row").filter(has_text="NEW-7900").get_by_role("button", name=words("unknown.register")).click()
    dialog = page.get_by_role("dialog", name=words("devices.register"))
    given = {"number": "NEW-7900", "model": MODEL}
    assert stage.desk().post("/devices", json=given).status_code == 201
    dialog.get_by_role("button", name=words("duty.save")).click()
    dialog.get_by_role("link", name=words("devices.taken", number="NEW-7900")).click()
    expect(page.get_by_role("heading", name="NEW-7900")).to_be_visible()
    stage.close(case_id)


def test_an_operator_sees_them_and_is_not_offered_what_is_not_theirs(visit: Visit, stage: Stage) -> None:
    case_id = stage.alarm("NEW-7901")
    visitor = visit("en")
    page, words = visitor.enter("operator", "/console/devices?tab=unknown"), visitor.words
    row = page.get_by_role("row").filter(has_text="NEW-7901")
    expect(row).to_be_visible()
    expect(page.get_by_role("button", name=words("unknown.register"))).to_have_count(0)
    stage.close(case_id)
