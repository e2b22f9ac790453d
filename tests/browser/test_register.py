"""The register's screens: found by typing, changed by two at once, shown with a reason, counted as they are listed."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import PHONE, Visitor

WANG = "王桂英"


def elder_id(stage: Stage, name: str = WANG) -> str:
    found = stage.desk().get("/elders", params={"q": name}).json()["items"]
    return str(found[0]["id"])


def file_of(stage: Stage, elder: str) -> dict[str, object]:
    answer = stage.desk().get(f"/elders/{elder}")
    answer.raise_for_status()
    found: dict[str, object] = answer.json()
    return found


def opened(visitor: Visitor, stage: Stage, name: str = WANG, tab: str = "") -> Page:
    query = f"?tab={tab}" if tab else ""
    page = visitor.enter("supervisor", f"/console/elders/{elder_id(stage, name)}{query}")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    return page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_an_elder_is_found_and_opened_by_keyboard_alone(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = visitor.enter("operator")
    page.locator(".frame-main").click(position={"x": 3, "y": 3})
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", level=1, name=visitor.words("nav.elders"))).to_be_visible()
    expect(page.locator("tr[data-elder-id]").nth(20)).to_be_attached()
    page.get_by_test_id("register-search").fill("wgy")
    expect(page).to_have_url(re.compile(r"q=wgy"))
    expect(page.locator("tr[data-elder-id]").first).to_contain_text(WANG)
    page.get_by_test_id("register-search").press("Tab")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=WANG)).to_be_visible()
    page.go_back()
    expect(page.get_by_test_id("register-search")).to_have_value("wgy")


def test_a_filter_is_an_address_and_nobody_found_says_so(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    page = visitor.enter("operator", "/console/elders?missing=phone")
    rows = page.locator("tr[data-elder-id]")
    rows.first.wait_for()
    for row in rows.all()[:20]:
        expect(row).to_contain_text(visitor.words("reg.lacks.phone"))
    page.get_by_test_id("register-search").fill("没有这个人")
    expect(page.get_by_role("main").get_by_text(visitor.words("reg.none_found"), exact=True)).to_be_visible()
    page.get_by_role("button", name=visitor.words("filter.clear")).last.click()
    rows.first.wait_for()
    assert "missing" not in page.url


@pytest.mark.parametrize("by", ["level", "area"])
def test_each_number_is_the_list_behind_it(visit: Visit, stage: Stage, by: str) -> None:
    visitor = visit("en")
    page = visitor.enter("supervisor", "/console/elders/spread")
    table = page.get_by_role("table", name=visitor.words(f"spread.by_{by}"))
    link = table.get_by_role("row").filter(has_not_text=visitor.words("spread.total")).get_by_role("link").first
    number = link.inner_text()
    link.click()
    expect(page.get_by_test_id("register-total")).to_have_text(visitor.words("reg.total", n=number))


def test_the_map_leads_down_the_tree_and_back(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    page = visitor.enter("supervisor", "/console/elders/spread")
    path = page.get_by_role("navigation", name=visitor.words("spread.path"))
    before = path.inner_text()
    page.locator("a.bubble").first.focus()
    page.keyboard.press("Enter")
    expect(path).not_to_have_text(before)
    page.locator("a.bubble").nth(2).wait_for()
    path.get_by_role("link").first.click()
    expect(page.locator("a.bubble")).to_have_count(1)


def test_masked_values_are_shown_with_a_reason_that_stays(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = opened(visitor, stage)
    head = page.locator(".elder-head")
    expect(head).to_contain_text("****")
    what = visitor.words("reg.phone")
    page.get_by_role("button", name=visitor.words("reveal.show", what=what)).click()
    go = dialog(page).get_by_role("button", name=visitor.words("reveal.go"))
    expect(go).to_be_disabled()
    dialog(page).get_by_label(visitor.words("reveal.why")).fill("the browser test asks")
    go.click()
    expect(head).not_to_contain_text("****")
    page.get_by_role("button", name=visitor.words("reveal.hide", what=what)).click()
    expect(head).to_contain_text("****")
    page.get_by_role("tab", name=visitor.words("elder.tab.trail")).click()
    accesses = page.get_by_role("region", name=visitor.words("elder.accesses"))
    expect(accesses).to_contain_text("the browser test asks")


def test_what_is_shown_is_hidden_again_after_a_minute(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    visitor.page.clock.install()
    page = opened(visitor, stage)
    page.get_by_role("button", name=visitor.words("reveal.show", what=visitor.words("reg.phone"))).click()
    dialog(page).get_by_role("button", name=visitor.words("reveal.reason.call")).click()
    dialog(page).get_by_role("button", name=visitor.words("reveal.go"), exact=True).click()
    expect(page.locator(".elder-head")).not_to_contain_text("****")
    page.clock.fast_forward(61_000)
    expect(page.locator(".elder-head")).to_contain_text("****")


def test_two_people_at_one_file_lose_nothing(visit: Visit, stage: Stage) -> None:
    """Somebody else is quicker: what they changed is shown, what was typed stays, and saving again works."""
    visitor = visit("en")
    page = opened(visitor, stage, "曹玉梅")
    page.get_by_role("button", name=visitor.words("elder.edit"), exact=True).first.click()
    dialog(page).get_by_role("textbox", name=visitor.words("elder.dialect")).fill("Hegang")

    elder = elder_id(stage, "曹玉梅")
    version = file_of(stage, elder)["elder"]["version"]  # type: ignore[index]
    answer = stage.desk("operator").patch(f"/elders/{elder}", json={"version": version, "hearing": "weak"})
    assert answer.status_code == 200, answer.text

    save = dialog(page).get_by_role("button", name=visitor.words("elder.save"))
    save.click()
    clash = dialog(page).get_by_role("alert")
    expect(clash).to_contain_text("陈晓")
    expect(clash).to_contain_text(visitor.words("hearing.weak"))
    expect(dialog(page).get_by_role("textbox", name=visitor.words("elder.dialect"))).to_have_value("Hegang")
    save.click()
    expect(dialog(page)).to_be_hidden()
    found = file_of(stage, elder)["elder"]
    assert (found["dialect"], found["hearing"]) == ("Hegang", "weak")  # type: ignore[index]


def test_contacts_change_places_and_a_fact_is_confirmed(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    page = opened(visitor, stage)
    contacts = page.get_by_test_id("contact")
    first = contacts.first.locator("b").inner_text()
    page.get_by_role("button", name=visitor.words("elder.down", name=first)).click()
    expect(contacts.nth(1)).to_contain_text(first)
    confirm = page.get_by_role("button", name=re.compile(visitor.words("elder.confirm")))
    old = confirm.count()
    assert old, "the demo has a fact that nobody has confirmed for a year"
    confirm.first.click()
    expect(confirm).to_have_count(old - 1)
    page.get_by_role("button", name=visitor.words("elder.up", name=first)).click()
    expect(contacts.first).to_contain_text(first)


def test_a_word_is_taken_down_and_taken_back(visit: Visit, stage: Stage) -> None:
    elder, purpose, name = elder_id(stage, "曹玉梅"), "call_recording", "通话录音"
    taken_back = {"purpose": purpose, "given": False, "how": "paper", "by": "曹玉梅"}
    assert stage.desk().post(f"/elders/{elder}/consents", json=taken_back).status_code in {201, 409}
    visitor = visit("zh-CN")
    page = opened(visitor, stage, "曹玉梅", "consents")
    row = page.get_by_role("row").filter(has_text=name)
    for act, state in (("give", "given"), ("withdraw", "withdrawn")):
        page.get_by_role("button", name=visitor.words(f"consent.{act}_for", purpose=name)).click()
        dialog(page).get_by_label(visitor.words("consent.how")).select_option("telephone")
        dialog(page).get_by_role("button", name=visitor.words("elder.save")).click()
        expect(dialog(page)).to_be_hidden()
        expect(row).to_contain_text(visitor.words(f"consent.{state}"))
        expect(row).to_contain_text(visitor.words("consent_how.telephone"))


def test_who_is_in_hospital_until_when_and_home_again(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = opened(visitor, stage, "曹玉梅")
    page.get_by_role("button", name=visitor.words("elder.absence_set"), exact=True).click()
    dialog(page).get_by_label(visitor.words("elder.absence.hospital")).check()
    dialog(page).get_by_label(visitor.words("elder.until")).fill("2099-03-01")
    dialog(page).get_by_role("button", name=visitor.words("elder.save")).click()
    said = page.locator(".elder-absent")
    expect(said).to_contain_text(visitor.words("absence.hospital"))
    page.get_by_role("button", name=visitor.words("elder.absence_edit"), exact=True).click()
    expect(dialog(page).get_by_label(visitor.words("elder.until"))).to_have_value("2099-03-01")
    dialog(page).get_by_label(visitor.words("elder.absence.home")).check()
    dialog(page).get_by_role("button", name=visitor.words("elder.save")).click()
    expect(said).to_have_count(0)


def test_who_is_to_be_assessed_is_listed_and_opened_at_the_form(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = visitor.enter("supervisor", "/console/elders/due?mark=safety_net")
    wanted = stage.desk().get("/assessments/due", params={"mark": "safety_net"}).json()
    expect(
        page.get_by_role("status").filter(has_text=visitor.words("reg.total", n=f"{wanted['total']:,}"))
    ).to_be_visible()
    page.get_by_role("link", name=wanted["items"][0]["name"], exact=True).first.click()
    expect(page.get_by_role("button", name=visitor.words("assess.new"))).to_be_visible()


def test_an_assessment_is_typed_and_says_its_level_as_it_grows(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page = opened(visitor, stage, "韦克勤", "assessments")
    page.get_by_role("button", name=visitor.words("assess.new")).click()
    page.locator("[data-item] input").first.focus()
    score = page.get_by_test_id("score")
    for n in range(26):
        page.keyboard.press("2" if n not in (18, 19) else "1")
        if n < 25:
            expect(score).to_contain_text(visitor.words("assess.left", n=25 - n))
    expect(score).to_contain_text("50")
    expect(score).to_contain_text(f"{visitor.words('assess.final')} 2")
    page.get_by_role("button", name=visitor.words("assess.add_diagnosis")).click()
    page.get_by_label(visitor.words("assess.icd")).fill("F01.9")
    expect(score).to_contain_text(visitor.words("assess.change.dementia"))
    expect(score).to_contain_text(f"{visitor.words('assess.final')} 3")
    page.get_by_label(visitor.words("assess.assessor", n=2)).fill("Zhou Min")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("row").filter(has_text="Zhou Min")).to_contain_text("50")
    expect(page.locator(".elder-head")).to_contain_text(visitor.words("level.3"))


def test_a_new_elder_who_is_there_already_is_shown_first(visit: Visit, stage: Stage) -> None:
    visitor = visit("zh-CN")
    page = visitor.enter("supervisor", "/console/elders/new")
    words = visitor.words
    birthday = str(file_of(stage, elder_id(stage))["elder"]["birth_date"])  # type: ignore[index]
    number = (
        stage.desk()
        .post(f"/elders/{elder_id(stage)}/reveal", json={"fields": ["phone"], "reason": "browser test"})
        .json()["values"]["phone"]
    )
    page.get_by_label(words("reg.name")).fill(WANG)
    page.get_by_label(words("elder.birth_date")).fill(birthday)
    page.get_by_label(words("sex.F"), exact=True).check()
    page.get_by_label(words("reg.phone")).fill(number)
    area = page.get_by_role("group", name=words("reg.area"))
    for level in range(4):
        select = area.get_by_role("combobox").nth(level)
        select.wait_for()
        select.select_option(index=1)
    page.get_by_label(words("reg.address")).fill("测试路1号")
    page.get_by_role("button", name=words("new.go")).click()
    warning = page.get_by_role("alert").filter(has_text=words("new.likely"))
    expect(warning).to_contain_text(WANG)
    warning.get_by_role("button", name=words("new.anyway")).click()
    expect(page).to_have_url(re.compile(r"/console/elders/\d+$"))
    expect(page.get_by_text(words("elder.doubles", n=1))).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_the_elder_presses_on_a_telephone(visit: Visit, stage: Stage, script: bool) -> None:
    desk = stage.desk("operator")
    link = desk.post(f"/elders/{elder_id(stage)}/link").json()["url"]
    page_of = visit("zh-CN", PHONE)
    page = page_of.page
    if not script:
        page.route("**/*.js", lambda route: route.abort())
    page_of.go("/" + link.split("/", 3)[3])
    sizes = page.eval_on_selector_all("main button, main .button", "all => all.map((one) => one.offsetHeight)")
    assert min(sizes) >= 96, sizes
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="求助").first.click()
    expect(page.get_by_text("已接到，正在联系您")).to_be_visible()
    case_id = next(row["id"] for row in stage.snapshot() if row["elder"] and row["elder"]["name"] == WANG)
    desk.post(f"/cases/{case_id}/take", json={}).raise_for_status()
    if not script:
        page.get_by_role("link", name="看看现在怎么样了").click()
    expect(page.get_by_text("陈晓正在处理")).to_be_visible(timeout=10_000)
    page.get_by_role("button", name="我没事").click()
    expect(page.get_by_text("已经告诉接警员")).to_be_visible()
    assert stage.query("SELECT count(*) FROM cases WHERE id = %s AND state = 'owned'", case_id) == [(1,)]
