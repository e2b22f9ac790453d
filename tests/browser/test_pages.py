"""Every page in both languages: usable by everybody, and never wider than its screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Frame, Page

from tests.browser.conftest import Visit
from tests.browser.places import PLACES
from tests.browser.stage import Stage
from tests.browser.visitor import DESK, PHONE, SPLIT
from tests.browser.words import LOCALES

SERIOUS = {"serious", "critical"}
SIZES = {"elder": PHONE, "phones": PHONE, "demo": SPLIT}
"""What is not seen on a small desk screen."""

# What sticks out: anything that scrolls sideways, and any control that lies beyond the edge without such a scroll bar.
STICKS_OUT = """() => {
  const name = (element) => `${element.tagName} ${element.className} ${element.textContent.trim().slice(0, 40)}`
  const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX)
  const wide = [...document.querySelectorAll("*")].filter((element) =>
    (element === document.scrollingElement || scrolls(element)) && element.scrollWidth > element.clientWidth + 1)
  const beyond = [...document.querySelectorAll("a, button, input, select, textarea")].filter((element) => {
    const box = element.getBoundingClientRect()
    return element.checkVisibility() && box.width > 1 && (box.right > innerWidth + 1 || box.left < -1)
  })
  return [...wide, ...beyond].map(name)
}"""


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("place", PLACES)
def test_nobody_is_shut_out_and_nothing_sticks_out(visit: Visit, stage: Stage, place: str, locale: str) -> None:
    visitor = visit(locale, SIZES.get(place, DESK))
    PLACES[place](visitor, stage)
    for frame in visitor.page.frames:
        findings = serious(frame)
        assert not findings, "\n".join(findings)
        assert frame.evaluate(STICKS_OUT) == []


AXE = """() => axe.run({ resultTypes: ["violations"], iframes: false }).then(({ violations }) => violations)"""


def serious(view: Page | Frame) -> list[str]:
    """What axe finds, one line per element."""
    if not view.evaluate("'axe' in window"):
        view.evaluate(AXE_SCRIPT)
    found = view.evaluate(AXE)
    return [
        f"{one['impact']} {one['id']}: {node['html'][:160]} -- {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
