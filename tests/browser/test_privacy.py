"""The privacy desk in the browser: what is asked is checked, answered and handed out; what is masked stays so."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from dispatch.services.demo.devices import HEROINE
from tests.browser.conftest import Visit
from tests.browser.places import privacy
from tests.browser.stage import Stage, act
from tests.browser.words import LOCALES


@pytest.mark.parametrize("locale", LOCALES)
def test_the_tabs_are_walked_with_the_keyboard(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    privacy("requests")(visitor, stage)
    page = visitor.page
    first = page.get_by_role("tab", name=visitor.words("privacy.tab.requests"))
    first.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name=visitor.words("privacy.tab.impacts"))).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(first).to_be_focused()
    expect(first).to_have_attribute("aria-selected", "true")


def test_a_request_is_checked_answered_and_leaves_the_list(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    privacy("requests")(visitor, stage)
    page = visitor.page
    rows = page.get_by_role("tabpanel").get_by_role("row")
    before = rows.count()
    mine = rows.filter(has_text=visitor.words("privacy_kind.access")).first
    mine.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=visitor.words("privacy.step.grant"), exact=True)).to_have_count(0)
    dialog.get_by_label(visitor.words("privacy.step.check_label")).fill("called back on the known number")
    dialog.get_by_role("button", name=visitor.words("privacy.step.check_go")).click()
    expect(dialog).to_have_count(0)
    expect(mine).to_contain_text(visitor.words("privacy_state.checked"))
    mine.get_by_role("button").click()
    with page.expect_download() as saved:
        dialog.get_by_role("button", name=visitor.words("privacy.record.json")).click()
    record = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert {"elder", "contacts", "consents", "cases", "seen_by"} <= set(record)
    dialog.get_by_label(visitor.words("privacy.step.grant_label")).fill("record handed out on paper")
    dialog.get_by_role("button", name=visitor.words("privacy.step.grant_go")).click()
    expect(dialog).to_have_count(0)
    expect(rows).to_have_count(before - 1)


def test_what_was_given_away_is_written_down_for_one_elder_and_for_a_list(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = visitor.enter("supervisor", "/console/privacy?tab=sharings")
    for receiver, whole in (("City hospital", False), ("Civil affairs bureau", True)):
        page.get_by_role("button", name=visitor.words("privacy.sharing.new")).click()
        dialog = page.get_by_role("dialog")
        save = dialog.get_by_role("button", name=visitor.words("common.save"))
        expect(save).to_be_disabled()
        if whole:
            dialog.get_by_role("button", name=visitor.words("privacy.sharing.of_list")).click()
            dialog.get_by_label(visitor.words("privacy.col.persons")).fill("812")
        else:
            dialog.get_by_label(visitor.words("intake.elder")).fill("wgy")
            dialog.get_by_role("list", name=visitor.words("search.elders")).get_by_role("button").first.click()
        dialog.get_by_label(visitor.words("privacy.col.receiver"), exact=True).fill(receiver)
        dialog.get_by_label(visitor.words("privacy.col.purpose")).select_option("visits")
        dialog.get_by_label(visitor.words("privacy.col.basis")).select_option("legal_duty")
        dialog.get_by_label(visitor.words("privacy_data.address")).check()
        save.click()
        expect(dialog).to_have_count(0)
        row = page.get_by_role("row").filter(has_text=receiver)
        expect(row).to_contain_text(visitor.words("privacy.sharing.persons", n=812) if whole else "王桂英")


def test_a_masked_number_is_clear_for_the_holder_alone(visit: Visit, stage: Stage) -> None:
    case_id = stage.alarm(HEROINE)
    holder, other = stage.desk("operator"), stage.desk("operator2")
    act(holder, case_id, "take")
    mine, theirs = (desk.get(f"/cases/{case_id}").json() for desk in (holder, other))
    assert re.fullmatch(r"\d{11}", mine["elder"]["phone"])
    assert "****" in theirs["elder"]["phone"]
    visitor = visit("zh-CN")
    page = visitor.enter("operator2", f"/console/case/{case_id}")
    page.get_by_text(theirs["elder"]["name"]).first.wait_for()
    expect(page.get_by_text(mine["elder"]["phone"])).to_have_count(0)
    kept = page.evaluate("localStorage.getItem('console.phonebook')") or ""
    assert mine["elder"]["phone"] not in kept
    assert "****" not in kept
