"""How it was, in the browser: the queue by keyboard, and an odd visit that is decided with its picture."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage


def test_not_satisfied_by_keyboard_is_done_again_and_an_odd_visit_is_decided(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.enter("supervisor", "/console/follow-ups"), visitor.words
    rows = page.get_by_role("region", name=words("after.list")).get_by_role("button")
    first = rows.filter(has_text=words("flag.unhappy")).first
    first.wait_for()
    told = str(first.get_attribute("data-follow-up"))
    page.get_by_role("main").press("j")
    expect(rows.first).to_be_focused()
    page.keyboard.press("Enter")
    pane = page.get_by_role("region", name=words("after.pane"))
    expect(pane.get_by_text(words.before("after.unhappy")).first).to_be_visible()
    go = pane.get_by_role("button", name=words("follow_up.go"))
    expect(go).to_be_disabled()
    page.keyboard.press("3")
    expect(pane.get_by_role("radio", name=words("follow_result.dissatisfied"))).to_be_checked()
    pane.get_by_role("radio", name=words("after.then_again")).press("Space")
    text = pane.get_by_label(words("after.what_wrong"))
    text.fill("came far too late")
    text.press("Control+Enter")
    expect(page.locator(f"[data-follow-up='{told}']")).to_have_count(0)
    ((again,),) = stage.query("SELECT again_case_id FROM follow_ups WHERE id = %s", int(told))
    page.goto(f"{stage.url}/console/case/{again}")
    after = page.get_by_test_id("after")
    expect(after.get_by_role("link", name=re.compile(re.escape(words.before("after.again_of"))))).to_be_visible()

    page.goto(f"{stage.url}/console/quality/visits")
    odd = page.get_by_role("button", name=re.compile(re.escape(words("oddity.same_photo"))))
    odd.first.press("Enter")
    page.get_by_role("group", name=words("proof.photos")).get_by_role("button").nth(1).press("Enter")
    picture = page.get_by_role("dialog").get_by_role("img")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 640)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_label(words("quality.check_reason")).fill("two pictures of one door")
    page.get_by_role("button", name=words("quality.decide_talk")).click()
    expect(odd).to_have_count(0)
    ((seen,),) = stage.query("SELECT count(*) FROM trail WHERE action = 'photo_seen'")
    assert seen == 1, "who looked into a home is known"
