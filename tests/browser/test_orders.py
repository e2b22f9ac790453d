"""A daughter telephones: lunch every day from tomorrow, not on Sunday. One is moved, then cancelled, and counted."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor

SHANGHAI = ZoneInfo("Asia/Shanghai")
EATER = """SELECT e.id, e.name, h.area_id FROM elders e JOIN households h ON h.id = e.household_id
  WHERE e.archived_at IS NULL AND e.absence_kind IS NULL
  AND NOT EXISTS (SELECT 1 FROM standing_orders o WHERE o.elder_id = e.id)
  AND NOT EXISTS (SELECT 1 FROM elders o WHERE o.name LIKE '%%' || e.name || '%%' AND o.id <> e.id)
  ORDER BY e.id OFFSET 55 LIMIT 1"""
"""Somebody at home of whom no service is planned, and whom one name tells from all."""


def save(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_be_hidden()


def list_of(page: Page, name: str) -> Locator:
    return page.get_by_test_id("order-list").get_by_role("row").filter(has_text=name)


def order_lunch(visitor: Visitor, page: Page, sunday: date) -> None:
    words, part = visitor.words, page.get_by_test_id("standing")
    part.get_by_role("button", name=words("standing.new")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("standing.at")).fill("11:30")
    dialog.get_by_label(words("intake.applicant"), exact=True).fill("李芳")
    save(page)
    expect(part).to_contain_text("11:30")
    expect(part).to_contain_text(words("standing.daily"))
    part.get_by_role("button", name=words("standing.pause"), exact=True).click()
    for field in ("standing.first", "standing.last_of_pause"):
        page.get_by_role("dialog").get_by_label(words(field), exact=True).fill(sunday.isoformat())
    save(page)
    expect(part.get_by_role("button", name=re.compile(words.before("standing.resume_for")))).to_be_visible()


def test_daily_lunch_is_planned_paused_moved_cancelled_and_counted(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    words = visitor.words
    ((elder_id, name, area_id),) = stage.query(EATER)
    # In the afternoon the services of tomorrow come up for the desk: the next day's stay as they are while we act.
    day = datetime.now(UTC).astimezone(SHANGHAI).date() + timedelta(days=2)
    sunday = day + timedelta(days=(6 - day.weekday()) or 7)
    page = visitor.enter("operator", f"/console/elders/{elder_id}?tab=orders")
    order_lunch(visitor, page, sunday)

    page.goto(f"{stage.url}/console/services?day={day}&span=day&by=area&area={area_id}")
    noon = page.get_by_test_id("calendar").get_by_role("button", name=re.compile("11:00"))
    noon.first.focus()
    page.keyboard.press("Enter")
    expect(list_of(page, name)).to_be_visible()
    list_of(page, name).get_by_role("link").first.click()

    order = page.get_by_test_id("order-part")
    order.get_by_role("button", name=words("order.move")).click()
    page.get_by_label(words("order.new_time")).fill(f"{day}T12:15")
    save(page)
    expect(order).to_contain_text("12:15")
    order.get_by_role("button", name=words("order.cancel")).click()
    page.get_by_role("button", name=words("order.why.family_does")).click()
    save(page)
    expect(order).to_contain_text(words("order_off.person"))

    page.goto(f"{stage.url}/console/services?tab=board&span=day&day={day}")
    board = page.get_by_test_id("board")
    expect(board.locator("tr[data-help]")).to_have_count(10)
    cell = board.locator("tr[data-help=meal] [data-column=not_done]")
    number = cell.inner_text().strip()
    cell.get_by_role("button").click()
    expect(list_of(page, name)).to_contain_text(words("stage.not_done"))
    expect(page.get_by_test_id("order-total")).to_contain_text(number)

    for standing in stage.desk().get(f"/elders/{elder_id}/standing-orders").json()["items"]:
        stage.desk().post(f"/standing-orders/{standing['id']}/end", json={"reason": "over"}).raise_for_status()
