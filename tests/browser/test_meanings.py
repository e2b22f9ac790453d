"""A word that nobody has mapped: from the unreadable message to what it means, tried before it counts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.words import LOCALES

UNREAD = """INSERT INTO signals
  (id, received_at, raw, raw_size, source, understood, reason, clock_off, spooled, data)
  VALUES (gen_random_uuid(), now(), %s, 80, %s, false, %s, false, false, %s) RETURNING id"""


def speak(stage: Stage, name: str, word: str) -> str:
    """As a button of Zigbee2MQTT that nobody has registered."""
    number = f"zigbee2mqtt/{name}"
    raw = f'{number}\n{{"action": "{word}", "last_seen": "2026-11-24T08:00:00Z"}}'.encode()
    about = f'{{"device": "{number}", "word": "{word}"}}'
    stage.query(UNREAD, raw, f"mqtt {number}", f"no mapping knows the word '{word}'", about)
    return number


@pytest.mark.parametrize("locale", LOCALES)
def test_a_word_gets_its_meaning_and_loses_it_only_knowingly(visit: Visit, stage: Stage, locale: str) -> None:
    number = speak(stage, f"button {locale}", "double")
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", "/console/unreadable"), visitor.words
    line = page.get_by_role("listitem").filter(has_text=number)
    line.get_by_role("link", name=words("meaning.map")).click()
    choice = page.get_by_label(words("meaning.of", word="double"), exact=True)
    choice.select_option("sos")
    page.get_by_role("button", name=words("trial.go")).click()
    trial = page.get_by_role("region", name=words("trial.title"))
    expect(trial.get_by_text(words("trial.is_gained"), exact=True)).to_be_visible()
    assert serious(page) == []
    assert page.evaluate(STICKS_OUT) == []
    page.get_by_label(words("reason.needed")).fill("beside the bed")
    page.get_by_role("button", name=words("meaning.save"), exact=True).click()
    expect(page.get_by_text(words("meaning.saved"))).to_be_visible()
    said = page.get_by_role("region", name=words("meaning.versions"))
    expect(said.get_by_role("listitem").filter(has_text="beside the bed")).to_contain_text("double")
    assert stage.query("SELECT count(*) FROM mapping_versions WHERE name = %s", number) == [(1,)]

    choice.select_option("ignore")
    page.get_by_role("button", name=words("trial.go")).click()
    expect(trial.get_by_text(words("trial.lost_title"))).to_be_visible()
    page.get_by_label(words("reason.needed")).fill("a toy")
    save = page.get_by_role("button", name=words("meaning.save"), exact=True)
    expect(save).to_be_disabled()
    page.get_by_label(words("meaning.even_if_silent")).check()
    save.click()
    expect(page.get_by_text(words("meaning.saved"))).to_be_visible()
    assert stage.query("SELECT count(*) FROM mapping_versions WHERE name = %s", number) == [(2,)]


def test_who_was_slower_keeps_what_they_changed(visit: Visit, stage: Stage) -> None:
    number = speak(stage, "two-supervisors-button", "double")
    visitor = visit("en")
    page, words = visitor.enter("supervisor", f"/console/devices/meaning?number={number}"), visitor.words
    double = page.get_by_label(words("meaning.of", word="double"), exact=True)
    double.select_option("sos")
    other = {"number": number, "scope": "device", "name": number, "reason": "a lamp", "version": "0"}
    said = stage.desk().put("/mapping", json={**other, "words": {"actions": {"single": "ignore"}, "states": {}}})
    said.raise_for_status()

    page.get_by_label(words("reason.needed")).fill("beside the bed")
    page.get_by_role("button", name=words("meaning.save"), exact=True).click()
    page.get_by_role("alert").get_by_role("button", name=words("common.retry")).click()
    expect(page.get_by_label(words("meaning.of", word="single"), exact=True)).to_have_value("ignore")
    expect(double).to_have_value("sos")
    expect(page.get_by_label(words("reason.needed"))).to_have_value("beside the bed")
    page.get_by_role("button", name=words("meaning.save"), exact=True).click()
    expect(page.get_by_text(words("meaning.saved"))).to_be_visible()
    laid = stage.desk().get("/mapping", params={"number": number}).json()["device"]["laid"]
    assert laid["actions"] == {"single": "ignore", "double": "sos"}


def test_whoever_may_not_save_looks_and_tries(visit: Visit, stage: Stage) -> None:
    number = speak(stage, "operators-button", "single")
    visitor = visit("en")
    page, words = visitor.enter("operator", f"/console/devices/meaning?number={number}"), visitor.words
    page.get_by_label(words("meaning.of", word="single"), exact=True).select_option("sos")
    page.get_by_role("button", name=words("trial.go")).click()
    expect(page.get_by_role("region", name=words("trial.title"))).to_be_visible()
    expect(page.get_by_text(words("meaning.may_not"))).to_be_visible()
    expect(page.get_by_role("button", name=words("meaning.save"), exact=True)).to_have_count(0)
