"""A table comes in by the browser: wrong rows go back, mended ones come in, and whoever is there twice is seen."""

from __future__ import annotations

import csv
import io
import re
import time

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import STICKS_OUT, serious
from tests.browser.visitor import WIDE, Visitor
from tests.browser.words import LOCALES
from tests.support.tables import identity

HEAD = ["姓名", "性别", "出生日期", "身份证号", "电话", "所属区划", "地址", "能力等级", "评估日期"]
AREA = "银杏区/梧桐街道/松涛社区"


def line(name: str, number: str = "", phone: str = "", door: int = 1, born: str = "1941-02-03") -> list[str]:
    return [name, "女", born, number, phone, AREA, f"测试路{door}号", "", ""]


def as_file(name: str, *lines: list[str]) -> FilePayload:
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *lines])
    return {"name": name, "mimeType": "text/csv", "buffer": text.getvalue().encode("gb18030")}


def choose(page: Page, visitor: Visitor, file: FilePayload) -> None:
    """By the keyboard alone, as somebody does who cannot drag."""
    expect(page.get_by_text(visitor.words("import.file_drop"))).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_label(visitor.words("import.file_choose")).press("Enter")
    chooser.value.set_files(file)
    page.get_by_role("button", name=visitor.words("import.check")).click()


def fits(page: Page) -> None:
    assert serious(page) == []
    assert page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_wrong_rows_are_mended_and_the_elder_is_found(visit: Visit, stage: Stage, locale: str) -> None:
    visitor = visit(locale)
    page, words = visitor.enter("supervisor", "/console/imports"), visitor.words
    mark = "甲" if locale == "en" else "乙"
    right, wrong = line(f"欧阳测{mark}", phone="13811110001", door=11), line(f"司徒测{mark}", phone="12", door=12)
    expect(page.get_by_text(words("import.file_drop"))).to_be_visible()
    fits(page)
    choose(page, visitor, as_file("老人.csv", right, wrong))
    expect(page.get_by_role("progressbar").or_(page.get_by_text(words("import.wrong_rows"))).first).to_be_attached()
    wrong_rows = page.get_by_role("region", name=words("import.wrong_rows"))
    expect(wrong_rows.get_by_role("row").nth(1)).to_contain_text("3", timeout=20_000)
    fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name=words("import.errors_csv")).click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert rows[1][:2] == [f"司徒测{mark}", "女"]
    rows[1][4] = "13811110002"
    mended = io.StringIO()
    csv.writer(mended).writerows(rows)

    page.get_by_role("button", name=words("import.another")).click()
    choose(page, visitor, {"name": "mended.csv", "mimeType": "text/csv", "buffer": mended.getvalue().encode()})
    page.get_by_role("button", name=words("import.apply", n=1)).click(timeout=20_000)
    expect(page.get_by_text(words("import.done", n=1))).to_be_visible(timeout=20_000)
    fits(page)
    page.goto(f"{stage.url}/console/elders?q=司徒测{mark}")
    expect(page.locator("tr[data-elder-id]")).to_have_count(1)
    expect(page.locator("tr[data-elder-id]").first).to_contain_text(f"司徒测{mark}")


def bring_in(stage: Stage, *lines: list[str]) -> None:
    """Without a browser, to the last row."""
    desk = stage.desk()
    file = as_file("x.csv", *lines)
    brought = desk.post(
        "/imports", data={"kind": "elders"}, files={"file": (file["name"], file["buffer"], file["mimeType"])}
    ).json()["id"]
    for state in ("checked", "applied"):
        until = time.monotonic() + 30
        while (found := desk.get(f"/imports/{brought}").json())["state"] != state:
            assert time.monotonic() < until, found
            time.sleep(0.2)
        if state == "checked":
            assert found["summary"]["errors"] == 0, found
            desk.post(f"/imports/{brought}/apply", json={}).raise_for_status()


@pytest.mark.parametrize("locale", LOCALES)
def test_two_files_side_by_side_are_merged_or_left_apart(visit: Visit, stage: Stage, locale: str) -> None:
    end, one, other = (1, "诸葛明月", "上官云飞") if locale == "en" else (2, "慕容秋水", "公孙大有")
    bring_in(
        stage,
        line(one, identity(f"99010119410203{end}00"), f"1381111100{end}", 20 + end),
        [*line(one, "", f"1381111100{end}", 20 + end)[:7], "3", "2026-05-20"],
        line(other, identity(f"99010119410203{end}20"), f"1381111200{end}", 30 + end),
        line(other, "", f"1381111200{end}", 30 + end),
    )
    visitor = visit(locale, WIDE if locale == "en" else (1366, 768))
    page, words = visitor.enter("supervisor", "/console/duplicates"), visitor.words
    listed = page.get_by_role("navigation", name=words("double.list"))
    both = page.get_by_role("region", name=words("double.both"))
    listed.get_by_role("button", name=re.compile(one)).click()
    expect(both.get_by_role("row", name=re.compile(words("double.row.identity_masked")))).to_contain_text("****")
    expect(both.get_by_role("radio").first).to_be_checked()
    fits(page)
    both.get_by_role("button", name=words("double.merge", name=one)).click()
    dialog = page.get_by_role("dialog", name=words("double.merge_title"))
    fits(page)
    dialog.get_by_role("button", name=re.compile(f"^{words('double.merge_go')}")).click()
    expect(page.get_by_role("status").filter(has_text=words("double.merged", name=one))).to_be_visible()
    expect(listed.get_by_role("button", name=re.compile(one))).to_have_count(0)
    (kept,) = stage.desk().get("/elders", params={"q": one}).json()["items"]
    assert (kept["ability_level"], kept["flags"]) == (3, ["disabled_ability"]), "what the other file knew"

    listed.get_by_role("button", name=re.compile(other)).click()
    both.get_by_role("button", name=words("double.dismiss")).click()
    dialog = page.get_by_role("dialog", name=words("double.dismiss_title"))
    dialog.get_by_label(words("double.why_two")).fill("双胞胎")
    dialog.get_by_role("button", name=re.compile(f"^{words('double.dismiss_go')}")).click()
    expect(page.get_by_role("status").filter(has_text=words("double.dismissed"))).to_be_visible()
    assert len(stage.desk().get("/elders", params={"q": other}).json()["items"]) == 2
    assert stage.query(
        "SELECT state, reason FROM doubles WHERE state = 'dismissed' ORDER BY decided_at DESC LIMIT 1"
    ) == [("dismissed", "双胞胎")]
