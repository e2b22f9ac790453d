"""A panel of a case at the desk, and what every one of them is asked."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.visitor import Visitor

SOON = 5_000
"""Milliseconds in which the screen must show what has happened, on a machine with two browsers and two products."""


class CasePanel:
    def __init__(self, visitor: Visitor, test_id: str) -> None:
        self.page, self.words = visitor.page, visitor.words
        self.desk = Desk(visitor.page, visitor.words)
        self.box = self.page.get_by_test_id(test_id)

    def tells(self, key: str, **values: object) -> None:
        expect(self.desk.timeline().filter(has_text=self.words(key, **values)).first).to_be_visible(timeout=SOON)

    def is_sound(self) -> None:
        findings = serious(self.page)
        assert not findings, "\n".join(findings)
        assert self.page.evaluate(STICKS_OUT) == []


class DispatchPanel(CasePanel):
    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor, "dispatch")
        self.candidates = self.box.get_by_role("list", name=self.words("dispatch.candidates")).get_by_role("listitem")
        self.send = self.page.get_by_test_id("send-offers")
        self.job = self.box.get_by_test_id("job")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.desk.keyboard.press(key)

    def open(self) -> list[str]:
        """F4; answers the names of those who are ranked."""
        self.press("F4")
        self.candidates.first.wait_for()
        return self.names()

    def names(self) -> list[str]:
        return [one.get_by_role("paragraph").first.locator("b").first.inner_text() for one in self.candidates.all()]

    def offer(self, name: str) -> Locator:
        return self.box.get_by_test_id("asked").locator(".offer").filter(has_text=name)

    def is_asked(self, name: str) -> None:
        expect(self.offer(name)).to_have_attribute("data-state", "offered", timeout=SOON)
