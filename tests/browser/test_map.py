"""The map and the list beside it are one: what is selected here is selected there, and a new alarm is on both."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.words import LOCALES


@pytest.mark.parametrize("locale", LOCALES[:1])
def test_what_is_selected_in_the_list_is_selected_on_the_map(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    page, say = visitor.enter("supervisor", "/console/map"), visitor.words
    rows, marks = page.locator("[data-row]"), page.locator("[data-mark]")
    expect(rows.first).to_be_visible()

    # With the mouse on the map, with the keyboard in the list.
    station = page.locator("[data-row^='station:']").first
    key = station.get_attribute("data-row")
    station.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-mark='{key}']")).to_have_class(re.compile("chosen"))
    page.keyboard.press("ArrowUp")
    other = page.evaluate("document.activeElement.dataset.row")
    assert other != key
    page.locator(f"[data-mark='{other}'] circle").dispatch_event("click")
    expect(page.locator(f"[data-row='{other}']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"[data-row='{key}']")).to_have_attribute("aria-pressed", "false")
    assert page.url.endswith(f"at={other}"), "a link that can be sent on"

    # An alarm that comes now is there without anybody asking.
    case = stage.alarm(stage.quiet_device())
    expect(page.locator(f"[data-row='case:{case}']")).to_be_visible()
    expect(page.locator(f"[data-mark='case:{case}']")).to_be_visible()
    page.locator(f"[data-row='case:{case}']").click()
    expect(page.get_by_role("link", name=say("map.open_case"))).to_have_attribute("href", f"/console/case/{case}")
    stage.close(case)

    # Keys of the map itself; the list says what is in view.
    sheet = page.get_by_test_id("map")
    before = rows.count()
    sheet.focus()
    for _ in range(6):
        page.keyboard.press("+")
    page.wait_for_function("n => document.querySelectorAll('[data-row]').length < n", arg=before)
    page.keyboard.press("0")
    page.wait_for_function("n => document.querySelectorAll('[data-row]').length >= n", arg=before - 2)
    page.get_by_label(say("map.layer.stations"), exact=True).uncheck()
    expect(page.locator("[data-row^='station:']")).to_have_count(0)
    expect(marks.first).to_be_attached()
