"""No screen of the console shuts anybody out, in either language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from dispatch.services.demo.devices import HEROINE
from tests.browser.conftest import Visit
from tests.browser.places import busy
from tests.browser.stage import Stage
from tests.browser.test_pages import serious
from tests.browser.walk import WALK, turn_to
from tests.browser.words import LOCALES


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("who", sorted({step.who for step in WALK.values()}))
def test_axe_finds_nothing_serious_on_any_screen(visit: Visit, stage: Stage, who: str, locale: str) -> None:
    ids = things(stage)
    visitor = visit(locale)
    page = visitor.go(f"/demo/as/{who}?next=/console/")
    start = page.get_by_role("button", name=visitor.words("shift.start"))
    start.or_(page.locator(".frame-main")).first.wait_for()
    if start.is_visible():
        start.click()
    findings = []
    for name, step in WALK.items():
        if step.who != who:
            continue
        for query in ("", *step.more):
            path = step.path.format(**ids)
            led_to = turn_to(page, path + (f"?{query}" if query else ""))
            shown(page)
            assert led_to == path, f"{name} leads elsewhere: {led_to}"
            findings += [f"{name} {query} {found}" for found in serious(page)]
    assert not findings, "\n".join(findings)


def shown(page: Page) -> None:
    """Everything that was asked for has come, and nothing failed."""
    page.locator(".frame-main > *").first.wait_for()
    expect(page.locator(".bones")).to_have_count(0)
    page.wait_for_function("document.querySelector('.frame-main').innerText.trim().length > 20")


def things(stage: Stage) -> dict[str, str]:
    """One of each that the demo has."""
    case_id = busy(stage)
    desk = stage.desk()
    elder_id = desk.get(f"/cases/{case_id}").json()["elder"]["id"]
    device = stage.query("SELECT id FROM devices WHERE number = %s", HEROINE)[0][0]
    # Somebody who is away, and a station with people.
    ((worker, station),) = stage.query(
        "SELECT w.id, w.station_id FROM workers w JOIN worker_days d ON d.worker_id = w.id ORDER BY d.day, w.id LIMIT 1"
    )
    ids = {"case": case_id, "elder": elder_id, "device": device, "worker": worker, "station": station}
    return {name: str(one) for name, one in ids.items()}
