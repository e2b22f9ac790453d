"""Nobody is shown what the server would refuse: a role goes everywhere and clicks on everything, and whoever may only
look presses every key. What it would change is held back and compared with the table of rights.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page, Response, Route, expect

from dispatch.domain.actor import Actor
from dispatch.domain.permissions import OF_ROLE, May
from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.test_axe_everywhere import shown, things
from tests.browser.walk import WALK, turn_to
from tests.support.routes import ROUTES, SIGNED_IN

LOOKERS = sorted(role for role, rights in OF_ROLE.items() if May.CASES_WORK not in rights)
WORKERS = ("operator", "supervisor")
"""Of those who work, the one who may do the least and the one who may do the most."""
KEYS = [
    "F2",
    "F4",
    "F8",
    "F9",
    "Shift+F9",
    *"jaxsmci",
    *(f"Shift+{n}" for n in "1234"),
    "n",
    "Control+Enter",
    "Control+k",
]
ACTS = ".frame-main button, [role=dialog] button.primary, .banners button"
ABLE = """window.able = (where) => [...document.querySelectorAll(where)].filter((one) => !one.disabled
  && one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().width > 0)"""
CHOOSE = r"""(acts) => {
  const place = (one) => one && !one.matches(".frame-main, .banners")
    ? `${one.tagName}.${one.className} in ${place(one.parentElement)}` : ""
  const alike = {}
  for (const [n, act] of able(acts).entries()) {
    const wordings = alike[place(act)] ??= {}
    const numbers = wordings[act.innerText.replace(/\d/g, "")] ??= []
    numbers.push(n)
  }
  const ends = ([where, words, all]) => [...new Set([all[0], all[all.length - 1]])].map((n) => [n, where + words])
  const few = (named) => named.filter((_, n) => n % Math.ceil(named.length / 4) === 0)
    .map(([where, , [first]]) => [first, where])
  return Object.entries(alike)
    .map(([where, wordings]) => Object.entries(wordings).map(([words, all]) => [where, words, all]))
    .flatMap((found) => found.length > 8 ? few(found) : found.flatMap(ends))
    .sort(([a], [b]) => a - b)
}"""
"""Which buttons to press: their numbers, and what tells their like. Of those at the same place in every row, the first
and the last of each wording; where each is worded differently, as with names, four.
"""
PRESS = """async ([acts, n]) => {
  const found = able(acts)
  found[n]?.click()
  await new Promise((drawn) => setTimeout(drawn, 50))
  for (const confirm of able("[role=dialog] button.primary")) confirm.click()
  return n < found.length
}"""
"""The button of that number, and what then asks whether it is meant. Answers whether there was one."""
NAMED = re.compile(r"<[^>]+>")
PATTERNS = {route: re.compile(NAMED.sub("[^/]+", route) + "$") for route in ROUTES}
ADD = """INSERT INTO users (username, name, roles, area_ids, password_hash, locale, active, failed_sign_ins, epoch,
    version, must_change_password) SELECT %s, %s, %s, area_ids, password_hash, locale, true, 0, 0, 0, false
    FROM users WHERE username = 'operator' RETURNING id"""


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("role", LOOKERS)
def test_a_role_is_shown_nothing_that_it_may_not_do(visit: Visit, stage: Stage, role: str) -> None:
    ids = things(stage)
    waiting = stage.alarm("DEMO-0071", "door")
    visitor = visit("en")
    page = visitor.page
    refused = watch(page, role)
    visitor.go(f"/demo/as/{added(stage, role)}?next=/console/")
    shown(page)
    for step in WALK.values():
        pressed: set[str] = set()
        for query in ("", *step.more):
            look(page, stage, step.path.format(**ids) + (f"?{query}" if query else ""), pressed)
    if May.CASES_READ in OF_ROLE[role]:
        look(page, stage, f"/?case={waiting}", set())
        page.goto(f"{stage.url}/console/?case={waiting}")
        page.get_by_test_id("case-view").locator(".head-name").wait_for()
        press_keys(page, can_note=May.CASES_NOTE in OF_ROLE[role])
    assert not refused, "\n".join(dict.fromkeys(refused))
    stage.close(waiting)


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("role", WORKERS)
def test_whoever_works_is_shown_nothing_that_is_refused(visit: Visit, stage: Stage, role: str) -> None:
    """Also at a case that waits, and at one that a colleague owns."""
    ids = things(stage)
    waiting = stage.alarm("DEMO-0071", "door")
    visitor = visit("en")
    refused = watch(visitor.page, role)
    shown(visitor.enter(added(stage, role)))
    for path in (*(step.path for step in WALK.values()), "/?case={case}", f"/?case={waiting}"):
        look(visitor.page, stage, path.format(**ids), set())
    assert not refused, "\n".join(dict.fromkeys(refused))
    stage.close(waiting)


def added(stage: Stage, role: str) -> str:
    """Somebody who has this role and no other."""
    username = f"{role}.looks"
    stage.query(ADD, username, username, f'["{role}"]')
    return username


def watch(page: Page, role: str) -> list[str]:
    """From now on nothing changes; the list grows by what this role asks for and would not be given."""
    refused: list[str] = []
    actor = Actor("user", "1", role, roles=frozenset({role}))

    def hold_back(route: Route) -> None:
        asked = f"{route.request.method} {urlsplit(route.request.url).path}"
        if route.request.method == "GET" or asked.endswith(("/session", "/floor/me")):
            route.continue_()
            return
        if not is_allowed(actor, asked):
            refused.append(f"{page.url.partition('/console')[2]}: {asked}")
        route.fulfill(status=409, content_type="application/problem+json", body='{"title": "held back", "status": 409}')

    def see(answer: Response) -> None:
        if answer.status == 403:
            refused.append(f"{page.url.partition('/console')[2]}: {answer.request.method} {answer.url}")

    page.add_init_script(ABLE)
    page.route("**/api/v1/**", hold_back)
    page.on("response", see)
    return refused


def is_allowed(actor: Actor, asked: str) -> bool:
    # The literal address before the one with a name in it: /devices/models is not a device.
    route = next(one for one in sorted(PATTERNS, key=lambda one: one.count("<")) if PATTERNS[one].match(asked))
    who = ROUTES[route].who
    return who is SIGNED_IN or any(actor.may(what) for what in (who if isinstance(who, tuple) else (who,)))


def look(page: Page, stage: Stage, path: str, pressed: set[str]) -> None:
    """A place that this role may not see leads home; what it may see is clicked through, but what was ``pressed``."""
    wanted = urlsplit(path).path
    if go(page, stage, path) != wanted:
        return
    chosen = page.evaluate(CHOOSE, ACTS)  # those that were there: one that adds a line would add a button each time
    for n, like in chosen:
        if like in pressed:
            continue
        if not press(page, n):
            break
        page.keyboard.press("Escape")
        if where(page) != wanted:
            go(page, stage, path)
    pressed.update(like for _, like in chosen)


def press(page: Page, n: int) -> bool:
    try:
        return bool(page.evaluate(PRESS, [ACTS, n]))
    except Error as error:
        if "context was destroyed" not in error.message:
            raise
        return True  # it led out of the console


def where(page: Page) -> str:
    return str(page.evaluate("location.pathname")).removeprefix("/console")


def go(page: Page, stage: Stage, path: str) -> str:
    """Answers where that led: home, for whom it is not."""
    # The workplace keeps the case that it shows: another one is shown to whoever comes with its address.
    in_console = page.locator(".frame-main").count() and not path.startswith("/?case=")
    led_to = turn_to(page, path) if in_console else ""
    # Neither there nor home: a button that was clicked is still on its way back, or a form asks whether to leave it.
    if led_to != urlsplit(path).path and not (in_console and led_to == turn_to(page, "/")):
        page.goto(f"{stage.url}/console{path}")
        shown(page)
        led_to = where(page)
    shown(page)
    return led_to


def press_keys(page: Page, *, can_note: bool) -> None:
    for key in KEYS:
        page.locator("body").press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("textarea:visible")).to_have_count(1 if can_note else 0)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+Slash")
    shown_keys = page.get_by_role("dialog").locator("kbd")
    expect(shown_keys.first).to_be_visible()
    keys = shown_keys.all_inner_texts()
    assert {"F2", "F9", "A"}.isdisjoint(keys), keys
    assert ("N" in keys) == can_note
