"""The operator's desk: by keyboard alone, in two places at once, and with a server that comes and goes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.stage import WEB, Stage
from tests.browser.visitor import Visitor

FALLS, SLIPS, WAITS = "DEMO-0021", "DEMO-0022", "DEMO-0023"


def on_shift(visitor: Visitor, username: str = "operator") -> Desk:
    visitor.enter(username)
    visitor.page.mouse.move(1, 1)  # A list under the pointer keeps its order, and this is not about that.
    desk = Desk(visitor.page, visitor.words)
    desk.is_live()
    return desk


def with_case(desk: Desk, stage: Stage, device: str) -> str:
    """An alarm, taken at this desk."""
    case_id = stage.alarm(device)
    desk.view.locator(f"article[data-case-id='{case_id}']").wait_for()
    desk.keyboard.press("F2")
    desk.is_mine()
    return case_id


def notes(stage: Stage, case_id: str) -> list[str]:
    found = stage.query("SELECT text FROM case_events WHERE case_id = %s AND kind = 'note' ORDER BY id", case_id)
    return [text for (text,) in found]


def test_a_whole_shift_works_in_english_and_without_a_mouse(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.go("/console/"), visitor.words
    expect(page.get_by_role("textbox", name=words("signin.username"))).to_be_focused()
    page.keyboard.type("operator")
    page.keyboard.press("Tab")
    page.keyboard.type("demo")
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name=words("shift.start")))
    page.keyboard.press("Enter")

    desk = Desk(page, words)
    desk.is_live()
    began = desk.time()
    case_id = with_case(desk, stage, FALLS)
    assert "p1" in desk.heard(began)
    page.keyboard.press("n")
    expect(desk.note()).to_be_focused()
    page.keyboard.type("She feels dizzy and sits on the sofa")
    page.keyboard.press("Control+Enter")
    expect(desk.timeline().filter(has_text="She feels dizzy")).to_be_visible()
    expect(desk.note()).to_have_value("")

    page.keyboard.press("Tab")
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name=words("close.title"))
    reach(page, dialog.get_by_role("radio").first)
    page.keyboard.press("Space")
    expect(dialog.get_by_role("radio", name=words("outcome.helped_on_site"))).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_hidden()
    expect(desk.case).to_contain_text(words("over.closed"))
    assert stage.query("SELECT state FROM cases WHERE id = %s", case_id) == [("closed",)]
    assert notes(stage, case_id) == ["She feels dizzy and sits on the sofa"]


def reach(page: Page, wanted: Locator) -> None:
    """Tab until it has the focus: whoever uses no mouse gets there, and in few steps."""
    wanted.wait_for()
    for _ in range(25):
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached by Tab: {wanted}")


def test_of_two_who_take_the_same_alarm_at_once_one_has_it_and_the_other_is_told_who(
    visit: Visit, stage: Stage
) -> None:
    desks = [on_shift(visit(), "operator"), on_shift(visit(), "operator2")]
    case_id = stage.alarm(SLIPS)
    on_their_way: list[Route] = []

    def hold_back(route: Route) -> None:
        on_their_way.append(route)

    for desk in desks:
        desk.pinned.first.wait_for()
        desk.view.route("**/take", hold_back)
    # Both press before the server has heard of either.
    for desk in desks:
        with desk.view.expect_request("**/take"):
            desk.keyboard.press("F2")
    assert len(on_their_way) == 2
    for route in on_their_way:
        route.continue_()

    names = {"陈晓": desks[0], "李敏": desks[1]}
    for desk in desks:
        expect(desk.row(case_id).locator(".c-owner")).not_to_have_text("–")
    ((owner,),) = stage.query("SELECT u.name FROM cases c JOIN users u ON u.id = c.owner_id WHERE c.id = %s", case_id)
    winner = names.pop(owner)
    ((_, loser),) = names.items()
    expect(winner.row(case_id).locator(".c-owner")).to_have_text(winner.words("row.me"))
    winner.is_mine()
    expect(winner.case.get_by_role("alert")).to_have_count(0)
    expect(loser.row(case_id).locator(".c-owner")).to_have_text(owner)
    expect(loser.case.get_by_role("alert")).to_contain_text(owner)
    expect(loser.case).to_contain_text(loser.words("case.owned_by", name=owner))
    assert stage.query("SELECT count(*) FROM case_events WHERE case_id = %s AND kind = 'taken'", case_id) == [(1,)]


def test_a_half_written_note_survives_a_reload_and_waits_on_another_computer(visit: Visit, stage: Stage) -> None:
    desk = on_shift(visit())
    case_id = with_case(desk, stage, WAITS)
    desk.note().fill("门锁着，邻居在找钥")
    expect(desk.case).to_contain_text(desk.words("note.state_server"))
    desk.view.reload()
    expect(desk.note()).to_have_value("门锁着，邻居在找钥")

    elsewhere = visit()
    elsewhere.enter("operator", f"/console/?case={case_id}")
    expect(Desk(elsewhere.page, elsewhere.words).note()).to_have_value("门锁着，邻居在找钥")
    assert notes(stage, case_id) == []


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_lost_server_is_said_within_ten_seconds_and_loses_no_note(visit: Visit, stage: Stage, how: str) -> None:
    desk = on_shift(visit())
    case_id = with_case(desk, stage, {"killed": "DEMO-0024", "frozen": "DEMO-0025"}[how])
    if how == "killed":
        stage.product.kill(WEB)
    else:
        stage.freeze_web()
    try:
        expect(desk.link).to_have_attribute("data-state", "lost", timeout=10_000)
        expect(desk.lost).to_be_visible()
        expect(desk.button("act.close", desk.case)).to_be_disabled()
        desk.note().fill("服务器断开时写的")
        desk.button("note.save", desk.case).click()
        expect(desk.case).to_contain_text(desk.words("note.state_queued"))
        expect(desk.lost).to_contain_text(desk.words("link.waiting", n=1))
    finally:
        if how == "killed":
            stage.restart_web()
        else:
            stage.thaw_web()
    desk.is_live()
    expect(desk.lost).to_be_hidden()
    expect(desk.timeline().filter(has_text="服务器断开时写的")).to_have_count(1)
    expect(desk.button("act.close", desk.case)).to_be_enabled()
    assert notes(stage, case_id) == ["服务器断开时写的"]
