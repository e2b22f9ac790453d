"""The administrator adds a helper, and the operator's dispatch panel offers them, as long as their papers are good."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_dispatch import ELDER, service
from tests.browser.words import Words

NAME = "林小梅"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


def test_a_new_helper_is_offered_until_the_certificate_is_over(visit: Visit, stage: Stage) -> None:
    office, desk = visit("zh-CN"), visit("zh-CN")
    page, words = office.enter("admin", "/console/people"), office.words
    add(page, words)
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()
    expect(page.get_by_test_id("person-page")).to_contain_text(words("people.week_hours", n=168))

    panel, case_id = service(desk, stage, help_="bath")
    assert NAME in panel.open(), "the desk is offered whom the office has just added"
    desk.page.keyboard.press("Escape")

    yesterday = TODAY - timedelta(days=1)
    certificate(page, words, yesterday)
    assert NAME not in panel.open()
    out = panel.box.get_by_role("listitem").filter(has_text=NAME)
    expect(out).to_contain_text(f"助浴证书 {yesterday:%Y/%m/%d} 已过期")
    expect(out).to_contain_text(words("dispatch.never"))
    stage.close(case_id)


def add(page: Page, words: Words) -> None:
    page.get_by_role("button", name=words("people.new")).click()
    dialog = page.get_by_role("dialog", name=words("people.new"))
    dialog.get_by_label(words("people.name")).fill(NAME)
    dialog.get_by_label(words("people.phone")).fill("138 0013 8000")
    dialog.get_by_role("group", name=words("people.area")).get_by_role("combobox").last.select_option(label="银杏区")
    dialog.get_by_label(words("people.skill_add")).select_option("bath")
    skill = "助浴"
    dialog.get_by_label(words("people.number_of", skill=skill)).fill("YL-0088")
    dialog.get_by_label(words("people.until_of", skill=skill)).fill((TODAY + timedelta(days=200)).isoformat())
    dialog.get_by_label(words("people.week")).select_option("always")
    dialog.get_by_role("button", name=words("people.add")).click()
    expect(dialog).to_be_hidden()


def certificate(page: Page, words: Words, until: date) -> None:
    page.get_by_role("button", name=words("people.skills_edit")).click()
    dialog = page.get_by_role("dialog", name=words("people.skills_edit"))
    dialog.get_by_label(words("people.until_of", skill="助浴")).fill(until.isoformat())
    dialog.get_by_role("button", name=words("people.save")).click()
    expect(dialog).to_be_hidden()
    shown = words("people.paper.expired", day=until.strftime("%Y/%m/%d"))
    expect(page.get_by_role("region", name=words("people.skills"))).to_contain_text(shown)


def test_a_station_sees_its_own_people_and_says_who_is_absent(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.go("/demo/as/station?next=/console/stations/day"), visitor.words
    people = page.get_by_role("region", name=words("stations.people"))
    rows = people.locator("tr[data-worker-id]")
    rows.first.wait_for()
    assert stage.query("SELECT count(*) FROM workers WHERE active")[0][0] > rows.count() > 0
    row = rows.filter(has=page.get_by_role("button", name=words("stations.absent_go"))).first
    worker = row.get_attribute("data-worker-id")
    row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("people.day_reason")).fill("flu")
    dialog.get_by_role("button", name=words("stations.absent_go")).click()
    mine = page.locator(f"tr[data-worker-id='{worker}']")
    expect(mine).to_contain_text(words("people.absent_today"))
    mine.get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("button", name=words("stations.back")).click()
    expect(mine).not_to_contain_text(words("people.absent_today"))


def test_what_somebody_asks_for_at_a_station_comes_to_the_desk(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    page, words = visitor.go("/demo/as/station?next=/console/stations/day"), visitor.words
    page.get_by_role("button", name=words("stations.walk_in")).click()
    dialog = page.get_by_role("dialog", name=words("stations.walk_in"))
    seen = stage.desk("station").get("/elders", params={"limit": 1}).json()["items"][0]
    dialog.get_by_label(words("intake.elder")).fill(seen["name"])
    dialog.get_by_role("listitem").filter(has_text=seen["name"]).first.wait_for()
    page.keyboard.press("Enter")
    dialog.get_by_label(words("stations.what")).select_option("meal_delivery")
    dialog.get_by_label(words("stations.note")).fill("软食")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    made = page.get_by_role("status").filter(has_text=words.before("stations.walk_in_made").strip())
    number = re.sub(r"\D", "", made.inner_text())
    asked = (
        "SELECT c.channel, c.state, c.owner_id, o.item FROM cases c JOIN orders o ON o.case_id = c.id WHERE c.id = %s"
    )
    assert stage.query(asked, number) == [("station", "new", None, "meal_delivery")]
    stage.close(number)


def test_a_wish_is_written_into_the_elders_file(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    desk = stage.desk("operator")
    elder = desk.get("/elders", params={"q": ELDER}).json()["items"][0]["id"]
    page, words = visitor.enter("operator", f"/console/elders/{elder}"), visitor.words
    section = page.get_by_role("region", name=words("wish.title"))
    section.get_by_role("button", name=words("wish.add")).click()
    dialog = page.get_by_role("dialog", name=words("wish.add"))
    other = "SELECT name FROM workers WHERE id NOT IN (SELECT worker_id FROM wishes) ORDER BY id LIMIT 1"
    ((name,),) = stage.query(other)
    dialog.get_by_label(words("wish.who"), exact=True).first.fill(name)
    dialog.get_by_role("radio", name=name).first.check()
    dialog.get_by_role("radio", name=words("wish.unwanted")).check()
    dialog.get_by_role("button", name=words("elder.save")).click()
    line = section.get_by_role("listitem").filter(has_text=name)
    expect(line).to_contain_text(words("wish.unwanted"))
    line.get_by_role("button").click()
    expect(line).to_have_count(0)
