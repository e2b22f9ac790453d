"""A helper's telephone: asked, accepted, there, without a network, done; the centre has it all once, in order."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.panel import SOON, DispatchPanel
from tests.browser.stage import Stage, act
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.visitor import PHONE, Visitor
from tests.browser.words import LOCALES, Words

SMALL = (320, 568)
TEXTS = "console/src/provider/texts"
RECORDS = """SELECT r.kind, r.device_at, r.received_at, r.distance_m, r.done, r.ok, r.note FROM work_records r
  JOIN assignments a ON a.id = r.assignment_id WHERE a.case_id = %s ORDER BY r.id"""
PHOTOS = """SELECT p.content, p.flags FROM work_photos p
  JOIN assignments a ON a.id = p.assignment_id WHERE a.case_id = %s ORDER BY p.id"""


CACHED = """async () => {
  const kept = (await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url))
  return (await Promise.all(kept)).flat().filter((url) => url.includes('/api/')) }"""
KEPT = """() => new Promise((told) => { const asked = indexedDB.open('provider'); asked.onsuccess = () => {
  const rows = asked.result.transaction('today').objectStore('today').count()
  rows.onsuccess = () => { asked.result.close(); told(rows.result) } } })"""
TEN_MINUTES_AHEAD = """{ const Real = Date; window.Date = class extends Real {
  constructor(...given) { given.length ? super(...given) : super(Real.now() + 600_000) }
  static now() { return Real.now() + 600_000 } } }"""
NO_ROOM = """() => { const { prototype } = IDBObjectStore; prototype.add = prototype.put = () => {
  throw new DOMException('no room', 'QuotaExceededError') } }"""
WECHAT = (
    "Mozilla/5.0 (Linux; Android 9; V1818A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/89.0"
    " Mobile Safari/537.36 MMWEBID/1 MicroMessenger/8.0.16"
)


class Helper:
    """The helper of the demo, and what the desk does about them."""

    def __init__(self, visitor: Visitor, stage: Stage) -> None:
        self.visitor, self.stage = visitor, stage
        self.page: Page = visitor.page
        self.words = Words(visitor.words.locale, TEXTS)
        self.desk = stage.desk("operator")
        self.case = ""
        visitor.context.grant_permissions(["geolocation"])

    def come(self) -> None:
        """Signed in by the demo's short cut."""
        self.visitor.go("/demo/as/provider?next=/provider")
        self.page.get_by_role("heading", name=self.words("today.title")).wait_for()

    def sign_in(self) -> None:
        self.page.get_by_label(self.words("signin.username")).fill("provider")
        self.page.get_by_label(self.words("signin.password")).fill("demo")
        self.press("signin.go")
        self.page.get_by_role("heading", name=self.words("today.title")).wait_for()

    def alarm(self) -> dict[str, object]:
        """From a home without another one; it is the operator's."""
        self.case = self.stage.alarm(self.stage.quiet_device(), "fall")
        return act(self.desk, self.case, "take")

    def be_asked(self) -> None:
        """The operator asks this helper alone."""
        row = self.alarm()
        ((worker,),) = self.stage.query("SELECT w.id FROM workers w JOIN users u ON u.id = w.user_id LIMIT 1")
        wanted = {"mode": "direct", "workers": [str(worker)], "reason": "near", "version": row["version"]}
        asked = self.desk.post(f"/cases/{self.case}/offers", json=wanted)
        assert asked.status_code == 201, asked.text
        self.page.get_by_role("heading", name=self.words("kind.emergency")).wait_for()

    def be_at_home(self) -> None:
        ((lat, lon),) = self.stage.query(
            "SELECT h.lat, h.lon FROM cases c JOIN households h ON h.id = c.household_id WHERE c.id = %s", self.case
        )
        self.visitor.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 20})

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words(key), exact=True).click()

    def accept(self) -> None:
        self.press("offer.accept")
        expect(self.page.get_by_text(self.words("answer.accepted"))).to_be_visible()
        self.be_at_home()
        self.press("offer.to_job")

    def check_in(self) -> None:
        self.press("job.there")
        expect(self.page.get_by_text(self.words.before("place.near"))).to_be_visible()
        self.press("in.go")
        expect(self.page.get_by_role("button", name=self.words("job.done"))).to_be_visible()

    def fill_in(self, note: str) -> None:
        self.press("job.done")
        for one in ("lifted_up", "family_told"):
            self.page.get_by_label(self.words(f"done.{one}")).check()
        self.page.get_by_label(self.words("out.well"), exact=True).check()
        self.page.get_by_label(self.words("out.note")).fill(note)

    def check_out(self) -> None:
        self.press("out.go")
        expect(self.page.get_by_text(self.words("state.completed")).first).to_be_visible()

    def state(self) -> str:
        """Of the visit, as the desk sees it."""
        found = self.desk.get(f"/cases/{self.case}/offers").json()["assignment"]
        return str(found["state"]) if found else ""

    def waits(self, n: int) -> None:
        expect(self.page.get_by_text(self.words("queue.waits", n=n))).to_be_visible()

    def everything_arrives(self) -> None:
        expect(self.page.get_by_role("region", name=self.words("queue.name"))).to_be_hidden(timeout=15_000)

    def take_picture(self) -> None:
        picture = {"name": "a.png", "mimeType": "image/png", "buffer": noise(700)}
        self.page.locator("input[type=file]").set_input_files(picture)
        expect(self.page.get_by_role("img")).to_have_count(1, timeout=20_000)

    def can_be_opened_again(self) -> None:
        """The worker has the page, and will serve the next opening."""
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def open_again(self) -> None:
        """The tab was thrown away; another one is opened."""
        self.page.close()
        self.page = self.visitor.page = self.visitor.context.new_page()
        self.visitor.go("/provider")

    def over(self) -> None:
        self.visitor.context.set_offline(False)
        if self.case and self.stage.query("SELECT 1 FROM cases WHERE id = %s AND state <> 'closed'", self.case):
            self.stage.close(self.case)


@pytest.fixture
def helper(visit: Visit, stage: Stage) -> Iterator[Helper]:
    made = Helper(visit("zh-CN", PHONE), stage)
    yield made
    made.over()


OF_USERS = "FROM worker_shifts s JOIN workers w ON w.id = s.worker_id WHERE w.user_id IS NOT NULL"


@pytest.fixture
def alone(stage: Stage) -> Iterator[None]:
    """Nobody but the helper of this page works here, and he does at whatever hour this is run."""
    others = stage.query("UPDATE workers SET active = false WHERE active AND user_id IS NULL RETURNING id")
    stage.query("UPDATE worker_positions SET at = now() RETURNING worker_id")
    hours = stage.query(f"SELECT s.id, s.starts, s.ends {OF_USERS}")
    everywhen = "UPDATE worker_shifts SET starts = '00:00', ends = '00:00' WHERE id = ANY(%s) RETURNING id"
    stage.query(everywhen, [shift for shift, _, _ in hours])
    yield
    stage.query("UPDATE workers SET active = true WHERE id = ANY(%s) RETURNING id", [worker for (worker,) in others])
    for shift, starts, ends in hours:
        stage.query("UPDATE worker_shifts SET starts = %s, ends = %s WHERE id = %s RETURNING id", starts, ends, shift)


def noise(side: int) -> bytes:
    """A picture that packs badly, as one of a camera does."""
    rows = b"".join(b"\x00" + _random(side * 3, row) for row in range(side))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _random(length: int, seed: int) -> bytes:
    value, found = seed * 7919 + 1, bytearray()
    while len(found) < length:
        value = value * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        found += (value >> 16).to_bytes(6, "big")
    return bytes(found[:length])


def test_the_desk_sends_and_sees_each_step_of_a_visit_that_loses_its_network(
    helper: Helper, visit: Visit, stage: Stage, alone: None
) -> None:
    page = helper.page
    helper.come()
    helper.alarm()
    found = helper.desk.get(f"/cases/{helper.case}/candidates").json()
    assert found["items"], found["excluded"]
    operator = visit()
    operator.enter("operator", f"/console/?case={helper.case}")
    panel = DispatchPanel(operator)
    panel.desk.is_live()
    panel.desk.is_mine()

    def tells(kind: str) -> None:
        expect(panel.desk.timeline().and_(operator.page.locator(f".{kind}"))).to_have_count(1)

    (name,) = panel.open()
    panel.press("1", "Enter")
    page.get_by_role("heading", name=helper.words("kind.emergency")).wait_for()
    panel.is_asked(name)

    helper.accept()
    expect(panel.job).to_have_attribute("data-state", "accepted", timeout=SOON)
    panel.press("Escape")
    tells("offer_accepted")
    expect(page.get_by_role("link", name=helper.words("job.call_centre"))).to_have_attribute("href", "tel:12349")
    on_case = panel.desk.case.get_by_test_id("job")
    helper.press("job.depart")
    expect(on_case).to_have_attribute("data-state", "en_route", timeout=SOON)

    helper.visitor.context.set_offline(True)
    helper.check_in()
    helper.fill_in("扶到床上了")
    helper.take_picture()
    helper.check_out()
    helper.waits(3)
    assert len(stage.query(RECORDS, helper.case)) == 1
    expect(on_case).to_have_attribute("data-state", "en_route")

    helper.visitor.context.set_offline(False)
    expect(on_case).to_have_attribute("data-state", "completed", timeout=15_000)
    for kind in ("helper_departed", "helper_arrived", "helper_done"):
        tells(kind)
    helper.everything_arrives()

    _, arrived, completed = stage.query(RECORDS, helper.case)
    assert [arrived[0], completed[0]] == ["arrive", "complete"]
    assert arrived[1] < completed[1] <= completed[2]
    assert completed[2] - arrived[1] < timedelta(minutes=5)
    assert arrived[3] < 50
    assert (completed[4], completed[5], completed[6]) == (["lifted_up", "family_told"], True, "扶到床上了")
    ((content, flags),) = stage.query(PHOTOS, helper.case)
    assert bytes(content[:3]) == b"\xff\xd8\xff"
    assert b"Exif" not in bytes(content[:4096])
    assert len(content) <= 300 * 1024
    assert flags == []


def test_a_tab_that_dies_loses_nothing_and_the_page_opens_without_a_network(helper: Helper, stage: Stage) -> None:
    helper.come()
    helper.be_asked()
    helper.accept()
    helper.can_be_opened_again()
    expect(helper.page.get_by_text(helper.words("job.steps"))).to_be_visible()

    # The tab dies in the middle of sending: the centre has it, and the telephone has not heard so.
    reached = []
    helper.page.route("**/api/v1/assignments/*/arrive", lambda route: reached.append(route.fetch().status))
    helper.check_in()
    while not reached:
        helper.page.wait_for_timeout(50)
    helper.visitor.context.set_offline(True)
    helper.open_again()
    page = helper.page
    expect(page.get_by_text(helper.words.before("app.lost").strip())).to_be_visible()
    helper.waits(1)
    page.get_by_role("region", name=helper.words("today.next")).get_by_role("button").click()
    helper.fill_in("没有信号")
    helper.check_out()
    helper.waits(2)
    assert [row[0] for row in stage.query(RECORDS, helper.case)] == ["arrive"]

    helper.visitor.context.set_offline(False)
    helper.everything_arrives()
    assert [row[0] for row in stage.query(RECORDS, helper.case)] == ["arrive", "complete"]
    assert helper.state() == "completed"
    assert page.evaluate(CACHED) == [], "no answer of the centre lies in a cache"

    # Nothing of a home stays behind when somebody signs out, even where nobody can be told.
    page.evaluate("location.hash = ''")
    helper.visitor.context.set_offline(True)
    helper.press("app.sign_out")
    page.get_by_label(helper.words("signin.username")).wait_for()
    assert page.evaluate(KEPT) == 0
    helper.open_again()
    expect(helper.page.get_by_text(helper.words("app.unreached"))).to_be_visible()
    helper.visitor.context.set_offline(False)
    helper.page.get_by_label(helper.words("signin.username")).wait_for()
    helper.visitor.go("/console/")
    assert helper.page.evaluate("navigator.serviceWorker.controller") is None


def test_a_newer_page_comes_when_the_helper_wants_it(helper: Helper, stage: Stage) -> None:
    helper.come()
    helper.can_be_opened_again()
    (before,) = helper.page.evaluate("caches.keys()")
    script = stage.product.data_dir / "dist" / "provider-worker.js"
    old = script.read_text("utf-8")
    try:
        script.write_text(old.replace(before.split()[1], "0" * 16), "utf-8")
        helper.page.evaluate("navigator.serviceWorker.getRegistration('/provider').then((one) => one.update())")
        helper.press("app.renew")
        helper.page.wait_for_function("async () => (await caches.keys()).join() === `provider ${'0'.repeat(16)}`")
        helper.page.get_by_role("heading", name=helper.words("today.title")).wait_for()
    finally:
        script.write_text(old, "utf-8")


def test_what_the_centre_has_closed_is_said_and_kept_and_no_more_tried(helper: Helper, stage: Stage) -> None:
    page = helper.page
    notice = page.get_by_role("list", name=helper.words("notice.name"))
    helper.come()
    helper.be_asked()
    helper.accept()
    # It answers that this is over: nothing is sent again.
    page.route("**/api/v1/assignments/*/depart", lambda route: route.fulfill(status=410, json={"type": "x/gone"}))
    helper.press("job.depart")
    expect(notice).to_contain_text(helper.words.before("notice.closed"))
    helper.everything_arrives()
    helper.press("notice.read")
    expect(notice).to_be_hidden()

    # It has closed the case meanwhile: what was done is kept there, and the helper is told.
    helper.visitor.context.set_offline(True)
    helper.check_in()
    stage.close(helper.case)
    helper.visitor.context.set_offline(False)
    expect(notice).to_contain_text(helper.case, timeout=15_000)
    helper.press("notice.read")
    expect(notice).to_be_hidden()
    ((kind, *_),) = stage.query(RECORDS, helper.case)
    assert kind == "arrive"


def test_only_the_centre_accepts_and_a_no_has_its_reason(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.come()
    helper.be_asked()
    stage.close(helper.case)
    expect(page.get_by_text(helper.words("answer.over"))).to_be_visible(timeout=15_000)
    helper.press("offer.read")

    helper.be_asked()
    helper.press("offer.refuse")
    helper.press("why.far")
    expect(page.get_by_text(helper.words("answer.declined"))).to_be_visible()
    (offer,) = helper.desk.get(f"/cases/{helper.case}/offers").json()["items"]
    assert (offer["state"], offer["reason"], offer["channel"]) == ("declined", "far", "app")
    helper.press("offer.read")
    stage.close(helper.case)

    helper.be_asked()
    helper.visitor.context.set_offline(True)
    helper.press("offer.accept")
    sms = page.get_by_role("link", name=helper.words.before("offer.by_sms"))
    expect(sms).to_be_visible()
    code = helper.desk.get(f"/cases/{helper.case}/offers").json()["items"][-1]["code"]
    expect(sms).to_have_attribute("href", f"sms:12349?&body=1%20{code}")
    assert helper.state() == ""
    helper.visitor.context.set_offline(False)
    helper.press("offer.accept")
    expect(page.get_by_text(helper.words("answer.accepted"))).to_be_visible()
    assert helper.state() == "accepted"

    # A helper in danger is an urgent case, whatever becomes of the visit.
    helper.press("offer.to_job")
    helper.press("help.need")
    helper.press("help.yes")
    expect(page.get_by_text(helper.words("help.arrived"))).to_be_visible()
    ((opened, priority),) = stage.query(
        "SELECT c.id, c.priority FROM work_records r JOIN cases c ON c.id = r.opened_case_id"
        " JOIN assignments a ON a.id = r.assignment_id WHERE a.case_id = %s",
        helper.case,
    )
    assert priority == 1
    stage.close(str(opened))


def test_a_telephone_that_is_lost_full_and_wrong_about_the_time_keeps_nobody_from_working(
    helper: Helper, stage: Stage
) -> None:
    page = helper.page
    page.add_init_script(TEN_MINUTES_AHEAD)
    helper.come()
    expect(page.get_by_text(helper.words("clock.ahead", n=10))).to_be_visible()
    helper.be_asked()
    helper.accept()
    helper.visitor.context.set_geolocation({"latitude": 30.0, "longitude": 120.0, "accuracy": 900})
    helper.press("job.there")
    expect(page.get_by_text(helper.words("place.or_call"))).to_be_visible()
    helper.visitor.context.clear_permissions()
    helper.press("place.again")
    expect(page.get_by_role("list", name=helper.words("gps.title"))).to_contain_text(helper.words("gps.android_3"))
    helper.visitor.context.grant_permissions(["geolocation"])
    helper.visitor.context.set_geolocation({"latitude": 30.0, "longitude": 120.0, "accuracy": 10})
    helper.press("place.again")
    go = page.get_by_role("button", name=helper.words("in.go"), exact=True)
    expect(page.get_by_text(helper.words("place.why"))).to_be_visible()
    expect(go).to_be_disabled()
    page.get_by_label(helper.words("far.gate")).check()

    page.evaluate(NO_ROOM)
    helper.visitor.context.set_offline(True)
    go.click()
    expect(page.get_by_role("alert").filter(has_text=helper.words("queue.full"))).to_be_visible()
    helper.waits(1)
    helper.visitor.context.set_offline(False)
    expect(page.get_by_text(helper.words("queue.waits", n=1))).to_be_hidden(timeout=15_000)
    ((kind, at, received, *_, note),) = stage.query(RECORDS, helper.case)
    assert (kind, note) == ("arrive", helper.words("place.far_note", why=helper.words("far.gate")))
    assert abs(received - at) < timedelta(minutes=1), "by the centre's clock"
    ((offset,),) = stage.query(
        "SELECT clock_at - device_at FROM work_records r JOIN assignments a ON a.id = r.assignment_id"
        " WHERE a.case_id = %s",
        helper.case,
    )
    assert abs(offset - timedelta(minutes=10)) < timedelta(seconds=30)


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_is_shut_out_of_any_screen(visit: Visit, stage: Stage, locale: str) -> None:
    """On the smallest telephone and on a usual one; also where nobody comes in the end."""
    helper = Helper(visit(locale, SMALL), stage)
    page = helper.page

    def looks_well() -> None:
        for width, height in (PHONE, SMALL):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(STICKS_OUT) == []
        assert serious(page) == []

    try:
        helper.visitor.go("/provider")
        page.get_by_label(helper.words("signin.username")).wait_for()
        looks_well()
        helper.sign_in()
        helper.press("app.letters")
        looks_well()
        helper.press("mine.title")
        expect(page.get_by_role("region", name=helper.words("mine.offers"))).to_be_visible()
        looks_well()
        helper.press("app.back")
        helper.be_asked()
        looks_well()
        helper.press("offer.refuse")
        looks_well()
        helper.press("app.back")
        stage.query("UPDATE offers SET expires_at = now() WHERE case_id = %s RETURNING id", helper.case)
        expect(page.get_by_text(helper.words("offer.late"))).to_be_visible(timeout=15_000)
        looks_well()
        helper.accept()
        looks_well()
        helper.press("help.need")
        looks_well()
        helper.press("help.no")
        helper.visitor.context.set_offline(True)
        helper.press("job.there")
        expect(page.get_by_text(helper.words.before("place.near"))).to_be_visible()
        looks_well()
        helper.press("in.go")
        expect(page.get_by_role("button", name=helper.words("queue.send"))).to_be_visible()
        looks_well()
        helper.press("job.done")
        looks_well()
        page.go_back()
        helper.press("app.back")
        page.get_by_role("heading", name=helper.words("today.title")).wait_for()
        looks_well()
        helper.visitor.context.set_offline(False)
        helper.everything_arrives()
        stage.close(helper.case)

        helper.be_asked()
        helper.accept()
        job = helper.desk.get(f"/cases/{helper.case}/offers").json()["assignment"]["id"]
        gone = helper.desk.post(f"/assignments/{job}/cancel", json={"reason": "did not come", "no_show": True})
        assert gone.is_success, gone.text
        expect(page.get_by_text(helper.words("state.no_show"))).to_be_visible(timeout=15_000)
        looks_well()
    finally:
        helper.over()


def test_a_link_answers_once_without_script(helper: Helper, stage: Stage) -> None:
    helper.come()
    helper.be_asked()
    offer = helper.desk.get(f"/cases/{helper.case}/offers").json()["items"][-1]["id"]
    made = helper.desk.post(f"/offers/{offer}/link", json={})
    assert made.status_code == 201, made.text
    browser = helper.page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, user_agent=WECHAT, viewport={"width": 320, "height": 568})
    page = context.new_page()
    page.goto(made.json()["url"] + "?lang=en")
    assert page.goto(made.json()["url"] + "?lang=en").status == 200, "looking answers nothing"  # type: ignore[union-attr]
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Confirmed")).to_be_visible()
    assert helper.state() == "accepted"
    page.goto(made.json()["url"] + "?lang=en")
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    context.close()
