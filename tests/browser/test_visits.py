"""The supervisor's month of check-in visits, in one story: generated, who is at risk, rounds planned and published, and
planned again when a visitor falls ill; what was missed written down, closed and signed, corrected later, printed.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.browser.words import Words

SHANGHAI = ZoneInfo("Asia/Shanghai")
SLOW = 60_000
"""The solver takes its time."""
PAGE = 100
"""Lines of the board at once."""


def today() -> date:
    return datetime.now(UTC).astimezone(SHANGHAI).date()


def last_month() -> str:
    return f"{today().replace(day=1) - timedelta(days=1):%Y-%m}"


def numbers(stage: Stage, month: str) -> dict[str, int]:
    found: dict[str, int] = stage.desk().get("/visits/board/numbers", params={"month": month}).json()["numbers"]
    return found


def number(page: Page, code: str) -> Locator:
    return page.get_by_test_id("visit-numbers").locator(f"[data-number={code}]")


def rows(page: Page) -> Locator:
    return page.get_by_test_id("month-table").locator("tbody tr")


def save(page: Page, go: str) -> None:
    dialog = page.get_by_role("dialog").last
    dialog.get_by_role("button", name=re.compile(re.escape(go))).click()


def write_down(visitor: Visitor, page: Page, stage: Stage) -> str:
    """The first who was missed was visited after all, as a second person confirms; answers who it is."""
    words = visitor.words
    page.locator('[data-at="0,0"]').focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator('[data-at="0,3"]')).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    drawer = page.get_by_test_id("elder-visits")
    expect(drawer.locator("[data-state=missed]")).to_be_visible()
    drawer.get_by_role("button", name=words("visits.record"), exact=True).click()
    # On the first of a month its last day is not long ago enough for a reason.
    page.get_by_label(words("visits.began"), exact=True).fill(f"{last_month()}-05T10:00")
    page.get_by_label(words("visits.late_reason")).fill("the paper came later")
    save(page, words("visits.record_go"))
    expect(page.get_by_label(words("visits.late_reason"))).to_be_hidden()
    second = stage.desk("operator2")
    waiting = second.get("/visit-reports").json()["items"]
    (late,) = [one for one in waiting if one["reason"] == "the paper came later"]
    second.post(f"/visit-reports/{late['id']}/decide", json={"counts": True}).raise_for_status()
    elder = drawer.get_by_role("link", name=words("visits.to_file")).get_attribute("href") or ""
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    found = re.search(r"/elders/(\d+)", elder)
    assert found
    return found[1]


def close(visitor: Visitor, page: Page, stage: Stage, month: str) -> None:
    words = visitor.words
    page.goto(f"{stage.url}/console/visits?tab=months&month={month}")
    line = page.get_by_test_id("visit-months").locator(f"[data-month='{month}']")
    line.get_by_role("button", name=words("visits.close"), exact=True).click()
    name = stage.desk().get("/session").json()["user"]["name"]
    page.get_by_label(words("visits.signature"), exact=True).fill(name)
    page.get_by_label(words("visits.password"), exact=True).fill("a guess")
    save(page, words("visits.close_go"))
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    page.get_by_label(words("visits.password"), exact=True).fill("demo")
    save(page, words("visits.close_go"))
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=SLOW)
    expect(page.get_by_test_id("closed")).to_contain_text(name)
    line.get_by_role("button", name=words("visits.check"), exact=True).click()
    expect(line.get_by_role("status")).to_have_text(words("visits.intact"))


def correct(visitor: Visitor, page: Page, month: str, elder: dict[str, str]) -> None:
    words = visitor.words
    line = page.get_by_test_id("visit-months").locator(f"[data-month='{month}']")
    line.get_by_role("button", name=words("visits.correct"), exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("intake.elder"), exact=True).fill(elder["name"])
    dialog.get_by_role("list").get_by_role("button").first.click()
    dialog.get_by_label(words("visits.fault"), exact=True).select_option("other")
    dialog.get_by_label(words("reason.needed"), exact=True).fill("地址写错")
    save(page, words("visits.correct_go"))
    expect(page.get_by_test_id("corrections")).to_contain_text("地址写错")


def printed(page: Page, stage: Stage, month: str) -> dict[str, int]:
    page.goto(f"{stage.url}/api/v1/visits/report/print?month={month}&lang=zh")
    page.emulate_media(media="print")
    expect(page.get_by_role("button")).to_be_hidden()
    found = {}
    for line in page.locator("tr[data-number]:not(.rate)").all():
        found[line.get_attribute("data-number") or ""] = int(line.locator(".n").inner_text())
    page.emulate_media(media="screen")
    return found


def generated(page: Page, stage: Stage, words: Words) -> None:
    """The visits of this month are there; asking for them again adds none, and the screen says who asked."""
    answer = stage.desk().post("/visits/generate", json={"month": f"{today():%Y-%m}"})
    assert (answer.status_code, answer.json()["created"]) == (200, 0)
    page.goto(f"{stage.url}/console/visits?tab=rates")
    name = stage.desk().get("/session").json()["user"]["name"]
    expect(page.get_by_test_id("visit-run")).to_contain_text(name)
    page.get_by_role("tab", name=words("visits.tab.board")).click()


def behind_a_number(page: Page, stage: Stage) -> None:
    """Who is at risk, by name: behind the number stands exactly its list. Early in a month nobody is yet."""
    found = numbers(stage, f"{today():%Y-%m}")
    expect(page.get_by_test_id("board-total")).to_be_visible()
    code = "at_risk" if found["at_risk"] else "unbooked"
    number(page, code).click()
    expect(page.get_by_test_id("board-total")).to_contain_text(str(found[code]))
    expect(rows(page)).to_have_count(min(found[code], PAGE))
    if code == "at_risk":
        expect(rows(page).first.locator(".vmark.risk").first).to_be_visible()


def planned(page: Page, words: Words) -> None:
    """From a wish to a preview."""
    page.get_by_role("link", name=words("plan.go_there")).click()
    page.get_by_role("button", name=words("plan.new"), exact=True).click()
    dialog = page.get_by_role("dialog")
    areas = dialog.get_by_role("group", name=words("visits.area")).get_by_role("combobox")
    areas.first.select_option(index=1)
    areas.nth(1).select_option(index=1)
    first = today() + timedelta(days=1)
    dialog.get_by_label(words("visits.round_first")).fill(first.isoformat())
    dialog.get_by_label(words("visits.round_last")).fill((first + timedelta(days=6)).isoformat())
    dialog.locator("button[type=submit]").click()
    expect(page.get_by_test_id("plan-state")).to_have_text(words("plan.state.ready"), timeout=SLOW)


NOT_YET = """SELECT min(v.id) FROM checkin_stops s JOIN checkin_visits v ON v.id = s.visit_id
  WHERE s.plan_id = %s AND s.round_id IS NOT NULL AND v.state <> 'booked'"""
"""A visit that the plan places; what had been booked before stays in its round."""


def published(page: Page, stage: Stage, words: Words, before: int) -> None:
    """Nobody is told of a preview; what is published is booked."""
    round_ = page.get_by_test_id("rounds").get_by_role("listitem").first
    round_.get_by_role("button").click()
    expect(round_.get_by_role("link").first).to_have_attribute("href", re.compile(r"/elders/\d+"))
    ((visit_id,),) = stage.query(NOT_YET, int(page.url.split("plan=")[1]))
    assert visit_id is not None
    assert booked(stage) == before
    page.get_by_role("button", name=words("plan.publish"), exact=True).click()
    page.get_by_role("button", name=words("plan.publish_go"), exact=True).click()
    expect(page.get_by_test_id("plan-state")).to_have_text(words("plan.state.published"), timeout=SLOW)
    assert stage.query("SELECT state FROM checkin_visits WHERE id = %s", visit_id) == [("booked",)]


def booked(stage: Stage) -> int:
    ((count,),) = stage.query("SELECT count(*) FROM checkin_visits WHERE state = 'booked'")
    return int(count)


VISITOR_OF_TODAY = """SELECT w.id, w.name FROM workers w
  LEFT JOIN checkin_visits v ON v.worker_id = w.id AND v.state = 'booked' AND v.planned_at > now() + interval '1 hour'
    AND v.planned_at < %s
  WHERE w.active AND w.kind IN ('worker', 'grid_worker') AND NOT EXISTS
    (SELECT 1 FROM worker_days d WHERE d.worker_id = w.id AND d.day = %s)
  GROUP BY w.id, w.name ORDER BY count(v.id) DESC, w.id LIMIT 1"""
STILL_THEIRS = """SELECT count(*) FROM checkin_visits WHERE worker_id = %s AND state = 'booked'
  AND planned_at > now() + interval '15 minutes' AND planned_at < %s"""


def replaced(page: Page, stage: Stage, words: Words) -> None:
    """Somebody falls ill: the rest of their day goes to others, and whoever finds none is open again and not forgotten.

    Late in the evening nobody has anything left to do; the absence is written down and planned for all the same.
    """
    midnight = datetime.combine(today() + timedelta(days=1), time(), SHANGHAI)
    ((worker, name),) = stage.query(VISITOR_OF_TODAY, midnight, today())
    page.get_by_role("button", name=words("plan.replan"), exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("plan.who_is_ill")).fill(name)
    dialog.get_by_role("listitem").get_by_role("button", name=name).first.click()
    dialog.get_by_role("button", name=words("plan.replan_go")).click()
    expect(dialog).to_be_hidden()
    state = page.get_by_test_id("plan-state")
    expect(state).to_have_text(words("plan.state.ready"), timeout=SLOW)
    page.get_by_role("button", name=words("plan.publish"), exact=True).click()
    page.get_by_role("button", name=words("plan.publish_go"), exact=True).click()
    expect(state).to_have_text(words("plan.state.published"), timeout=SLOW)
    assert stage.query(STILL_THEIRS, worker, midnight) == [(0,)]
    ((starts,),) = stage.query("SELECT starts FROM worker_days WHERE worker_id = %s AND day = %s", worker, today())
    assert starts is None, "absent"


@pytest.mark.timeout(1_200)
def test_a_month_from_its_generation_to_a_correction_after_its_close(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    words, month = visitor.words, last_month()
    page = visitor.enter("supervisor", "/console/visits")
    generated(page, stage, words)
    behind_a_number(page, stage)
    before_it = booked(stage)
    planned(page, words)
    published(page, stage, words, before_it)
    replaced(page, stage, words)

    before = numbers(stage, month)
    page.goto(f"{stage.url}/console/visits?month={month}")
    number(page, "missed").click()
    expect(page.get_by_test_id("board-total")).to_contain_text(str(before["missed"]))
    expect(rows(page)).to_have_count(before["missed"])
    elder_id = write_down(visitor, page, stage)
    page.reload()
    expect(number(page, "visited")).to_contain_text(str(before["visited"] + 1))
    expect(page.get_by_test_id("board-total")).to_contain_text(str(before["missed"] - 1))
    drilled(page, words)

    close(visitor, page, stage, month)
    after = numbers(stage, month)
    elder = stage.desk().get(f"/elders/{elder_id}").json()["elder"]
    correct(visitor, page, month, elder)
    assert numbers(stage, month) == after, "a correction changes nothing of what was signed"
    said = stage.desk().get("/visits/corrections", params={"said_in": f"{today():%Y-%m}"}).json()["items"]
    assert [one["month"] for one in said] == [month], "it stands in the report of the month in which it was found"
    paper = printed(page, stage, month)
    assert paper == {code: after[code] for code in paper}
    page.goto(f"{stage.url}/console/visits?month={month}&only=visited")
    page.locator('[data-at="0,0"]').click()
    expect(page.get_by_test_id("elder-visits")).to_contain_text(words("visits.closed_here"))
    expect(page.get_by_test_id("elder-visits").get_by_role("button")).to_have_count(0)


def drilled(page: Page, words: Words) -> None:
    """From the city to an area below, and from its rate to the lines that it counts."""
    page.get_by_role("tab", name=words("visits.tab.rates")).click()
    areas = page.get_by_test_id("rates-area")
    areas.get_by_role("link").first.click()
    expect(page.get_by_label(words("visits.above")).locator("[aria-current]")).not_to_have_text(
        words("visits.everywhere")
    )
    counted = areas.locator("tr[data-key=all] .rate-n").first.inner_text()
    areas.locator("tr[data-key=all]").get_by_role("link").first.click()
    expect(page.get_by_test_id("board-total")).to_contain_text(counted)
