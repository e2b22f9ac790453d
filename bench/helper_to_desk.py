"""From the button on a helper's telephone to the step painted on the operator's console.

.venv/bin/python bench/helper_to_desk.py [--rounds 10] [--save]

The whole product with the demo's data: PostgreSQL, Redis, one web process, worker, two clocks; two Chromium pages, the
helper's telephone and the desk with the case open. Each round is one emergency: accepted, set off, checked in, checked
out. ``pressed`` counts from the touch of the button, ``answered`` from the moment at which the telephone has the
centre's answer; both end with the frame in which the case shows the step. All of it shares this machine's processors.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rig import percentile, report

from tests.browser.stage import Stage, act, launch, open_stage
from tests.browser.visitor import PHONE, Visitor
from tests.browser.words import Words

TEXTS = "console/src/provider/texts"
STEPS = {"accept": "accepted", "depart": "en_route", "arrive": "arrived", "complete": "completed"}
WATCH = """() => {
  window.benchSteps = {}
  const look = () => {
    const state = document.querySelector('[data-testid=case-view] [data-testid=job]')?.dataset.state
    if (!state || state in window.benchSteps) return
    window.benchSteps[state] = 0
    requestAnimationFrame(() => { const painted = new MessageChannel()
      painted.port1.onmessage = () => { window.benchSteps[state] = Date.now() }
      painted.port2.postMessage(0) })
  }
  new MutationObserver(look).observe(document.body,
    { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] })
}"""
ANSWERED = """(path) => {
  const found = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith(path))
  return found.length ? performance.timeOrigin + found.at(-1).responseEnd : 0 }"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    took: dict[str, list[tuple[float, float]]] = {step: [] for step in STEPS}
    with (
        tempfile.TemporaryDirectory() as home,
        open_stage(Path(home) / "home") as stage,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        phone = Visitor(browser, stage, "zh-CN", PHONE, "Asia/Shanghai")
        desk = Visitor(browser, stage, "zh-CN", (1366, 768), "Asia/Shanghai")
        phone.context.grant_permissions(["geolocation"])
        phone.go("/demo/as/provider?next=/provider")
        desk.enter("operator")
        for _ in range(given.rounds):
            emergency(stage, phone, desk, took)
        browser.close()
    report("helper_to_desk", [row(step, times) for step, times in took.items()], save=given.save)


def row(step: str, times: list[tuple[float, float]]) -> dict[str, Any]:
    pressed, answered = [a for a, _ in times], [b for _, b in times]
    return {
        "step": step,
        "pressed p50 ms": percentile(pressed, 0.5),
        "pressed max ms": max(pressed),
        "answered p50 ms": percentile(answered, 0.5),
        "answered max ms": max(answered),
    }


def emergency(stage: Stage, phone: Visitor, desk: Visitor, took: dict[str, list[tuple[float, float]]]) -> None:
    words, hand = Words("zh-CN", TEXTS), stage.desk("operator")
    case_id = stage.alarm(stage.quiet_device(), "fall")
    taken = act(hand, case_id, "take")
    ((lat, lon),) = stage.query(
        "SELECT h.lat, h.lon FROM cases c JOIN households h ON h.id = c.household_id WHERE c.id = %s", case_id
    )
    phone.context.set_geolocation({"latitude": lat, "longitude": lon, "accuracy": 20})
    desk.go(f"/console/?case={case_id}")
    desk.page.get_by_test_id("case-view").wait_for()
    desk.page.evaluate(WATCH)
    ((worker,),) = stage.query("SELECT w.id FROM workers w JOIN users u ON u.id = w.user_id LIMIT 1")
    wanted = {"mode": "direct", "workers": [str(worker)], "reason": "near", "version": taken["version"]}
    assert hand.post(f"/cases/{case_id}/offers", json=wanted).status_code == 201

    def press(key: str) -> None:
        phone.page.get_by_role("button", name=words(key), exact=True).click()

    def step(name: str, key: str) -> None:
        took[name].append(measured(phone.page, desk.page, name, lambda: press(key)))

    step("accept", "offer.accept")
    press("offer.to_job")
    step("depart", "job.depart")
    press("job.there")
    phone.page.get_by_text(words.before("place.near")).wait_for()
    step("arrive", "in.go")
    press("job.done")
    phone.page.get_by_label(words("done.lifted_up")).check()
    phone.page.get_by_label(words("out.well"), exact=True).check()
    step("complete", "out.go")
    stage.close(case_id)
    phone.page.evaluate("location.hash = ''")


def measured(phone: Page, desk: Page, name: str, press: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds from the press, and from its answer, to the painted step."""
    time.sleep(2)  # what the step before has set off is over
    pressed = time.time() * 1000
    press()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        painted = desk.evaluate("(state) => window.benchSteps[state] || 0", STEPS[name])
        answered = phone.evaluate(ANSWERED, f"/{name}")
        if painted and answered:
            return painted - pressed, painted - answered
        time.sleep(0.02)
    raise RuntimeError(f"{name} was never seen at the desk")


if __name__ == "__main__":
    main()
