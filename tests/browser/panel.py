"""A panel of a case at the desk, and what every one of them is asked."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.desk import Desk
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.visitor import Visitor

SOON = 2_000
"""Milliseconds in which the screen must show what has happened."""


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
