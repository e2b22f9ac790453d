"""A helper's telephone: asked, accepted, there, without a network, done; the centre has it all once, in order."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
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


class Helper:
    """The helper of the demo, and what the desk does about them."""

    def __init__(self, visitor: Visitor, stage: Stage) -> None:
        self.visitor, self.stage = visitor, stage
        self.page: Page = visitor.page
        self.words = Words(visitor.words.locale, TEXTS)
        self.desk = stage.desk("operator")
        self.case = ""
        visitor.context.grant_permissions(["geolocation"])

    def sign_in(self) -> None:
        self.visitor.go("/provider")
        self.page.get_by_label(self.words("signin.username")).fill("provider")
        self.page.get_by_label(self.words("signin.password")).fill("demo")
        self.press("signin.go")
        self.page.get_by_role("heading", name=self.words("today.title")).wait_for()

    def be_asked(self) -> None:
        """An alarm from a home without another one; the operator asks this helper alone."""
        self.case = self.stage.alarm(self.stage.quiet_device(), "fall")
        row = act(self.desk, self.case, "take")
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

    def everything_arrives(self) -> None:
        expect(self.page.get_by_role("region", name=self.words("queue.name"))).to_be_hidden(timeout=15_000)


@pytest.fixture
def helper(visit: Visit, stage: Stage) -> Iterator[Helper]:
    made = Helper(visit("zh-CN", PHONE), stage)
    yield made
    _over(made)


def _over(made: Helper) -> None:
    made.visitor.context.set_offline(False)
    if made.case and made.stage.query("SELECT 1 FROM cases WHERE id = %s AND state <> 'closed'", made.case):
        made.stage.close(made.case)


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


def test_what_was_done_without_a_network_arrives_once_and_in_order(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
    helper.be_asked()
    helper.accept()
    assert helper.state() == "accepted"
    expect(page.get_by_role("link", name=helper.words("job.call_centre"))).to_have_attribute("href", "tel:12349")

    helper.visitor.context.set_offline(True)
    helper.check_in()
    helper.fill_in("扶到床上了")
    page.locator("input[type=file]").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": noise(1800)})
    expect(page.get_by_role("img")).to_have_count(1, timeout=20_000)
    helper.check_out()
    expect(page.get_by_text(helper.words("queue.waits", n=3))).to_be_visible()
    assert stage.query(RECORDS, helper.case) == []
    assert helper.state() == "accepted"

    helper.visitor.context.set_offline(False)
    helper.everything_arrives()
    assert helper.state() == "completed"
    arrived, completed = stage.query(RECORDS, helper.case)
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

    page.reload()
    page.get_by_role("heading", name=helper.words("today.title")).or_(
        page.get_by_text(helper.words("job.steps"))
    ).first.wait_for()
    page.wait_for_timeout(1_000)
    assert len(stage.query(RECORDS, helper.case)) == 2


def test_a_page_that_was_thrown_away_still_has_what_was_not_sent(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
    helper.be_asked()
    helper.accept()
    page.route("**/api/v1/assignments/**", lambda route: route.abort())
    helper.check_in()
    expect(page.get_by_text(helper.words("queue.waits", n=1))).to_be_visible()
    page.reload()
    expect(page.get_by_text(helper.words("queue.waits", n=1))).to_be_visible()
    page.unroute("**/api/v1/assignments/**")
    helper.press("queue.send")
    expect(page.get_by_text(helper.words("queue.waits", n=1))).to_be_hidden()
    assert [row[0] for row in stage.query(RECORDS, helper.case)] == ["arrive"]


def test_what_the_centre_has_closed_meanwhile_is_said_and_kept(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
    helper.be_asked()
    helper.accept()
    helper.visitor.context.set_offline(True)
    helper.check_in()
    stage.close(helper.case)
    helper.visitor.context.set_offline(False)
    notice = page.get_by_role("list", name=helper.words("notice.name"))
    expect(notice).to_contain_text(helper.case, timeout=15_000)
    helper.press("notice.read")
    expect(notice).to_be_hidden()
    ((kind, *_),) = stage.query(RECORDS, helper.case)
    assert kind == "arrive"


def test_only_the_centre_accepts(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
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


def test_an_offer_that_is_over_says_so_and_a_refusal_gives_its_reason(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
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


def test_a_helper_in_danger_is_an_urgent_case(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
    helper.be_asked()
    helper.accept()
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


def test_without_a_position_something_else_proves_it_and_far_away_asks_why(helper: Helper, stage: Stage) -> None:
    page = helper.page
    helper.sign_in()
    helper.be_asked()
    helper.accept()
    helper.visitor.context.set_geolocation({"latitude": 30.0, "longitude": 120.0, "accuracy": 900})
    helper.press("job.there")
    expect(page.get_by_text(helper.words("place.or_call"))).to_be_visible()
    helper.visitor.context.set_geolocation({"latitude": 30.0, "longitude": 120.0, "accuracy": 10})
    helper.press("place.again")
    go = page.get_by_role("button", name=helper.words("in.go"), exact=True)
    expect(page.get_by_text(helper.words("place.why"))).to_be_visible()
    expect(go).to_be_disabled()
    page.get_by_label(helper.words("far.gate")).check()
    go.click()
    expect(page.get_by_role("button", name=helper.words("job.done"))).to_be_visible()
    helper.everything_arrives()
    ((kind, *_, note),) = stage.query(RECORDS, helper.case)
    assert (kind, note) == ("arrive", helper.words("place.far_note", why=helper.words("far.gate")))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("size", [SMALL, PHONE], ids=["small", "usual"])
def test_nobody_is_shut_out_of_any_screen(visit: Visit, stage: Stage, size: tuple[int, int], locale: str) -> None:
    helper = Helper(visit(locale, size), stage)
    page = helper.page

    def looks_well() -> None:
        assert serious(page) == []
        assert page.evaluate(STICKS_OUT) == []

    try:
        helper.visitor.go("/provider")
        page.get_by_label(helper.words("signin.username")).wait_for()
        looks_well()
        helper.sign_in()
        helper.press("app.letters")
        looks_well()
        helper.be_asked()
        looks_well()
        helper.press("offer.refuse")
        looks_well()
        helper.press("app.back")
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
    finally:
        _over(helper)


def test_a_link_answers_once_without_script(helper: Helper, stage: Stage) -> None:
    helper.sign_in()
    helper.be_asked()
    offer = helper.desk.get(f"/cases/{helper.case}/offers").json()["items"][-1]["id"]
    made = helper.desk.post(f"/offers/{offer}/link")
    assert made.status_code == 201, made.text
    page = helper.page.context.browser.new_context(java_script_enabled=False).new_page()  # type: ignore[union-attr]
    page.goto(made.json()["url"] + "?lang=en")
    assert page.goto(made.json()["url"] + "?lang=en").status == 200, "looking answers nothing"  # type: ignore[union-attr]
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Confirmed")).to_be_visible()
    assert helper.state() == "accepted"
    page.goto(made.json()["url"] + "?lang=en")
    expect(page.get_by_text("opens nothing any more")).to_be_visible()
    page.context.close()
