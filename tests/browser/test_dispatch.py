"""The dispatch panel: whom to ask, what they say, who goes; by keys, by two operators at once, and when nobody can."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from dispatch.services.demo.devices import HEROINE
from tests.browser.conftest import Visit
from tests.browser.panel import SOON, DispatchPanel
from tests.browser.stage import PUBLIC_URL, Stage
from tests.browser.visitor import WIDE, Visitor
from tests.browser.words import LOCALES

ELDER = "王桂英"
NOBODY_ASKED = {"items": [], "assignment": None, "next": None}


@pytest.fixture(autouse=True)
def people(stage: Stage) -> Iterator[None]:
    """Helpers answer only what the test lets them answer, and everybody's place is known."""
    robots = "UPDATE sim_phones SET robot = %s WHERE kind = 'worker' AND robot = %s RETURNING number"
    minds = [number for (number,) in stage.query(robots, False, True)]
    stage.query("UPDATE worker_positions SET at = now() RETURNING worker_id")
    yield
    stage.query("UPDATE sim_phones SET robot = true WHERE number = ANY(%s) RETURNING number", minds)


@pytest.fixture
def full(stage: Stage) -> Iterator[None]:
    """Nobody takes another job today."""
    before = stage.query("SELECT id, capacity FROM workers")
    stage.query("UPDATE workers SET capacity = 0 RETURNING id")
    yield
    for worker, capacity in before:
        stage.query("UPDATE workers SET capacity = %s WHERE id = %s RETURNING id", capacity, worker)


@pytest.fixture
def no_network(stage: Stage) -> Iterator[None]:
    put = stage.desk().put("/sim/network", json={"down": True})
    assert put.is_success, put.text
    yield
    assert stage.desk().put("/sim/network", json={"down": False}).is_success


def told(stage: Stage, name: str, act: str, **body: str) -> None:
    """A helper does something with the telephone as soon as it has what they answer."""
    ((number,),) = stage.query("SELECT phone FROM workers WHERE name = %s AND active ORDER BY id LIMIT 1", name)
    for _ in range(50):
        screens = stage.desk().get("/sim/phones").json()["items"]
        mine = next(one for one in screens if one["number"] == number)
        if mine["ringing"] if act == "press" else mine["messages"]:
            answer = stage.desk().post(f"/sim/phones/{number}/{act}", json=body)
            assert answer.is_success, answer.text
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing has come to {name}")


def emergency(visitor: Visitor, stage: Stage) -> tuple[DispatchPanel, str]:
    """Taken by F2."""
    case_id = stage.alarm(HEROINE)
    visitor.enter("operator")
    visitor.page.mouse.move(1, 1)
    panel = DispatchPanel(visitor)
    panel.desk.is_live()
    panel.desk.pin(ELDER).wait_for()
    panel.press("F2")
    panel.desk.is_mine()
    return panel, case_id


def service(visitor: Visitor, stage: Stage, who: str = "operator", help_: str = "meal") -> tuple[DispatchPanel, str]:
    """Asked for by hotline, and the operator's."""
    desk = stage.desk(who)
    elder = desk.get("/elders", params={"q": ELDER}).json()["items"][0]["id"]
    body = {"kind": "service", "channel": "hotline", "elder_id": elder, "help": help_, "take": True}
    answer = desk.post("/cases", json=body)
    assert answer.status_code == 201, answer.text
    case_id = answer.json()["id"]
    visitor.enter(who, f"/console/?case={case_id}")
    panel = DispatchPanel(visitor)
    panel.desk.is_live()
    panel.desk.is_mine()
    return panel, case_id


@pytest.mark.parametrize("locale", LOCALES)
def test_an_emergency_by_keys_alone_until_the_helper_is_done(visit: Visit, stage: Stage, locale: str) -> None:
    panel, case_id = emergency(visit(locale), stage)
    first, second, *_ = panel.open()
    one = panel.candidates.first
    for part in ("time", "continuity", "skill", "load", "fairness", "acceptance"):
        expect(one).to_contain_text(panel.words(f"score_part.{part}"))
    expect(panel.send).to_contain_text(first)
    panel.is_sound()

    panel.press("2")
    expect(panel.send).to_contain_text(panel.words("dispatch.send", names=second))
    panel.press("2", "1", "Enter")
    panel.is_asked(first)
    expect(panel.offer(second)).to_have_count(0)
    expect(panel.offer(first)).to_contain_text(panel.words("offer_msg.sms_delivered"), timeout=SOON)
    panel.is_sound()

    told(stage, first, "reply", text="1")
    expect(panel.offer(first)).to_have_attribute("data-state", "accepted", timeout=SOON)
    expect(panel.offer(first)).to_contain_text(panel.words("offer_channel.sms"))
    expect(panel.job).to_have_attribute("data-state", "accepted")
    panel.press("Escape")
    expect(panel.box).to_be_hidden()
    expect(panel.desk.row(case_id)).to_contain_text(panel.words("state.assigned"))
    on_case = panel.desk.case.get_by_test_id("job")
    expect(on_case).to_contain_text(first)
    panel.tells("event.offers_sent", who="陈晓", to=first)

    told(stage, first, "reply", text="3")
    expect(on_case).to_have_attribute("data-state", "arrived", timeout=SOON)
    expect(panel.desk.row(case_id)).to_contain_text(panel.words("state.in_service"))
    told(stage, first, "reply", text="4")
    expect(on_case).to_have_attribute("data-state", "completed", timeout=SOON)
    steps = panel.desk.case.get_by_test_id("loop").get_by_role("listitem")
    expect(steps.locator("time")).to_have_count(4)
    panel.is_sound()
    panel.desk.close()


def test_a_request_by_hotline_becomes_an_accepted_offer_by_keys_alone(visit: Visit, stage: Stage) -> None:
    visitor = visit(size=WIDE)
    page, words = visitor.enter("operator"), visitor.words
    panel = DispatchPanel(visitor)
    panel.desk.is_live()
    panel.press("i")
    drawer = page.get_by_role("dialog", name=words("intake.title"))
    drawer.get_by_label(words("intake.elder")).focus()
    page.keyboard.type("wgy")
    drawer.get_by_role("button", name=ELDER).first.wait_for()
    panel.press("Enter")
    for key in ("kind.service", "help.bath"):
        panel.desk.button(key, drawer).focus()
        panel.press("Enter")
    what = drawer.get_by_label(words("intake.item"))
    what.focus()
    page.keyboard.press("ArrowDown")
    expect(what).not_to_have_value("")
    panel.is_sound()
    panel.press("Control+Enter")
    panel.desk.is_mine()
    case_id = str(page.url.split("case=")[1].split("&")[0])
    assert stage.query("SELECT item FROM orders WHERE case_id = %s", case_id) == [("bath_home",)]

    first, *_ = panel.open()
    panel.press("Enter")
    panel.is_asked(first)
    told(stage, first, "reply", text="好的")
    expect(panel.job).to_have_attribute("data-state", "accepted", timeout=SOON)
    stage.close(case_id)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_sounds_and_the_next_is_asked(visit: Visit, stage: Stage, locale: str) -> None:
    panel, case_id = emergency(visit(locale), stage)
    first, second, *_ = panel.open()
    panel.box.locator("input[value='sequential']").check()
    panel.press("1", "2", "Enter")
    panel.is_asked(first)
    expect(panel.offer(second)).to_have_count(0)
    since = panel.desk.time()
    told(stage, first, "reply", text="2")
    expect(panel.offer(first)).to_have_attribute("data-state", "declined", timeout=SOON)
    panel.is_asked(second)
    panel.page.wait_for_function(
        "(since) => window.__sound.some((one) => one.name === 'refused' && one.time >= since)", arg=since
    )
    told(stage, first, "reply", text="21")
    expect(panel.offer(first)).to_contain_text(panel.words("why_not.busy"), timeout=SOON)

    # The answer of the second is heard by telephone.
    panel.offer(second).get_by_role("button", name=panel.words("dispatch.said_yes")).click()
    expect(panel.offer(second)).to_contain_text(panel.words("offer_channel.operator"), timeout=SOON)
    expect(panel.job).to_contain_text(second)

    panel.box.get_by_role("button", name=panel.words("dispatch.replace")).click()
    form = panel.box.get_by_role("form", name=panel.words("dispatch.replace"))
    panel.desk.button("dispatch.replace_no_show", form).click()
    panel.is_sound()
    panel.desk.button("dispatch.replace", form).click()
    expect(panel.job).to_have_attribute("data-state", "no_show", timeout=SOON)
    panel.candidates.first.wait_for()
    assert first not in panel.names(), "who said no to it is not ranked for it again"
    stage.close(case_id)


def test_two_operators_at_once(visit: Visit, stage: Stage) -> None:
    one, case_id = service(visit(), stage, "operator")
    other_visitor = visit("en")
    other_visitor.enter("supervisor", f"/console/?case={case_id}")
    other = DispatchPanel(other_visitor)
    other.desk.is_live()
    other.desk.case.wait_for()
    late_visitor = visit("en")
    late_visitor.page.route("**/api/v1/cases/*/offers", _as_before)
    late_visitor.enter("supervisor", f"/console/?case={case_id}")
    late = DispatchPanel(late_visitor)
    late.desk.is_live()
    first, *_ = one.open()
    other.open()
    late.open()

    one.press("1", "Enter")
    one.is_asked(first)
    other.is_asked(first)
    expect(other.candidates).to_have_count(0)

    late.press("1", "Enter")
    expect(late.box.get_by_role("alert")).to_contain_text(late.words("problem.offers-running"))
    assert stage.query("SELECT count(*) FROM offers WHERE case_id = %s", case_id) == [(1,)]

    other.box.get_by_role("button", name=other.words("dispatch.stop")).click()
    form = other.box.get_by_role("form", name=other.words("dispatch.stop"))
    other.desk.button("dispatch.stop_mistake", form).click()
    other.desk.button("dispatch.stop", form).click()
    one.candidates.first.wait_for()
    expect(one.offer(first)).to_have_attribute("data-state", "withdrawn")
    stage.close(case_id)


def _as_before(route: Route) -> None:
    """This browser has not heard yet that somebody is asked."""
    if route.request.method == "GET":
        route.fulfill(json=NOBODY_ASKED)
    else:
        route.continue_()


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_fits_and_a_rule_is_set_aside(visit: Visit, stage: Stage, full: None, locale: str) -> None:
    panel, case_id = service(visit(locale), stage)
    panel.press("F4")
    nobody = panel.box.get_by_test_id("nobody-fits")
    expect(nobody).to_contain_text(panel.words("dispatch.nobody"))
    expect(panel.send).to_be_disabled()
    out = panel.box.get_by_role("listitem").filter(has_text=panel.words.before("bar.capacity").strip() or "jobs today")
    expect(out.first).to_be_visible()
    panel.is_sound()

    nobody.get_by_role("button", name=panel.words.before("relax.capacity")).click()
    field = panel.box.get_by_label(panel.words("dispatch.reason"), exact=True)
    expect(field).to_be_focused()
    expect(panel.send).to_be_disabled()
    panel.page.keyboard.type("the elder waits")
    panel.press("Enter")
    expect(panel.box.locator(".offer[data-state='offered']").first).to_be_visible(timeout=SOON)
    stage.close(case_id)


def test_somebody_left_out_is_sent_all_the_same_with_a_reason(visit: Visit, stage: Stage, full: None) -> None:
    panel, case_id = service(visit("en"), stage)
    panel.press("F4")
    panel.box.get_by_role("button", name=panel.words("dispatch.anyway")).first.click()
    expect(panel.box.get_by_role("radio", name=panel.words("dispatch.mode_direct"))).to_be_checked()
    panel.page.keyboard.type("knows the elder")
    panel.press("Enter")
    expect(panel.box.locator(".offer[data-state='offered']")).to_have_count(1, timeout=SOON)
    sent = panel.box.locator(".offer b").first.inner_text()
    with panel.page.expect_response("**/link"):
        panel.box.get_by_role("button", name=panel.words("dispatch.send_link")).click()
    ((text,),) = stage.query("SELECT body FROM messages WHERE case_id = %s AND purpose = 'offer_link'", case_id)
    assert f"{PUBLIC_URL}/o/" in text
    panel.press("Escape")
    panel.tells("event.offers_sent", who="陈晓", to=sent)
    expect(panel.desk.timeline().filter(has_text="knows the elder").first).to_be_visible()
    stage.close(case_id)


def test_without_a_network_the_numbers_are_shown(visit: Visit, stage: Stage, no_network: None) -> None:
    panel, case_id = emergency(visit(), stage)
    first, *_ = panel.open()
    panel.press("1", "Enter")
    panel.is_asked(first)
    ((number,),) = stage.query("SELECT phone FROM workers WHERE name = %s AND active ORDER BY id LIMIT 1", first)
    expect(panel.box.get_by_test_id("network-down")).to_be_visible(timeout=10_000)
    expect(panel.offer(first)).to_contain_text(number)
    panel.is_sound()
    panel.offer(first).get_by_role("button", name=panel.words("dispatch.said_no")).click()
    panel.desk.button("why_not.far", panel.offer(first)).click()
    expect(panel.offer(first)).to_have_attribute("data-state", "declined", timeout=SOON)
    expect(panel.offer(first)).not_to_contain_text(number)
    stage.close(case_id)


def test_the_first_is_called_instead_and_the_family_is_one_key_away(visit: Visit, stage: Stage) -> None:
    panel, case_id = service(visit(), stage)
    first, *_ = panel.open()
    panel.press("F9")
    for _ in range(30):
        rings = stage.query("SELECT label FROM messages WHERE case_id = %s AND purpose = 'call_out'", case_id)
        if rings:
            break
        time.sleep(0.1)
    assert rings == [(first,)]
    panel.press("F4")
    expect(panel.box).to_contain_text("李娜")
    panel.is_sound()
    panel.press("F4")
    panel.candidates.first.wait_for()
    panel.press("Escape")
    panel.tells("event.call_out", who="陈晓", to=first)
    stage.close(case_id)
