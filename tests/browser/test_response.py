"""While somebody waits: the script by keys, the sheet for 120, and a closing that knows what was not asked."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame, Locator, Page, Route, expect

from dispatch.domain.scripts import Answer, Script, Step
from dispatch.settings import load_scripts
from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.stage import ROOT, Stage
from tests.browser.test_desk import on_shift, reach, with_case
from tests.browser.test_pages import serious
from tests.browser.visitor import Visitor
from tests.browser.words import LOCALES

SPEAKS, UNASKED, SHARED, CUT = "DEMO-0071", "DEMO-0072", "DEMO-0073", "DEMO-0074"
SCRIPTS = load_scripts(ROOT / "config").by_code


def panel(desk: Desk) -> Locator:
    return desk.case.get_by_test_id("script")


def step(desk: Desk) -> Locator:
    return panel(desk).get_by_test_id("script-step")


def asked(desk: Desk, script: str, step_id: str) -> None:
    """The step on the screen, and whoever answers by keys stays there."""
    found = SCRIPTS[script].step(step_id)
    assert found is not None
    expect(step(desk)).to_contain_text(said(desk, found))
    expect(step(desk)).to_be_focused()


def said(desk: Desk, what: Script | Step | Answer) -> str:
    words = what.name if isinstance(what, Script) else what.words
    return words.en if desk.words.locale == "en" else words.zh


def answer(desk: Desk, script: str, step_id: str, answer_id: str) -> None:
    """By its number."""
    asked(desk, script, step_id)
    ids = [one.id for one in SCRIPTS[script].step(step_id).answers]  # type: ignore[union-attr]  # asked() looked
    desk.keyboard.press(str(ids.index(answer_id) + 1))


def elder_talks(visitor: Visitor, stage: Stage, device: str) -> tuple[Desk, str]:
    """With the case of ``device`` in hand and by keys alone, up to the first question to an elder who talks."""
    desk = on_shift(visitor)
    case_id = with_case(desk, stage, device)
    expect(step(desk)).to_be_visible()
    desk.keyboard.press("q")
    answer(desk, "sos", "voice", "talks")
    asked(desk, "sos_talking", "need")
    return desk, case_id


def dialog(page: Page | Frame, desk: Desk, key: str, **values: object) -> Locator:
    return page.get_by_role("dialog", name=desk.words(key, **values))


def events(stage: Stage, case_id: str, *kinds: str) -> list[dict[str, Any]]:
    found = stage.query(
        "SELECT data FROM case_events WHERE case_id = %s AND kind = ANY(%s) ORDER BY id", case_id, [*kinds]
    )
    return [data for (data,) in found]


@pytest.mark.parametrize("locale", LOCALES)
def test_talking_with_the_elder_up_to_the_hand_off_without_a_mouse(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    page = visitor.page
    desk, case_id = elder_talks(visitor, stage, SPEAKS)
    page.keyboard.press("Tab")
    reach(page, step(desk).get_by_role("textbox"))
    page.keyboard.type("pain in the chest 2 hours")
    page.keyboard.press("Enter")
    answer(desk, "sos_talking", "need", "ill")
    answer(desk, "sos_talking", "danger_signs", "none")
    asked(desk, "sos_talking", "help")
    assert serious(page) == []

    page.keyboard.press("Backspace")
    expect(step(desk)).to_contain_text(desk.words("script.changing"))
    answer(desk, "sos_talking", "danger_signs", "yes_any")
    sheet = dialog(page, desk, "handoff.title", service="120")
    ((address,),) = stage.query(
        "SELECT h.address FROM households h JOIN cases c ON c.household_id = h.id WHERE c.id = %s", case_id
    )
    expect(sheet).to_contain_text(address)
    expect(sheet).to_contain_text(desk.words("handoff.never", service="120"))
    assert serious(page) == []
    reach(page, sheet.get_by_role("textbox", name=desk.words("handoff.dispatcher")))
    page.keyboard.type("12")
    page.keyboard.press("Control+Enter")
    expect(sheet).to_be_hidden()
    expect(panel(desk)).to_contain_text(desk.words("handoff.was", service="120", dispatcher="12"))
    answer(desk, "sos_talking", "ambulance", "agrees")
    asked(desk, "sos_talking", "open_door")
    given = [(one["step"], one["answer"]) for one in events(stage, case_id, "script_answer")]
    assert given == [
        ("voice", "talks"),
        ("need", "ill"),
        ("danger_signs", "none"),
        ("danger_signs", "yes_any"),
        ("ambulance", "agrees"),
    ]
    assert [one["service"] for one in events(stage, case_id, "handed_to_service")] == ["120"]
    expect(desk.timeline().filter(has_text=desk.words.before("event.handed_to_service") or "120").first).to_be_visible()
    stage.close(case_id)


@pytest.mark.parametrize("locale", LOCALES)
def test_closing_asks_why_a_mandatory_question_was_not_asked(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    page = visitor.page
    desk, case_id = elder_talks(visitor, stage, UNASKED)
    answer(desk, "sos_talking", "need", "ill")
    asked(desk, "sos_talking", "danger_signs")
    page.keyboard.press("c")
    closing = dialog(page, desk, "close.title")
    closing.get_by_role("radio", name=desk.words("outcome.helped_on_site")).check()
    missing = SCRIPTS["sos_talking"].step("danger_signs")
    assert missing is not None
    expect(closing.get_by_role("listitem").filter(has_text=said(desk, missing))).to_be_visible()
    expect(desk.button("close.go", closing)).to_be_disabled()
    assert serious(page) == []
    closing.get_by_label(desk.words("close.why_unasked")).fill("her daughter came in")
    page.keyboard.press("Control+Enter")
    expect(closing).to_be_hidden()
    ((closed),) = events(stage, case_id, "closed")
    assert (closed["script_reason"], closed["open_steps"]) == ("her daughter came in", ["danger_signs"])
    expect(step(desk)).to_have_count(0)
    expect(panel(desk)).to_contain_text(said(desk, SCRIPTS["sos_talking"]))


def test_what_a_colleague_answers_meanwhile_is_shown_and_only_the_owner_answers(visit: Visit, stage: Stage) -> None:
    desk, watching = on_shift(visit()), on_shift(visit("en"), "operator2")
    case_id = with_case(desk, stage, SHARED)
    watching.show("all")
    watching.row(case_id).click()
    expect(step(watching).get_by_role("button").first).to_be_disabled()
    expect(panel(watching)).to_contain_text(watching.words.before("script.read_only") or "has this case")

    expect(step(desk)).to_be_visible()
    held: list[Route] = []

    def hold_back(route: Route) -> None:
        held.append(route)

    desk.view.route("**/script/answers", hold_back)
    desk.keyboard.press("q")
    with desk.view.expect_request("**/script/answers"):
        answer(desk, "sos", "voice", "silent")
    theirs = {"script": "sos", "step": "voice", "answer": "talks"}
    assert stage.desk("operator2").post(f"/cases/{case_id}/script/answers", json=theirs).is_success
    while not held:  # the request is seen before the route is asked
        desk.view.wait_for_timeout(50)
    held[0].continue_()
    desk.view.unroute("**/script/answers")
    expect(panel(desk).get_by_role("alert")).to_contain_text(desk.words("problem.other-script"))
    expect(step(desk)).to_contain_text(said(desk, SCRIPTS["sos_talking"].steps[0]))
    expect(step(watching)).to_contain_text(said(watching, SCRIPTS["sos_talking"].steps[0]))

    desk.button("script.other", panel(desk)).click()
    choice = dialog(desk.view, desk, "script.other_title")
    expect(choice.get_by_role("searchbox")).to_be_focused()
    desk.keyboard.type("lonely")
    expect(choice.get_by_role("listitem")).to_have_count(1)
    desk.keyboard.press("Enter")
    expect(panel(desk)).to_contain_text(said(desk, SCRIPTS["lonely_caller"]))
    assert [one["script"] for one in events(stage, case_id, "script_started")] == [
        "sos",
        "sos_talking",
        "lonely_caller",
    ]
    stage.close(case_id)


def test_answers_are_kept_while_the_line_is_cut(visit: Visit, stage: Stage) -> None:
    visitor = visit()
    page = visitor.page
    desk, case_id = elder_talks(visitor, stage, CUT)
    page.route("**/script/answers", lambda route: route.abort())
    answer(desk, "sos_talking", "need", "ill")
    answer(desk, "sos_talking", "danger_signs", "none")
    asked(desk, "sos_talking", "help")
    expect(panel(desk).get_by_text(desk.words("script.waits"))).to_have_count(2)
    assert len(events(stage, case_id, "script_answer")) == 1
    page.unroute("**/script/answers")
    expect(panel(desk).get_by_text(desk.words("script.waits"))).to_have_count(0, timeout=10_000)
    given = [(one["step"], one["answer"]) for one in events(stage, case_id, "script_answer")]
    assert given == [("voice", "talks"), ("need", "ill"), ("danger_signs", "none")]
    stage.close(case_id)
