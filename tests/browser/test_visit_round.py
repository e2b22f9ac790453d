"""A round of check-in visits on the telephone: a day without a network, and everything arrives once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.test_provider import CACHED, SMALL, noise
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.browser.words import LOCALES, Words

TEXTS = ("console/src/provider/texts", "console/src/provider/visits/texts")
NAMED = {"zh-CN": ("够用", "来看过"), "en": ("Enough", "Came")}
"""Of the means and the supporter, as config/visits.yaml calls them."""
ELSEWHERE = """UPDATE checkin_visits SET worker_id = (SELECT max(id) FROM workers WHERE active AND user_id IS NULL)
  WHERE worker_id = %s AND state = 'booked' AND id <> ALL(%s) RETURNING id"""
FREE = """SELECT v.id, e.name, h.lat, h.lon FROM checkin_visits v JOIN elders e ON e.id = v.elder_id
  JOIN households h ON h.id = e.household_id
  WHERE v.state = 'planned' AND v.tries = 0 AND v.first <= %s AND v.last >= %s
  AND h.lat IS NOT NULL AND e.absence_kind IS NULL
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.household_id = h.id AND c.state NOT IN ('closed', 'merged', 'planned'))
  ORDER BY v.id DESC LIMIT 3"""
RECORDS = """SELECT r.visit_id, r.started_at, r.ended_at, r.items, r.more, r.note, r.flags, r.distance_m
  FROM checkin_records r WHERE r.visit_id = ANY(%s) ORDER BY r.id"""
TRIES = "SELECT visit_id, why FROM checkin_tries WHERE visit_id = ANY(%s) ORDER BY id"
PICTURES = "SELECT kind, visit_id, content FROM checkin_pictures WHERE visit_id = ANY(%s) ORDER BY id"
CASES = """SELECT l.kind, c.kind, c.channel, c.cause, c.help, c.priority, c.id FROM checkin_cases l
  JOIN cases c ON c.id = l.case_id WHERE l.visit_id = ANY(%s) ORDER BY l.id"""


def worker_of(stage: Stage) -> int:
    """Of the helper who signs in."""
    ((found,),) = stage.query(
        "SELECT w.id FROM workers w JOIN users u ON u.id = w.user_id WHERE u.username = 'provider'"
    )
    return int(str(found))


class VisitorsPhone:
    """The helper of the demo, with three visits booked for today."""

    def __init__(self, visitor: Visitor, stage: Stage) -> None:
        self.visitor, self.stage = visitor, stage
        self.page: Page = visitor.page
        self.words = Words(visitor.words.locale, *TEXTS)
        self.visits: list[tuple[int, str, float, float]] = []
        visitor.context.grant_permissions(["geolocation"])

    def book_three(self) -> None:
        """By the desk, one after the other, as a published plan does."""
        desk, now = self.stage.desk(), datetime.now(UTC)
        day = (now + timedelta(hours=8)).date()
        worker = worker_of(self.stage)
        self.visits = self.stage.query(FREE, day, day)  # type: ignore[assignment]
        for n, (visit, *_) in enumerate(self.visits):
            at = (now + timedelta(seconds=30 + n)).isoformat()
            moved = desk.post(f"/visits/{visit}/move", json={"planned_at": at, "worker_id": str(worker), "by": "elder"})
            assert moved.is_success, moved.text
        self.stage.query(ELSEWHERE, worker, [visit for visit, *_ in self.visits])

    def come(self) -> None:
        self.visitor.go("/demo/as/provider?next=/provider")
        expect(self.round()).to_contain_text(self.visits[0][1], timeout=15_000)

    def round(self) -> Locator:
        return self.page.get_by_role("region", name=self.words("round.title"), exact=True)

    def press(self, key: str, **values: object) -> None:
        self.page.get_by_role("button", name=self.words(key, **values), exact=True).click()

    def open_next(self, n: int) -> None:
        _, name, lat, lon = self.visits[n]
        self.visitor.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 15})
        self.page.get_by_role("region", name=self.words("round.next")).get_by_role("button").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)

    def begin(self) -> None:
        self.press("visit.begin")
        expect(self.page.get_by_text(self.words.before("place.near"))).to_be_visible()
        self.press("part.next")

    def grade(self, poor: str = "") -> None:
        """All five classes; of one item something else than "good"."""
        for _ in range(5):
            group = self.page.get_by_role("group", name=poor, exact=True)
            if poor and group.count():
                group.get_by_label(self.words("grade.poor")).check()
            self.press("grade.all")
            self.press("part.next")

    def household(self) -> None:
        for chosen in NAMED[self.words.locale]:
            self.page.get_by_label(chosen, exact=True).check()
        self.page.get_by_label(self.words("home.yes")).check()
        self.press("part.next")

    def finish(self) -> None:
        self.press("part.finish")
        expect(self.round()).to_be_visible()

    def sign(self) -> None:
        self.page.get_by_label(self.words("end.consent")).check()
        pad = self.page.get_by_role("img", name=self.words("sign.here"))
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 40, box["y"] + 60)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + 160, box["y"] + 90, steps=6)
        self.page.mouse.up()
        expect(self.page.get_by_role("img", name=self.words("sign.there"))).to_be_visible()

    def photograph(self) -> None:
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": noise(500)}
        self.page.locator("input[type=file]").set_input_files(picture)
        expect(self.page.get_by_role("img", name=self.words("photo.nth", n=1))).to_be_visible(timeout=20_000)

    def waits(self, n: int) -> None:
        expect(self.page.get_by_text(self.words("queue.waits", n=n))).to_be_visible()

    def everything_arrives(self) -> None:
        expect(self.page.get_by_role("region", name=self.words("queue.name"))).to_be_hidden(timeout=20_000)

    def close_and_open(self) -> None:
        self.page.close()
        self.page = self.visitor.page = self.visitor.context.new_page()
        self.visitor.go("/provider")

    def over(self) -> None:
        self.visitor.context.set_offline(False)
        ids = [visit for visit, *_ in self.visits]
        for *_, case in self.stage.query(CASES, ids):
            if self.stage.query("SELECT 1 FROM cases WHERE id = %s AND state <> 'closed'", case):
                self.stage.close(str(case))


@pytest.fixture
def phone(visit: Visit, stage: Stage) -> Iterator[VisitorsPhone]:
    made = VisitorsPhone(visit("zh-CN", PHONE), stage)
    made.book_three()
    yield made
    made.over()


def test_a_day_without_a_network_arrives_once_and_in_order(phone: VisitorsPhone, stage: Stage) -> None:
    ids = [visit for visit, *_ in phone.visits]
    phone.come()
    phone.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    phone.visitor.context.set_offline(True)
    phone.close_and_open()
    expect(phone.round()).to_contain_text(phone.visits[1][1])

    # The first: something is poor, lunch is needed, a photo and a signature.
    phone.open_next(0)
    phone.begin()
    phone.press("part.next")
    expect(phone.page.get_by_role("alert")).to_contain_text("表达")
    phone.grade(poor="燃气")
    phone.household()
    phone.page.get_by_label(phone.words("kind.meal")).check()
    phone.page.get_by_label(phone.words("needs.wish")).fill("工作日午餐")
    phone.press("part.next")
    phone.photograph()
    phone.sign()
    phone.page.get_by_label(phone.words("out.note")).fill("炉子漏烟")
    # The tab dies in the middle: what was written is still there.
    phone.close_and_open()
    phone.open_next(0)
    phone.press("visit.begin")
    expect(phone.page.get_by_label(phone.words("out.note"))).to_have_value("炉子漏烟")
    phone.finish()
    phone.waits(3)

    # The second: she lies on the floor, which goes before everything else.
    phone.open_next(1)
    phone.press("urgent.button")
    phone.page.get_by_label(phone.words("urgent.text")).fill("摔倒了起不来")
    phone.page.get_by_role("button", name=phone.words.after("urgent.elder")).click()
    expect(phone.page.get_by_text(phone.words("help.under_way"))).to_be_visible()
    phone.press("offer.read")
    phone.begin()
    phone.grade()
    phone.household()
    phone.press("part.next")
    phone.finish()
    phone.waits(5)

    # At the third door nobody opens.
    phone.open_next(2)
    phone.press("visit.nobody")
    phone.press("nobody.go")
    phone.waits(6)
    phone.close_and_open()
    phone.waits(6)
    expect(phone.page.get_by_role("region", name=phone.words("round.over"))).to_contain_text(phone.visits[2][1])
    assert stage.query(RECORDS, ids) == []

    sent: list[str] = []
    phone.page.on("request", lambda one: sent.append(one.url.rpartition("/")[2]) if one.method == "POST" else None)
    phone.visitor.context.set_offline(False)
    phone.everything_arrives()
    assert [one for one in sent if one in ("urgent", "pictures", "record")] == [
        *("urgent", "pictures", "pictures", "record", "record", "record")
    ]
    first, second = stage.query(RECORDS, ids)
    assert [first[0], second[0]] == ids[:2]
    assert first[1] <= first[2] <= second[1] <= second[2]
    assert (first[3]["gas"], first[3]["electricity"], first[5]) == ("poor", "good", "炉子漏烟")
    assert (first[4]["economy"], first[4]["policy"]) == ("enough", True)
    assert first[7] < 50
    assert "far_check_in" not in first[6]
    pictures = stage.query(PICTURES, ids)
    assert [(kind, visit) for kind, visit, _ in pictures] == [("photo", ids[0]), ("signature", ids[0])]
    assert bytes(pictures[0][2][:3]) == b"\xff\xd8\xff"
    found = stage.query(CASES, ids)
    assert [row[:6] for row in found] == [
        ("urgent", "emergency", "visit", "visit_urgent", None, 1),
        ("need", "service", "visit", "request", "meal", 3),
    ]
    assert str(found[0][6]) in {row["id"] for row in stage.snapshot()}, "it is on the desk"
    expect(phone.page.get_by_role("region", name=phone.words("round.over"))).to_contain_text(
        phone.words("job.at_centre")
    )
    assert phone.page.evaluate(CACHED) == []

    # Where nobody opened, somebody goes again; and then the family is asked.
    assert [row[:2] for row in stage.query(TRIES, ids)] == [(ids[2], "no_answer")]
    again = phone.page.get_by_role("region", name=phone.words("round.again"))
    again.get_by_role("button", name=phone.visits[2][1]).click()
    expect(phone.page.get_by_text(phone.words.before("visit.second"))).to_be_visible()
    phone.press("visit.nobody")
    expect(phone.page.get_by_text(phone.words("nobody.then_contacts"))).to_be_visible()
    with phone.page.expect_response(lambda one: one.url.endswith(f"/visits/{ids[2]}/record")):
        phone.press("nobody.go")
    assert [row[:2] for row in stage.query(TRIES, ids)] == [(ids[2], "no_answer")] * 2


def test_what_somebody_else_has_recorded_meanwhile_is_said_and_kept(phone: VisitorsPhone, stage: Stage) -> None:
    visit = phone.visits[0][0]
    phone.come()
    phone.visitor.context.set_offline(True)
    phone.open_next(0)
    phone.press("mode.phone")
    for _ in range(3):
        phone.press("grade.all")
        phone.press("part.next")
    phone.household()
    phone.press("part.next")
    phone.finish()
    at = datetime.now(UTC).isoformat()
    other = {"met": True, "mode": "home", "started_at": at}
    assert stage.desk("operator").post(f"/visits/{visit}/record", json=other).is_success
    phone.visitor.context.set_offline(False)
    notice = phone.page.get_by_role("list", name=phone.words("notice.name"))
    expect(notice).to_contain_text(phone.words("kept.beside"), timeout=20_000)
    ((why, state),) = stage.query("SELECT why, state FROM checkin_reports WHERE visit_id = %s", visit)
    assert (why, state) == ("recorded", "waiting")
    phone.press("notice.read")
    expect(notice).to_be_hidden()

    # At the next door nobody opens: it comes up again, to be tried until tomorrow.
    phone.open_next(1)
    phone.press("visit.nobody")
    phone.press("nobody.go")
    expect(phone.page.get_by_role("button", name=phone.visits[1][1]).first).to_contain_text(
        phone.words.after("round.second"), timeout=20_000
    )


def test_a_visit_that_was_given_to_somebody_else_meanwhile_is_finished_and_waits_at_the_desk(
    phone: VisitorsPhone, stage: Stage, visit: Visit
) -> None:
    mine, name, *_ = phone.visits[0]
    phone.come()
    phone.open_next(0)
    phone.begin()
    phone.press("grade.all")
    phone.press("part.next")
    worker = worker_of(stage)
    stage.query(ELSEWHERE, worker, [0])
    stage.query("DELETE FROM worker_skills WHERE worker_id = %s AND skill = 'visits' RETURNING 1", worker)
    # The round is asked for anew in the middle of the record: what is being written stays.
    phone.visitor.go("/provider")
    held = phone.page.get_by_role("region", name=phone.words("round.held"))
    held.get_by_role("button", name=name).click()
    phone.press("visit.begin")
    for _ in range(4):
        phone.press("grade.all")
        phone.press("part.next")
    phone.household()
    phone.press("part.next")
    phone.press("part.finish")
    notice = phone.page.get_by_role("list", name=phone.words("notice.name"))
    expect(notice).to_contain_text(phone.words("meanwhile.not_yours").strip(), timeout=20_000)
    stage.query("INSERT INTO worker_skills (worker_id, skill, level) VALUES (%s, 'visits', 2) RETURNING 1", worker)

    desk = visit("zh-CN", DESK)
    desk.enter("supervisor", "/console/visits?tab=reports")
    card = desk.page.locator("[data-why=not_yours]", has_text=name)
    expect(card).to_contain_text(desk.words("visit_report.why.not_yours"))
    card.get_by_role("button", name=desk.words("visit_report.counts"), exact=True).click()
    expect(card).to_be_hidden()
    ((found,),) = stage.query("SELECT recorded_by FROM checkin_records WHERE visit_id = %s", mine)
    ((visitor,),) = stage.query("SELECT name FROM workers WHERE id = %s", worker)
    assert found == visitor


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_is_shut_out_of_a_visit(visit: Visit, stage: Stage, locale: str) -> None:
    phone = VisitorsPhone(visit(locale, SMALL), stage)
    phone.book_three()
    page = phone.page

    def looks_well() -> None:
        for width, height in (PHONE, SMALL):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(STICKS_OUT) == []
        assert serious(page) == []

    try:
        phone.come()
        looks_well()
        phone.open_next(0)
        looks_well()
        phone.press("visit.nobody")
        looks_well()
        phone.press("app.back")
        phone.press("visit.refused")
        looks_well()
        phone.press("app.back")
        phone.press("urgent.button")
        looks_well()
        phone.press("help.no")
        phone.press("visit.begin")
        expect(page.get_by_text(phone.words.before("place.near"))).to_be_visible()
        looks_well()
        phone.press("part.next")
        looks_well()
        phone.grade()
        looks_well()
        phone.household()
        looks_well()
        phone.press("part.next")
        page.get_by_label(phone.words("end.consent")).check()
        looks_well()
    finally:
        phone.over()
