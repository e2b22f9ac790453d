"""An elder's own page in a browser: what it says when the database, or the whole centre, is away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from dispatch.api.elder_words import WORDS
from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import PHONE, Visitor

SAYS = WORDS["en"]


@pytest.fixture
def elder(visit: Visit, stage: Stage) -> Visitor:
    visitor = visit("en", PHONE)
    ((elder_id,),) = stage.query(
        "SELECT elder_id FROM devices WHERE elder_id IS NOT NULL AND number LIKE 'DEMO-%%' AND NOT EXISTS"
        " (SELECT 1 FROM cases c WHERE c.household_id = devices.household_id) ORDER BY id LIMIT 1"
    )
    made = stage.desk().post(f"/elders/{elder_id}/link")
    assert made.status_code == 201, made.text
    visitor.page.goto(made.json()["url"] + "?lang=en")
    return visitor


def help_button(page: Page) -> None:
    page.locator("[data-deed=help]").click()


def test_a_call_for_help_is_kept_while_the_database_is_stopped(elder: Visitor, stage: Stage) -> None:
    page = elder.page
    with stage.without_database():
        help_button(page)
        expect(page.locator("#said")).to_contain_text(SAYS["kept"], timeout=30_000)
        expect(page.locator("#said")).to_contain_text("12349")
    expect(page.locator("#state")).to_have_text(SAYS["received"], timeout=30_000)
    ((case_id, priority, flags),) = stage.query(
        "SELECT id, priority, flags FROM cases WHERE channel = 'app' ORDER BY id DESC LIMIT 1"
    )
    assert (priority, "spooled" in flags) == (1, True)
    stage.close(str(case_id))


def test_with_the_centre_away_the_page_says_the_telephone_number(elder: Visitor, stage: Stage) -> None:
    page = elder.page
    here = page.url
    stage.freeze_web()
    try:
        page.locator("a.more").click()
        expect(page.locator("#said")).to_contain_text(SAYS["unreached"].split("{")[0], timeout=20_000)
        assert page.url == here, "the browser's own error would take the place of the button and the number"
        help_button(page)
        expect(page.locator("#said")).to_contain_text(SAYS["retrying"].split("{")[0], timeout=20_000)
    finally:
        stage.thaw_web()
    expect(page.locator("#state")).to_have_text(SAYS["received"], timeout=30_000)
    ((case_id,),) = stage.query("SELECT id FROM cases WHERE channel = 'app' ORDER BY id DESC LIMIT 1")
    stage.close(str(case_id))
