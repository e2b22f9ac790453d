"""Where the wearer of an alarm is, on the case: for who has taken it, in both languages, with maps to go there by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.stage import Stage


@pytest.mark.parametrize(("locale", "size"), [("zh-CN", (1366, 768)), ("en", (1920, 1080))])
def test_the_place_of_an_alarm_is_seen_by_who_took_it(
    visit: Visit, stage: Stage, locale: str, size: tuple[int, int]
) -> None:
    visitor = visit(locale, size)
    words = visitor.words
    visitor.enter("operator")
    visitor.page.mouse.move(1, 1)  # A list under the pointer keeps its order, and this is not about that.
    desk = Desk(visitor.page, words)
    desk.is_live()
    device = stage.quiet_device()
    since = (datetime.now(UTC) - timedelta(minutes=25)).isoformat()
    case_id = stage.alarm(device, "fall", lat=45.302178, lon=130.966412, fix="last", fixed_at=since)
    desk.view.locator(f"article[data-case-id='{case_id}']").wait_for()
    place = desk.case.get_by_role("region", name=words("place.name"))
    expect(place).to_have_count(0)
    desk.keyboard.press("F2")
    desk.is_mine()
    expect(place).to_contain_text(words("place.last"))
    expect(place).to_contain_text(words("ago.minutes", n=25))
    expect(place).to_contain_text("45.30218, 130.96641")
    for name, parts in (("amap", "position=130.966412,45.302178"), ("baidu", "location=45.302178,130.966412")):
        link = place.get_by_role("link", name=words(f"place.{name}"))
        href = link.get_attribute("href") or ""
        assert parts in href
        assert "wgs84" in href
    desk.close("helped_on_site")
