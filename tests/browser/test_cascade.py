"""The call cascade as its operator sees it: who is called, what they say, who goes, and whether they are there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from dispatch.services.demo.devices import HEROINE
from tests.browser.conftest import Visit
from tests.browser.panel import SOON, CasePanel
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.browser.words import LOCALES

ELDER, DAUGHTER, SON, NEIGHBOUR = "13800001942", "13900000011", "13900000013", "13900000012"


@pytest.fixture
def son(stage: Stage) -> Iterator[None]:
    """A machine answers at the son's, where the demo's robot would accept."""
    ways = "UPDATE sim_phones SET robot = %s, voicemail = %s WHERE number = %s RETURNING number"
    stage.query(ways, False, True, SON)
    yield
    stage.query(ways, True, False, SON)


def called(stage: Stage, number: str, act: str, **body: str) -> None:
    """Somebody does something with a telephone as soon as it rings."""
    for _ in range(50):
        answer = stage.desk().post(f"/sim/phones/{number}/{act}", json=body)
        if answer.is_success:
            return
        time.sleep(0.1)
    raise AssertionError(f"{number} does not ring: {answer.text}")


class Panel(CasePanel):
    def __init__(self, visitor: Visitor) -> None:
        super().__init__(visitor, "cascade")
        self.arrivals = self.page.get_by_test_id("arrivals")

    def calls(self, who: str) -> None:
        expect(self.box.get_by_test_id("called-now")).to_contain_text(who, timeout=SOON)

    def line(self, who: str) -> Locator:
        return self.box.get_by_role("listitem").filter(has_text=who)

    def shows(self, who: str, result: str) -> None:
        expect(self.line(who)).to_contain_text(self.words(result), timeout=SOON)

    def go_on(self) -> None:
        self.desk.button("cascade.skip", self.box).click()


def begun(visitor: Visitor, stage: Stage) -> tuple[Panel, str]:
    case_id = stage.alarm(HEROINE)
    visitor.enter("operator")
    visitor.page.mouse.move(1, 1)
    panel = Panel(visitor)
    panel.desk.is_live()
    panel.desk.pinned.first.wait_for()
    panel.desk.keyboard.press("F2")
    panel.desk.is_mine()
    expect(panel.box).to_have_attribute("data-state", "none")
    expect(panel.box).to_contain_text("李娜")
    start = panel.desk.button("cascade.start", panel.box)
    start.focus()
    panel.desk.keyboard.press("Enter")
    panel.calls("王桂英")
    return panel, case_id


@pytest.mark.parametrize("locale", LOCALES)
def test_from_the_first_call_to_who_is_there(visit: Visit, stage: Stage, son: None, locale: str) -> None:
    panel, case_id = begun(visit(locale), stage)

    called(stage, ELDER, "answer")
    expect(panel.page.get_by_test_id("elder-answered")).to_be_visible(timeout=SOON)
    panel.shows("王桂英", "cascade.elder_answered")
    panel.is_sound()
    panel.go_on()
    expect(panel.page.get_by_test_id("elder-answered")).to_be_hidden(timeout=SOON)

    panel.calls("李娜")
    called(stage, DAUGHTER, "press", digit="0")
    panel.shows("李娜", "cascade_result.declined")
    panel.tells("event.cascade_declined", who="李娜")

    panel.calls("李伟")  # by itself: nobody waits for a no
    wait_until_it_rings(stage, SON)
    stage.query("UPDATE sim_traffic SET due_at = now() WHERE phone = %s AND state = 'ringing' RETURNING id", SON)
    panel.shows("李伟", "cascade_result.voicemail")
    panel.go_on()

    panel.calls("陈玉洁")
    called(stage, NEIGHBOUR, "press", digit="1")
    responsible = panel.page.get_by_test_id("responsible")
    expect(responsible).to_contain_text(panel.words("cascade.goes", name="陈玉洁"), timeout=SOON)
    expect(panel.box).to_have_attribute("data-state", "accepted")
    panel.tells("event.cascade_accepted", who="陈玉洁", minutes=2)
    coming = panel.arrivals.get_by_role("listitem").filter(has_text="陈玉洁")
    expect(coming).to_contain_text(panel.words.before("arrival.left"))
    panel.is_sound()

    overdue = "UPDATE arrivals SET due_at = now(), next_due_at = now() WHERE case_id = %s RETURNING id"
    assert len(stage.query(overdue, case_id)) == 1
    expect(coming).to_contain_text(panel.words.before("arrival.late"), timeout=SOON)
    expect(coming.get_by_role("group", name=panel.words("arrival.marks"))).to_be_visible()
    expect(panel.desk.case).to_contain_text(panel.words("flag.late_arrival"))
    panel.is_sound()
    panel.desk.button("act.confirm", panel.desk.case).click()
    coming.get_by_role("button", name=panel.words("arrival.arrived")).click()
    panel.tells("event.arrived", comes="陈玉洁")
    expect(panel.desk.case).not_to_contain_text(panel.words("flag.late_arrival"))

    panel.desk.close()
    expect(panel.box).to_have_attribute("data-state", "accepted")
    assert stage.query("SELECT count(*) FROM arrivals WHERE state = 'open' AND case_id = %s", case_id) == [(0,)]


def wait_until_it_rings(stage: Stage, number: str) -> None:
    for _ in range(50):
        if stage.query("SELECT 1 FROM sim_traffic WHERE phone = %s AND state = 'ringing'", number):
            return
        time.sleep(0.1)
    raise AssertionError(f"{number} does not ring")


def test_stopped_with_a_reason_promised_by_hand_moved_and_cancelled(visit: Visit, stage: Stage) -> None:
    panel, case_id = begun(visit(), stage)
    page, words = panel.page, panel.words
    panel.line("陈玉洁").get_by_role("button", name=words("cascade.call_now")).click()
    panel.calls("陈玉洁")

    panel.box.get_by_role("button", name=words("cascade.stop")).click()
    form = panel.box.get_by_role("form", name=words("cascade.stop"))
    expect(form.get_by_role("textbox")).to_be_focused()
    form.get_by_role("button", name=words("cascade.stop_somebody_there")).click()
    panel.desk.button("cascade.stop_go", form).click()
    expect(panel.box).to_have_attribute("data-state", "stopped", timeout=SOON)
    expect(panel.desk.timeline().filter(has_text=words("cascade.stop_somebody_there"))).to_be_visible()

    panel.desk.button("arrival.promise", panel.arrivals).click()
    form = panel.arrivals.get_by_role("form", name=words("arrival.promise"))
    form.get_by_role("textbox", name=words("arrival.who")).fill("社区医生")
    form.get_by_role("button", name=words("arrival.in", n=20)).click()
    page.keyboard.press("Control+Enter")
    coming = panel.arrivals.get_by_role("listitem").filter(has_text="社区医生")
    expect(coming).to_contain_text(words("arrival.left", time="19:5"), timeout=SOON)

    coming.get_by_role("button", name=words("arrival.move")).click()
    coming.get_by_role("button", name=words("arrival.in", n=45)).click()
    panel.desk.button("arrival.move_go", coming).click()
    expect(coming).to_contain_text(words("arrival.left", time="44:5"), timeout=SOON)
    coming.get_by_role("button", name=words("arrival.cancel")).click()
    coming.get_by_role("textbox").fill("老人自己去了医院")
    panel.desk.button("arrival.cancel_go", coming).click()
    expect(coming).to_contain_text("老人自己去了医院", timeout=SOON)
    stage.close(case_id)


def test_nobody_goes_and_what_to_do_then_is_said(visit: Visit, stage: Stage) -> None:
    panel, case_id = begun(visit(), stage)
    shorten = "UPDATE cascades SET plan = %s, next_due_at = now() WHERE case_id = %s RETURNING id"
    alone = {"rounds": 1, "steps": [{"who": "elder", "mode": "order", "seconds": 45, "channels": ["voice"]}]}
    stage.query(shorten, json.dumps(alone), case_id)
    expect(panel.page.get_by_test_id("exhausted")).to_be_visible(timeout=SOON)
    expect(panel.desk.case).to_contain_text(panel.words("flag.cascade_exhausted"))
    panel.is_sound()
    panel.desk.button("case.close_view", panel.desk.case).click()
    expect(panel.page.get_by_test_id("pressing")).to_contain_text("王桂英")
    stage.close(case_id)
