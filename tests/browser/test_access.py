"""Coming in with a code and a forced password, users, tokens, the trail and one's own account, in a browser."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_pages import serious
from tests.browser.visitor import DESK, WIDE, Visitor

SCREENS = {"users": "nav.users", "tokens": "tokens.title", "trail": "nav.trail", "account": "account.title"}
OWN = "a password of my own"


def administrator(visitor: Visitor, path: str) -> Page:
    return visitor.enter("admin", path)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("place", SCREENS)
def test_each_screen_is_there_for_everybody(visit: Visit, locale: str, place: str) -> None:
    for size in (DESK, WIDE):
        visitor = visit(locale, size)
        page = administrator(visitor, f"/console/{place}")
        expect(page.get_by_role("heading", name=visitor.words(SCREENS[place]), level=1)).to_be_visible()
        expect(page.get_by_role("table").first).to_be_visible()
        assert serious(page) == []
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0


def test_a_new_user_changes_the_password_enrols_and_comes_back_with_a_code(visit: Visit, stage: Stage) -> None:
    boss = visit("en")
    page, words = administrator(boss, "/console/users"), boss.words
    page.get_by_role("button", name=words("users.add"), exact=True).click()
    dialog = page.get_by_role("dialog", name=words("users.add"))
    dialog.get_by_label(words("signin.username"), exact=True).fill("xu.li")
    dialog.get_by_label(words("users.name"), exact=True).fill("Xu Li")
    assert serious(page) == []
    dialog.get_by_role("button", name=words("users.save")).click()
    shown = page.get_by_role("dialog", name=words("users.one_time_title"))
    one_time = shown.locator("code").inner_text()
    shown.get_by_role("button", name=words("common.close")).click()
    expect(page.get_by_role("button", name="xu.li")).to_be_visible()

    new = visit("en")
    page = new.go("/console/")
    sign_in(new, "xu.li", one_time)
    expect(page.get_by_role("heading", name=words("step.password"))).to_be_visible()
    assert serious(page) == []
    change(new, one_time, "short")
    expect(page.get_by_role("alert")).to_contain_text(words("why.too-short"))
    change(new, one_time, OWN)
    page.get_by_role("button", name=words("shift.start")).click()

    page.goto(stage.url + "/console/account")
    page.get_by_role("button", name=words("factor.set_up")).press("Enter")  # a banner may push it away from the mouse
    page.locator("#factor-password").fill(OWN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name=words("factor.qr"))).to_be_visible()
    page.get_by_text(words("factor.by_hand")).click()
    totp = pyotp.TOTP(page.locator(".factor-secret code").inner_text().replace(" ", ""))
    assert serious(page) == []
    page.get_by_label(words("factor.first_code")).fill(totp.now())
    page.keyboard.press("Enter")
    codes = page.get_by_role("list", name=words("factor.codes")).get_by_role("listitem")
    expect(codes).to_have_count(10)
    recovery = codes.first.inner_text()
    page.get_by_role("button", name=words("factor.codes_kept")).click()
    expect(page.get_by_text(words("factor.codes_left", n=10))).to_be_visible()

    again = visit("zh-CN")
    page = again.go("/console/")
    sign_in(again, "xu.li", OWN)
    code = page.get_by_label(again.words("signin.code"))
    expect(code).to_be_focused()
    code.fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(again.words("problem.second-factor-required"))
    assert serious(page) == []
    page.evaluate("text => document.getElementById('code').focus()", recovery)
    page.keyboard.insert_text(recovery)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=again.words("shift.start"))).to_be_visible()


def sign_in(visitor: Visitor, username: str, password: str) -> None:
    visitor.page.get_by_label(visitor.words("signin.username")).fill(username)
    visitor.page.locator("#password").fill(password)
    visitor.page.keyboard.press("Enter")


def change(visitor: Visitor, current: str, wanted: str) -> None:
    visitor.page.get_by_label(visitor.words("account.password_given")).fill(current)
    visitor.page.locator("#new-password").fill(wanted)
    visitor.page.keyboard.press("Enter")


def test_whose_session_is_ended_signs_in_again_over_the_work(visit: Visit, stage: Stage) -> None:
    visitor = visit("en")
    page, words = visitor.enter("operator2", "/console/cases"), visitor.words
    expect(page.get_by_role("heading", name=words("nav.history"))).to_be_visible()
    admin = visit("en")
    there = administrator(admin, "/console/users")
    there.get_by_role("button", name=words("users.more_of", name="李敏")).click()
    there.get_by_role("menuitem", name=words("users.end_sessions")).click()
    expect(there.get_by_text(words("users.said.end-sessions", name="李敏"))).to_be_visible()
    expect(page.get_by_role("heading", name=words("signin.again"))).to_be_visible(timeout=30_000)
    page.locator("#password").fill("demo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=words("signin.again"))).to_be_hidden()
    expect(page.get_by_role("heading", name=words("nav.history"))).to_be_visible()


def test_the_auditor_sees_the_trail_and_nobody_else_s_places(visit: Visit) -> None:
    visitor = visit("en")
    words = visitor.words
    page = visitor.go("/demo/as/auditor?next=/console/trail")
    expect(page.get_by_text(re.compile(words("chain.holds").split("}")[1].split(",")[0].strip()))).to_be_visible()
    expect(page.get_by_role("cell", name=words("deed.sign_in"), exact=True).first).to_be_visible()
    rail = page.get_by_role("navigation", name=words("nav.name"))
    expect(rail.get_by_role("link", name=words("nav.users"))).to_have_count(0)
    page.goto(page.url.replace("/trail", "/users"))
    expect(page.get_by_role("heading", name=words("nav.users"), level=1)).to_have_count(0)
    expect(page.get_by_role("button", name=words("keybar.take"))).to_have_count(0)
