"""The operator's console as its user sees it: the same in a window of its own and in the demo's split view."""

from __future__ import annotations

import re

from playwright.sync_api import Frame, Locator, Page, expect

from tests.browser.words import Words

STORE = "document.querySelector('#app').__vue_app__.config.globalProperties.$pinia._s"
ROWS = f"() => [...{STORE}.get('live').rows.values()].map((row) => [row.id, row.version])"
CELLS = """async (grid) => {
  const found = {}
  for (let top = 0; ; top += grid.clientHeight / 2) {
    grid.scrollTop = top
    await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))
    for (const row of grid.querySelectorAll("[data-case-id]:not(.gone)"))
      found[row.dataset.caseId] = [".c-state", ".c-owner"].map((cell) => row.querySelector(cell).innerText.trim())
    if (top + grid.clientHeight >= grid.scrollHeight) break
  }
  grid.scrollTop = 0
  return found
}"""
"""Only the rows near the eye are drawn: from the top to the end and back."""
HEARD = "(since) => window.__sound.filter((one) => one.time >= since && one.audible).map((one) => one.name)"


class Desk:
    def __init__(self, view: Page | Frame, words: Words) -> None:
        self.view = view
        self.words = words
        self.keyboard = (view.page if isinstance(view, Frame) else view).keyboard
        self.case = view.get_by_test_id("case-view")
        self.pinned = view.get_by_role("region", name=words("tray.name")).get_by_role("article")
        self.grid = view.get_by_role("grid", name=words("list.name"))
        self.link = view.get_by_test_id("link-state")
        self.lost = view.get_by_test_id("link-lost")

    def button(self, key: str, within: Locator | None = None, **values: object) -> Locator:
        """By its whole name: 接警 is not 接警 王桂英."""
        name = re.compile(rf"^\s*{re.escape(self.words(key, **values))}\s*$")
        return (within or self.view).get_by_role("button", name=name)

    def pin(self, who: str) -> Locator:
        return self.pinned.filter(has_text=who)

    def row(self, case_id: str) -> Locator:
        return self.grid.locator(f"[data-case-id='{case_id}']")

    def note(self) -> Locator:
        return self.case.get_by_role("textbox", name=self.words("note.name"))

    def timeline(self) -> Locator:
        return self.case.get_by_role("region", name=self.words("timeline.name")).get_by_role("listitem")

    def is_live(self) -> None:
        expect(self.link).to_have_attribute("data-state", "live")

    def is_mine(self) -> None:
        expect(self.case).to_contain_text(self.words("case.mine"))

    def show(self, scope: str) -> None:
        scopes = self.view.get_by_role("group", name=self.words("filter.scope"))
        scopes.get_by_role("button", name=self.words(f"scope.{scope}")).click()

    def close(self, outcome: str = "helped_on_site") -> None:
        self.button("act.close", self.case).click()
        dialog = self.view.get_by_role("dialog", name=self.words("close.title"))
        dialog.get_by_role("radio", name=self.words(f"outcome.{outcome}")).check()
        self.button("close.go", dialog).click()
        expect(dialog).to_be_hidden()

    def heard(self, since: float = 0) -> list[str]:
        """The names of what really sounded since then, in milliseconds of the browser's clock."""
        found: list[str] = self.view.evaluate(HEARD, since)
        return found

    def time(self) -> float:
        return float(self.view.evaluate("Date.now()"))

    def held(self) -> dict[str, int]:
        """Every row that the console holds, and its version."""
        return dict(self.view.evaluate(ROWS))

    def listed(self) -> dict[str, tuple[str, str]]:
        """Every row of the list that has not just left: its state and owner in words."""
        return {row_id: (state, owner) for row_id, (state, owner) in self.grid.evaluate(CELLS).items()}

    def shown(self, scope: str) -> dict[str, tuple[str, str]]:
        """The same of that scope, with what is pinned above it."""
        self.show(scope)
        found = self.listed()
        for pin in self.pinned.all():
            found[pin.get_attribute("data-case-id") or ""] = (self.words("state.new"), "–")
        return found
