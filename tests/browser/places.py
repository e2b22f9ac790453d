"""Every page that people see, and how to get there with something on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from dispatch.services.demo.devices import HEROINE
from dispatch.services.demo.floor import WALL_TOKEN
from tests.browser.desk import Desk
from tests.browser.stage import Stage, act
from tests.browser.visitor import Visitor

Place = Callable[[Visitor, Stage], None]
PRIVACY_TABS = ("requests", "sharings", "reveals", "retention", "incidents", "impacts")


def signin(visitor: Visitor, stage: Stage) -> None:
    page = visitor.go("/console/")
    page.get_by_role("button", name=visitor.words("role.operator")).wait_for()
    page.get_by_text(visitor.words("health.ok")).wait_for()


def shift(visitor: Visitor, stage: Stage) -> None:
    page = visitor.go("/demo/as/operator?next=/console/")
    page.get_by_text(visitor.words("shift.mine")).wait_for()


def quiet_desk(visitor: Visitor, stage: Stage) -> None:
    visitor.enter("operator")
    Desk(visitor.page, visitor.words).is_live()


def workplace(visitor: Visitor, stage: Stage) -> None:
    """An open case of mine, and another alarm that waits."""
    case_id = busy(stage)
    stage.alarm("DEMO-0031")
    visitor.enter("operator", f"/console/?case={case_id}")
    desk = Desk(visitor.page, visitor.words)
    desk.is_live()
    desk.is_mine()
    desk.pinned.first.wait_for()
    desk.timeline().first.wait_for()


def dispatch(visitor: Visitor, stage: Stage) -> None:
    """Whom to send: F4 on the case of the workplace."""
    workplace(visitor, stage)
    visitor.page.keyboard.press("F4")
    visitor.page.get_by_test_id("send-offers").wait_for()


def case_page(visitor: Visitor, stage: Stage) -> None:
    visitor.enter("operator", f"/console/case/{busy(stage)}")
    Desk(visitor.page, visitor.words).timeline().first.wait_for()


def history(visitor: Visitor, stage: Stage) -> None:
    page = visitor.enter("operator", "/console/cases")
    page.get_by_role("heading", name=visitor.words("nav.history")).wait_for()
    page.get_by_text(visitor.words("state.closed")).nth(3).wait_for()


def unreadable(visitor: Visitor, stage: Stage) -> None:
    stage.garble()
    page = visitor.enter("supervisor", "/console/unreadable")
    page.get_by_role("heading", name=visitor.words("nav.signals")).wait_for()
    page.get_by_text(visitor.words("unread.open_case")).first.wait_for()


def engine(visitor: Visitor, stage: Stage) -> None:
    page = visitor.enter("supervisor", "/console/engine")
    page.get_by_text(visitor.words("job.tick")).first.wait_for()


def elder(visitor: Visitor, stage: Stage) -> None:
    busy(stage)
    lang = "en" if visitor.words.locale == "en" else "zh"
    page = visitor.go(f"/demo/elder?lang={lang}")
    expect(page.locator("#elder")).to_have_attribute("data-phase", "in_hand")


def phones(visitor: Visitor, stage: Stage) -> None:
    """The daughter's telephone rings."""
    call(stage, busy(stage))
    page = visitor.go("/demo/phones")
    page.get_by_role("button", name=visitor.words("sim.answer")).first.wait_for()


def demo(visitor: Visitor, stage: Stage) -> None:
    busy(stage)
    page = visitor.go("/demo")
    for pane in ("elder", "console", "phones"):
        page.get_by_title(visitor.words(f"split.pane.{pane}")).content_frame.locator("h1").first.wait_for(
            state="attached"
        )


def supervision(visitor: Visitor, stage: Stage) -> None:
    stage.alarm("DEMO-0051")
    page = visitor.enter("supervisor", "/console/supervision")
    page.get_by_role("region", name=visitor.words("watch.now")).wait_for()
    page.get_by_role("region", name=visitor.words("watch.positions")).get_by_role("row").nth(1).wait_for()


def handover(visitor: Visitor, stage: Stage) -> None:
    busy(stage)
    started = stage.desk("operator").post("/handovers", json={}).json()
    page = visitor.enter("operator", f"/console/handover?id={started['id']}")
    page.get_by_role("region", name=visitor.words("handover.kind_case")).wait_for()
    page.get_by_role("button", expanded=False).first.click()


def quality(visitor: Visitor, stage: Stage) -> None:
    page = visitor.enter("supervisor", "/console/quality")
    page.get_by_role("region", name=visitor.words("quality.coverage")).wait_for()
    # On the first of a month nothing of it has been drawn yet.
    yesterday = datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=1)
    page.get_by_label(visitor.words("quality.month"), exact=True).fill(f"{yesterday:%Y-%m}")
    page.get_by_role("region", name=visitor.words("quality.list")).get_by_role("button").first.click()
    page.get_by_role("region", name=visitor.words("quality.form")).wait_for()


def wall(visitor: Visitor, stage: Stage) -> None:
    stage.alarm("DEMO-0052")
    lang = "en" if visitor.words.locale == "en" else "zh"
    page = visitor.go(f"/wall?token={WALL_TOKEN}&lang={lang}")
    page.locator("#cases li").first.wait_for()


def privacy(tab: str) -> Place:
    """A tab of the privacy desk, with a row of the demo in it."""

    def come(visitor: Visitor, stage: Stage) -> None:
        page = visitor.enter("supervisor", f"/console/privacy?tab={tab}")
        page.get_by_role("tabpanel").get_by_role("row").nth(1).wait_for()

    return come


def privacy_request(visitor: Visitor, stage: Stage) -> None:
    """The dialog of a request whose asker was checked: the record can be handed out."""
    privacy("requests")(visitor, stage)
    state = visitor.words("privacy_state.checked")
    row = (
        visitor.page.get_by_role("row")
        .filter(has_text=visitor.words("privacy.soon"))
        .or_(visitor.page.get_by_role("row").filter(has_text=state))
    )
    row.first.get_by_role("button").click()
    visitor.page.get_by_role("dialog").wait_for()


PLACES: dict[str, Place] = {
    "signin": signin,
    "shift": shift,
    "quiet_desk": quiet_desk,
    "workplace": workplace,
    "dispatch": dispatch,
    "case": case_page,
    "history": history,
    "unreadable": unreadable,
    "engine": engine,
    "supervision": supervision,
    "handover": handover,
    "quality": quality,
    "wall": wall,
    **{f"privacy_{tab}": privacy(tab) for tab in PRIVACY_TABS},
    "privacy_request": privacy_request,
    "elder": elder,
    "phones": phones,
    "demo": demo,
}


def busy(stage: Stage) -> str:
    """王桂英 has called for help, and 陈晓 has taken it."""
    case_id = stage.alarm(HEROINE)
    act(stage.desk("operator"), case_id, "take")
    return case_id


def call(stage: Stage, case_id: str) -> None:
    answer = stage.desk("operator").get(f"/cases/{case_id}")
    daughter = next(one for one in answer.json()["contacts"] if one["relation"] == "daughter")
    act(stage.desk("operator"), case_id, "call", to="contact", contact_id=daughter["id"])


def say(stage: Stage, case_id: str, text: str) -> None:
    act(stage.desk("operator"), case_id, "notes", text=text)


def settled(page: Page) -> None:
    """What just changed has been drawn; a console that asks every second is never quite silent."""
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(1_000)
