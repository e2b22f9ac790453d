"""One call for help from the red button to the closed case, as a newcomer to the demo lives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Frame, Locator, Page, expect

from dispatch.api.demo import WORDS
from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.stage import Stage
from tests.browser.visitor import WIDE, Visitor

HEROINE = "王桂英"
DAUGHTER = "李娜"
ME = "陈晓"


@dataclass
class Split:
    """The demo's three panes."""

    page: Page
    elder: Frame
    desk: Desk
    phones: Frame

    @classmethod
    def of(cls, visitor: Visitor) -> Split:
        page = visitor.go("/demo")
        words = visitor.words

        def pane(name: str) -> Frame:
            frame = page.get_by_title(words(f"split.pane.{name}")).element_handle().content_frame()
            assert frame is not None
            return frame

        return cls(page, pane("elder"), Desk(pane("console"), words), pane("phones"))

    def coach(self, step: int) -> Locator:
        return self.page.get_by_role("listitem").filter(has_text=self.desk.words(f"coach.{step}"))

    def begin(self) -> None:
        """The coach tells the next call from those that it has seen: let it look first."""
        if self.coach(1).get_attribute("aria-current") != "step":
            self.page.get_by_role("button", name=self.desk.words("coach.again")).click()
        with self.page.expect_response(lambda answer: answer.frame == self.page.main_frame and answer.ok):
            pass

    def phone(self, owner: str) -> Locator:
        return self.phones.get_by_role("article", name=self.desk.words("sim.phone_of", name=owner))


def test_a_call_for_help_is_answered_and_closed_before_and_after_a_cut_network(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN", WIDE)
    split = Split.of(visitor)
    split.desk.button("shift.start").click()
    split.desk.is_live()

    tell(split, stage)
    missed = cut_the_network(visitor, split, stage)
    stage.close(missed)
    tell(split, stage)


def tell(split: Split, stage: Stage) -> None:
    desk, words = split.desk, split.desk.words
    split.begin()
    began = desk.time()
    split.elder.get_by_role("button", name=WORDS["zh"]["sos"]).click()
    pin = desk.pin(HEROINE)
    pin.wait_for(timeout=1_000)
    case_id = pin.get_attribute("data-case-id")
    assert case_id
    eventually(lambda: "p1" in desk.heard(began), within=1)
    expect(split.elder.get_by_text(WORDS["zh"]["sent_sos"])).to_be_visible()
    expect(split.elder.get_by_text(WORDS["zh"]["received"])).to_be_visible()

    expect(split.coach(2)).to_have_attribute("aria-current", "step")
    desk.keyboard.press("F2")
    desk.is_mine()
    expect(desk.case.get_by_role("heading", name=HEROINE)).to_be_visible()
    expect(desk.row(case_id).locator(".c-owner")).to_have_text(words("row.me"))
    expect(split.elder.get_by_text(WORDS["zh"]["in_hand"].format(name=ME))).to_be_visible()

    desk.note().fill("老人说头晕，坐在沙发上")
    desk.button("note.save", desk.case).click()
    expect(desk.timeline().filter(has_text="老人说头晕，坐在沙发上")).to_be_visible()

    desk.button("call.name", desk.case, name=DAUGHTER).click()
    phone = split.phone(f"{DAUGHTER}({HEROINE})")
    expect(phone.get_by_text(words("sim.ringing"))).to_be_visible()
    phone.get_by_role("button", name=words("sim.answer")).click()
    answered = words("event.message.voice.answered", to=f"{DAUGHTER}", reply="").strip()
    expect(desk.timeline().filter(has_text=answered)).to_be_visible()
    phone.get_by_role("button", name=words("sim.hang_up")).click()

    desk.close("helped_on_site")
    expect(desk.row(case_id)).to_have_count(0, timeout=8_000)
    assert stage.query("SELECT state, outcome FROM cases WHERE id = %s", case_id) == [("closed", "helped_on_site")]
    expect(split.elder.get_by_text(WORDS["zh"]["settled"])).to_be_visible()
    quiet_since = desk.time()
    eventually(lambda: desk.pinned.count() == 0)
    assert "p1" not in desk.heard(quiet_since)


def cut_the_network(visitor: Visitor, split: Split, stage: Stage) -> str:
    """While the line is cut one alarm comes in and another case is closed. Answers the id of the missed alarm."""
    desk = split.desk
    waiting = stage.alarm("DEMO-0011")
    other = stage.alarm("DEMO-0012")
    desk.view.locator(f"[data-case-id='{waiting}']").first.wait_for()
    desk.view.locator(f"[data-case-id='{other}']").first.wait_for()

    visitor.context.set_offline(True)
    cut_at = time.monotonic()
    missed = stage.alarm("DEMO-0013")
    stage.close(other)
    stage.close(waiting)
    expect(desk.lost).to_be_visible(timeout=10_000)
    expect(desk.lost).to_contain_text(desk.words.before("link.lost_banner"))
    for take in desk.pinned.get_by_role("button", name=desk.words("act.take")).all():
        expect(take).to_be_disabled()
    expect(desk.view.get_by_role("button", name=desk.words("keybar.take"))).to_be_disabled()
    time.sleep(max(0, 12 - (time.monotonic() - cut_at)))
    assert missed not in desk.held()

    back_at = desk.time()
    visitor.context.set_offline(False)
    desk.is_live()
    expect(desk.view.get_by_text(desk.words.before("link.back"))).to_be_visible()
    eventually(lambda: "p1" in desk.heard(back_at), within=6)
    eventually(lambda: agrees(desk, stage))
    return missed


def agrees(desk: Desk, stage: Stage) -> bool:
    """The console, the API and the database tell the same story of every open case."""
    rows = {row["id"]: row for row in stage.snapshot()}
    over = "('closed', 'cancelled', 'merged', 'planned')"
    stored = stage.query(f"SELECT id, version, state FROM cases WHERE state NOT IN {over}")
    assert {str(case_id): (version, state) for case_id, version, state in stored} == {
        case_id: (row["version"], row["state"]) for case_id, row in rows.items()
    }
    assert desk.held() == {case_id: row["version"] for case_id, row in rows.items()}
    shown = {**desk.shown("held"), **desk.shown("all")}
    assert shown == {case_id: in_words(desk, row) for case_id, row in rows.items()}
    return True


def in_words(desk: Desk, row: dict[str, Any]) -> tuple[str, str]:
    state = desk.words("flag.held" if "held" in row["flags"] else f"state.{row['state']}")
    if row["owner"] is None:
        return state, "–"
    return state, desk.words("row.me") if row["owner"]["name"] == ME else row["owner"]["name"]


def eventually(what: Callable[[], bool], within: float = 5) -> None:
    deadline = time.monotonic() + within
    while True:
        try:
            assert what()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
