"""The floor as its people see it: a flood, many at once, promises, a change of shift, supervision, the wall."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Route, expect

from dispatch.services.demo.floor import WALL_TOKEN
from tests.browser.conftest import Visit
from tests.browser.desk import Desk
from tests.browser.stage import Stage, act
from tests.browser.test_story import eventually
from tests.browser.visitor import WIDE, Visitor

ALARMS = 60
HOMES_OF = """SELECT a5.name, array_agg(DISTINCT d.number) FROM areas a5
  JOIN areas a ON a.path LIKE a5.path || '%%' JOIN households h ON h.area_id = a.id
  JOIN LATERAL (SELECT min(number) AS number FROM devices WHERE household_id = h.id) d ON d.number IS NOT NULL
  WHERE a5.level = 5 AND d.number NOT LIKE 'DEMO-0001%%'
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.household_id = h.id AND c.state NOT IN ('closed', 'merged', 'planned'))
  GROUP BY a5.id, a5.name ORDER BY count(DISTINCT h.id) DESC LIMIT 1"""


@dataclass
class Storm:
    place: str
    calm: list[str]
    urgent: list[str]


@pytest.fixture
def after(stage: Stage) -> Iterator[None]:
    """No area event, open handover or case of a storm is left to the other tests."""
    ((last,),) = stage.query("SELECT max(id) FROM cases")
    yield
    boss = stage.desk()
    for event in boss.get("/area-events").json()["items"]:
        if event["ended_at"] is None:
            boss.post(f"/area-events/{event['id']}/end", json={"reason": "the test is over"})
    for username in ("operator", "operator2"):
        for one in stage.desk(username).get("/handovers").json()["items"]:
            if one["mine"] and one["state"] in ("draft", "offered"):
                stage.desk(username).post(f"/handovers/{one['id']}/cancel")
    left = stage.query("SELECT id FROM cases WHERE id > %s AND state IN ('new', 'owned')", last)
    for (case_id,) in left:
        stage.close(str(case_id))


def on_shift(visitor: Visitor, username: str) -> Desk:
    visitor.enter(username)
    visitor.page.mouse.move(1, 1)
    desk = Desk(visitor.page, visitor.words)
    desk.is_live()
    return desk


def seen(desk: Desk, case_id: str) -> Locator:
    """Its pin, or its own row."""
    return desk.view.locator(f"article[data-case-id='{case_id}'], .grid-body [data-case-id='{case_id}']")


def storm(stage: Stage, desk: Desk) -> Storm:
    """Sixty alarms of one community, every sixth of them urgent; each urgent one is on the screen before the next."""
    ((place, devices),) = stage.query(HOMES_OF)
    assert len(devices) >= 24, "the demo has too few homes in one community"
    quiet, loud = devices[10:], devices[:10]
    calm: dict[str, None] = {}
    urgent = []
    for n in range(ALARMS):
        if n % 6 == 5:
            urgent.append(stage.alarm(loud[n // 6], "sos"))
            expect(seen(desk, urgent[-1])).to_be_visible()
        else:
            calm[stage.alarm(quiet[n % len(quiet)], "door")] = None
    return Storm(place, list(calm), urgent)


def event_row(desk: Desk) -> Locator:
    return desk.view.get_by_role("list", name=desk.words("flood.rows")).get_by_role("listitem")


@pytest.mark.usefixtures("after")
def test_in_a_storm_no_urgent_case_is_hidden_or_late_and_two_close_the_rest_at_once(visit: Visit, stage: Stage) -> None:
    desks = [on_shift(visit("zh-CN", WIDE), "operator"), on_shift(visit("en", WIDE), "operator2")]
    desk = desks[0]
    blown = storm(stage, desk)

    # The urgent ones of the storm may be enough for an event of their own kind.
    banner = desk.view.get_by_test_id("flood-banner").filter(has_text=desk.words("cause.door"))
    expect(banner).to_contain_text(blown.place)
    desk.button("flood.declare", banner).click()
    for one in desks:
        expect(event_row(one)).to_contain_text(blown.place)
        expect(event_row(one)).to_contain_text(one.words("flood.count", n=len(blown.calm)))
        # Folded, the calm ones are one row; every urgent one is still a row or a pin of its own.
        for case_id in blown.urgent:
            expect(seen(one, case_id)).to_be_visible()
        eventually(lambda one=one: one.listed().keys().isdisjoint(blown.calm))
    waited = stage.query(
        "SELECT count(*) FROM live_ops o JOIN cases c ON c.id = o.case_id WHERE c.id = ANY(%s) AND o.seq IS NULL",
        [int(case_id) for case_id in blown.urgent],
    )
    assert waited == [(0,)]
    escalated_on_time(stage, blown.urgent)

    # Unfolded they are there; folded again they are one.
    event_row(desk).get_by_role("button", expanded=False).click()
    eventually(lambda: desk.listed().keys() >= set(blown.calm))
    event_row(desk).get_by_role("button", expanded=True).click()
    eventually(lambda: desk.listed().keys().isdisjoint(blown.calm))

    close_at_once(desks)
    for one in desks:
        expect(event_row(one)).to_have_count(0)
    ids = [int(case_id) for case_id in blown.calm]
    assert stage.query("SELECT DISTINCT state FROM cases WHERE id = ANY(%s)", ids) == [("closed",)]
    counted = "SELECT case_id, count(*) FROM case_events WHERE case_id = ANY(%s) AND kind = 'closed' GROUP BY case_id"
    assert sorted(stage.query(counted, ids)) == [(case_id, 1) for case_id in sorted(ids)]
    urgent = [int(case_id) for case_id in blown.urgent]
    assert stage.query("SELECT DISTINCT state, owner_id FROM cases WHERE id = ANY(%s)", urgent) == [("new", None)]
    for case_id in blown.urgent:
        expect(seen(desk, case_id)).to_be_visible()


STEPS = {"alert_operators": 15, "alert_supervisor": 30}
"""Seconds after which nobody having taken an urgent case is told to whom (config/escalation.yaml, P1). What comes after
a minute and later is told by tests/flows/test_half_hour.py, where a minute takes none.
"""
LATE = 2.0
"""Seconds by which a step may come late on a machine that also runs three browsers."""


def escalated_on_time(stage: Stage, urgent: list[str]) -> None:
    """By the timeline: every urgent case was made louder and told to the supervisor when it was due."""
    told = (
        "SELECT e.case_id, e.kind, extract(epoch FROM e.at - c.waiting_since)::float FROM case_events e"
        " JOIN cases c ON c.id = e.case_id WHERE c.id = ANY(%s) AND e.once_key LIKE 'escalate:%%:' || %s"
    )
    ids = [int(case_id) for case_id in urgent]
    for number, (kind, after) in enumerate(STEPS.items()):
        until = time.monotonic() + after + 10
        while len(rows := stage.query(told, ids, str(number))) < len(ids) and time.monotonic() < until:
            time.sleep(0.5)
        assert {(case_id, what) for case_id, what, _ in rows} == {(case_id, kind) for case_id in ids}
        lateness = [seconds - after for _, _, seconds in rows]
        assert min(lateness) >= 0, kind
        assert max(lateness) <= LATE, (kind, max(lateness))


def close_at_once(desks: list[Desk]) -> None:
    """Both press before the server has heard of either."""
    on_their_way: list[Route] = []

    def hold_back(route: Route) -> None:
        on_their_way.append(route)

    for desk in desks:
        desk.button("bulk.close", event_row(desk)).click()
        dialog = desk.view.get_by_role("dialog")
        dialog.get_by_role("radio", name=desk.words("outcome.false_alarm")).check()
        desk.view.route("**/cases/group", hold_back)
        with desk.view.expect_request("**/cases/group"):
            desk.keyboard.press("Control+Enter")
    for _ in range(100):  # the request is seen before the route is asked
        if len(on_their_way) == 2:
            break
        desks[0].view.wait_for_timeout(50)
    assert len(on_their_way) == 2
    for route in on_their_way:
        route.continue_()
    for desk in desks:
        expect(desk.view.get_by_role("dialog")).to_be_hidden(timeout=30_000)


@pytest.mark.usefixtures("after")
def test_rows_are_picked_by_key_and_an_urgent_one_cannot_be(visit: Visit, stage: Stage) -> None:
    calm = [stage.alarm(stage.quiet_device(), "door") for _ in range(2)]
    high = stage.alarm(stage.quiet_device(), "door")
    act(stage.desk(), high, "priority", priority=2)
    visitor = visit("en", WIDE)
    visitor.enter("operator", "/console/?cause=door")
    visitor.page.mouse.move(1, 1)
    desk = Desk(visitor.page, visitor.words)
    desk.is_live()
    for case_id in calm:
        desk.row(case_id).click(modifiers=["Control"])
    bar = desk.view.get_by_role("region", name=desk.words("bulk.bar"))
    expect(bar).to_contain_text(desk.words("bulk.picked", n=2))
    desk.row(high).click(modifiers=["Control"])
    expect(bar).to_contain_text(desk.words("bulk.picked", n=2))
    desk.button("bulk.note", bar).click()
    desk.view.get_by_role("dialog").get_by_role("textbox").fill("the caretaker oils the doors")
    desk.keyboard.press("Control+Enter")
    expect(desk.view.get_by_role("dialog")).to_be_hidden()
    expect(bar).to_be_hidden()
    noted = stage.query(
        "SELECT case_id FROM case_events WHERE kind = 'note' AND text = 'the caretaker oils the doors' ORDER BY case_id"
    )
    assert noted == [(int(case_id),) for case_id in sorted(calm, key=int)]
    for case_id in (*calm, high):
        stage.close(case_id)


def test_a_promise_comes_back_when_it_is_due_and_is_settled_from_the_quiet_desk(visit: Visit, stage: Stage) -> None:
    desk = on_shift(visit("en"), "operator")
    case_id = stage.alarm(stage.quiet_device(), "door")
    act(stage.desk("operator"), case_id, "take")
    due_at = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    made = stage.desk("operator").post(
        f"/cases/{case_id}/callbacks", json={"due_at": due_at, "note": "did the locksmith come?"}
    )
    assert made.status_code == 201, made.text
    expect(desk.view.get_by_test_id("callback-due")).to_contain_text("did the locksmith come?", timeout=15_000)
    listed = desk.view.get_by_role("region", name=desk.words("callback.list")).get_by_role("listitem")
    desk.button("callback.done", listed.filter(has_text="locksmith")).click()
    expect(listed.filter(has_text="locksmith")).to_have_count(0)
    expect(desk.view.get_by_test_id("callback-due")).to_have_count(0)
    assert stage.query("SELECT state FROM callbacks WHERE id = %s", made.json()["id"]) == [("done",)]
    stage.close(case_id)


@pytest.mark.usefixtures("after")
def test_a_shift_changes_hands_item_by_item(visit: Visit, stage: Stage) -> None:
    case_id = stage.alarm(stage.quiet_device(), "door")
    act(stage.desk("operator"), case_id, "take")
    goes, comes = visit("zh-CN"), visit("en")
    page = goes.enter("operator", "/console/handover")
    page.get_by_role("button", name=goes.words("handover.begin")).click()
    note = page.get_by_role("textbox", name=goes.words("handover.note"))
    note.fill("夜里平稳")
    # At once another act: its answer must not wipe out what is still being typed.
    page.locator("input.ho-tick").first.check()
    note.press("End")
    page.keyboard.type("，3号楼电梯停。")
    expect(page.get_by_role("button", name=goes.words("handover.offer"))).to_be_disabled()
    expect(page.get_by_text(goes.words("note.state_server"))).to_be_visible()
    # A crash: what was ticked and written is still there.
    page.reload()
    expect(page.get_by_role("textbox", name=goes.words("handover.note"))).to_have_value("夜里平稳，3号楼电梯停。")
    tick_all(page.locator("input.ho-tick"))
    page.get_by_role("button", name=goes.words("handover.offer")).click()
    expect(page.get_by_text(goes.words("handover.yours_until"))).to_be_visible()

    desk = on_shift(comes, "operator2")
    desk.view.get_by_test_id("handover-banner").get_by_role("link").first.click(timeout=15_000)
    ticks = desk.view.locator("input.ho-tick")
    expect(ticks.first).to_be_disabled()
    for line in desk.view.locator(".ho-item .ho-open").all():
        line.click()
    expect(ticks.last).to_be_enabled()
    tick_all(ticks)
    owner = "SELECT u.username FROM cases c JOIN users u ON u.id = c.owner_id WHERE c.id = %s"
    assert stage.query(owner, case_id) == [("operator",)]
    desk.view.get_by_role("button", name=comes.words("handover.accept")).click()
    expect(desk.view.get_by_text(comes.words.before("handover.done") or "handed over").first).to_be_visible()
    assert stage.query(owner, case_id) == [("operator2",)]
    expect(page.get_by_text(goes.words("handover.state_accepted"))).to_be_visible(timeout=10_000)
    stage.close(case_id)


def tick_all(ticks: Locator) -> None:
    for tick in ticks.all():
        expect(tick).to_be_enabled()
        tick.check()
        expect(tick).to_be_checked()


def test_two_windows_of_one_person_keep_a_draft_each(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    desk = on_shift(visitor, "operator")
    case_id = stage.alarm(stage.quiet_device(), "door")
    act(stage.desk("operator"), case_id, "take")
    desk.view.goto(f"{stage.url}/console/?case={case_id}")
    desk.note().fill("from the first window")
    expect(desk.case).to_contain_text(desk.words("note.state_server"))
    other = visitor.context.new_page()
    other.goto(f"{stage.url}/console/?case={case_id}")
    other.get_by_role("button", name=visitor.words("shift.start")).click()
    second = Desk(other, visitor.words)
    expect(second.note()).to_have_value("from the first window")
    second.note().fill("from the second")
    expect(second.case).to_contain_text(desk.words("note.state_server"))
    kept = stage.query("SELECT text FROM drafts WHERE case_id = %s ORDER BY text", case_id)
    assert kept == [("from the first window",), ("from the second",)]
    # Saving one of them leaves the other.
    second.keyboard.press("Control+Enter")
    expect(second.note()).not_to_have_value("from the second")
    desk.view.reload()
    expect(desk.note()).to_have_value("from the first window")
    stage.close(case_id)


def test_the_supervisor_tells_all_seats_and_sees_who_has_read_it(visit: Visit, stage: Stage) -> None:
    desk = on_shift(visit("en"), "operator")
    boss = visit("en")
    page = boss.enter("supervisor", "/console/supervision")
    positions = page.get_by_role("region", name=boss.words("watch.positions"))
    expect(positions).to_contain_text("陈晓", timeout=15_000)
    box = page.get_by_role("region", name=boss.words("broadcast.title"))
    box.get_by_role("textbox").fill("ice on the roads tonight")
    box.get_by_role("button", name=boss.words("broadcast.send")).click()
    expect(box).to_contain_text("陈晓")
    told = desk.view.get_by_test_id("broadcast")
    expect(told).to_contain_text("ice on the roads tonight", timeout=15_000)
    desk.button("broadcast.confirm", told).click()
    expect(told).to_have_count(0)
    expect(box.locator(".cast").first).not_to_contain_text("陈晓", timeout=15_000)


def test_a_break_with_cases_asks_who_looks_after_them(visit: Visit, stage: Stage) -> None:
    desk = on_shift(visit("en"), "operator")
    case_id = stage.alarm(stage.quiet_device(), "door")
    act(stage.desk("operator"), case_id, "take")
    expect(desk.row(case_id).locator(".c-owner")).to_have_text(desk.words("row.me"))
    desk.view.locator(".status").click()
    desk.view.get_by_role("menuitem", name=desk.words("status.break")).click()
    dialog = desk.view.get_by_role("dialog")
    with desk.view.expect_response("**/floor/me"):
        desk.button("break.keep", dialog).click()
    expect(desk.view.locator(".status")).to_contain_text(desk.words("status.break"))
    desk.view.reload()
    expect(desk.view.locator(".status")).to_contain_text(desk.words("status.break"), timeout=10_000)
    desk.view.locator(".status").click()
    desk.view.get_by_role("menuitem", name=desk.words("status.ready")).click()
    stage.close(case_id)


PLACED = "SELECT id FROM areas WHERE level = 4 AND lat IS NOT NULL AND path NOT LIKE 'selftest%%'"


def placed(stage: Stage) -> int:
    ((number,),) = stage.query(
        "SELECT count(*) FROM cases c JOIN areas a ON a.id = c.area_id"
        " WHERE c.state NOT IN ('closed', 'merged', 'cancelled', 'planned') AND a.path NOT LIKE 'selftest%%'"
    )
    return int(number)


def test_the_wall_shows_big_numbers_and_no_person_and_says_when_its_data_stopped(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN", WIDE)
    case_id = stage.alarm(stage.quiet_device(), "sos")
    page = visitor.go(f"/wall?token={WALL_TOKEN}")
    expect(page.locator("#p1")).to_have_text("1")
    for value in page.locator(".value").all():
        size = value.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize) / innerHeight * 100")
        assert size >= 9, f"{value}: {size} vh"
        assert value.evaluate("(one) => one.scrollWidth <= one.clientWidth + 1"), "a number is cut off"
    people = stage.query(
        "SELECT e.name, h.address_short FROM cases c JOIN households h ON h.id = c.household_id"
        " JOIN elders e ON e.household_id = h.id WHERE c.id = %s",
        case_id,
    )
    assert people
    shown = page.locator("body").inner_text()
    for name, door in people:
        assert name not in shown
        assert door not in shown
    # The map shows the streets, each with what is open there, and all of it together.
    counts = page.locator("#map .count")
    # The town lives on between the board's look and ours.
    eventually(lambda: sum(int(text.strip("◆")) for text in counts.all_text_contents()) == placed(stage), 20)
    drawn = counts.all_text_contents()
    assert any(text.startswith("◆") for text in drawn)
    assert page.locator("#map .place").count() == len(stage.query(PLACED))
    stage.freeze_web()
    try:
        expect(page.locator("#stopped")).to_be_visible(timeout=25_000)
        expect(page.locator("body")).to_have_class(re.compile("stale"))
    finally:
        stage.thaw_web()
    expect(page.locator("#stopped")).to_be_hidden(timeout=15_000)


def test_a_wall_without_its_key_shows_nothing(visit: Visit, stage: Stage) -> None:
    page = visit("en").go("/wall?token=guess&lang=en")
    expect(page.locator("#stopped")).to_contain_text("not valid")
    expect(page.locator("#cases li")).to_have_count(0)
