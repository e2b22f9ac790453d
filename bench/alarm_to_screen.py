"""From the moment a device begins to send to the moment the row is painted in an operator's browser.

.venv/bin/python bench/alarm_to_screen.py [--rates 1 20 50] [--seconds 20] [--no-storm] [--save]

Twenty consoles are connected to two web processes: one Chromium with the product's own console, and nineteen without
a screen. All alarms are SOS of different homes, so each is a new row of the highest severity. A page script notes when
the frame with the row was painted, on the same clock as the sender's.
The storm afterwards holds 300 alarms a second for a minute over 600 homes, to the consoles without a screen.
Everything shares this machine's processors: servers, databases, browser and load generator.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rig import ROOT, Rig, generate, percentile, report, rig
from sqlalchemy import select

from dispatch.models.cases import CaseEvent
from tests.support.load import centre_over

CONSOLES = 20
STORM_RATE, STORM_SECONDS, STORM_HOMES = 300, 60, 600
WARM = 20
WATCH = """
(() => {
  const seen = new Set(), fresh = [], painted = new MessageChannel();
  let asked = false;
  window.benchRows = {};
  painted.port1.onmessage = () => {
    const at = (performance.timeOrigin + performance.now()) / 1000;
    for (const id of fresh.splice(0)) window.benchRows[id] = at;
  };
  function frame() {
    asked = false;
    const list = document.querySelector('[role=grid]');
    if (list) list.scrollTop = 1e7;
    for (const row of document.querySelectorAll('[data-case-id]')) {
      const id = row.dataset.caseId;
      if (!seen.has(id)) { seen.add(id); fresh.push(id); }
    }
    if (fresh.length) painted.port2.postMessage(0);
  }
  function changed() {
    if (!asked) requestAnimationFrame(frame);
    asked = true;
  }
  document.addEventListener('DOMContentLoaded', () => new MutationObserver(changed).observe(document.body, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-case-id'],
  }));
})();
"""
"""New rows come in at the end of their severity, so the list is kept scrolled to its end: once a frame, for each time
makes the browser lay out the page. A message posted from the last animation frame callback is handled after that frame
was painted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="*", default=[1, 20, 50])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--no-storm", action="store_true")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    table: list[dict[str, Any]] = []
    for rate in options.rates:  # each on a fresh centre: the list begins empty, nothing of the run before escalates
        with rig(int(rate * options.seconds) + WARM + 1, webs=2) as ours:
            table += new_cases(ours, rate, options.seconds, browser=not options.no_browser)
    if not options.no_storm:
        with rig(STORM_HOMES, webs=2) as ours:
            table += storm(ours)
    report("alarm_to_screen", table, save=options.save)


def new_cases(ours: Rig, rate: float, seconds: float, *, browser: bool) -> list[dict[str, Any]]:
    with sync_playwright() as playwright, silent(ours, CONSOLES - browser) as consoles:
        page = open_console(playwright, ours) if browser else None
        generate(ours.load(connections=8, kinds=["sos"], rate=10, seconds=WARM / 10))
        load = ours.load(connections=8, kinds=["sos"], rate=rate, seconds=seconds, first=WARM, keep="case_id")
        sent = generate(load)
        time.sleep(3)
        painted = page.evaluate("window.benchRows") if page else {}
        frames = end(consoles)
    began = dict(zip(sent["kept"], sent["began"], strict=True))
    arrived = arrivals(frames)
    rows = [
        line(rate, "answered to the device", sent["took"], len(began)),
        line(
            rate,
            "arrived at two silent consoles",
            [at[case_id][0][1] - t for at in arrived.values() for case_id, t in began.items() if case_id in at],
            2 * len(began),
        ),
    ]
    if page:
        shown = [painted[case_id] - t for case_id, t in began.items() if case_id in painted]
        rows.append(line(rate, "painted in Chromium", shown, len(began)))
    return rows


def storm(ours: Rig) -> list[dict[str, Any]]:
    """Homes call again and again: what must arrive is the row that counts this very signal."""
    with silent(ours, CONSOLES) as consoles:
        load = ours.load(connections=16, rate=STORM_RATE, seconds=STORM_SECONDS, homes=STORM_HOMES, keep="signal_id")
        sent = generate(load)
        time.sleep(3)
        frames = end(consoles)
    counts = signal_counts(ours)
    waits = []
    for rows in arrivals(frames).values():
        for signal_id, t in zip(sent["kept"], sent["began"], strict=True):
            case_id, count = counts.get(signal_id, ("", 0))
            waits += [at - t for shown, at in rows[case_id] if shown >= count][:1]
    what = f"{STORM_RATE}/s for {STORM_SECONDS} s over {STORM_HOMES} homes: "
    return [
        line(STORM_RATE, what + "answered to the device", sent["took"], STORM_RATE * STORM_SECONDS),
        line(STORM_RATE, what + "arrived at two silent consoles", waits, 2 * STORM_RATE * STORM_SECONDS),
    ]


def line(rate: float, what: str, seconds: list[float], expected: int) -> dict[str, Any]:
    shares = {"p50 ms": 0.5, "p99 ms": 0.99, "max ms": 1.0}
    found = {name: percentile(seconds, share) * 1000 for name, share in shares.items()}
    return {"alarms": what, "rate": rate, "measured": len(seconds), "of": expected, **found}


@contextmanager
def silent(ours: Rig, count: int) -> Iterator[subprocess.Popen[str]]:
    """Consoles without a screen that are connected and listening."""
    command = [sys.executable, str(ROOT / "bench" / "consoles.py")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        wanted = {"ports": list(ours.product.ports.values()), "token": ours.city.token, "count": count}
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the consoles could not connect: see above")
        yield process
    finally:
        process.kill()
        process.wait(10)


def end(consoles: subprocess.Popen[str]) -> list[tuple[int, float, str]]:
    output, _ = consoles.communicate("")
    frames: list[tuple[int, float, str]] = json.loads(output)["frames"]
    return frames


def arrivals(frames: list[tuple[int, float, str]]) -> dict[int, dict[str, list[tuple[int, float]]]]:
    """By port and case: how many signals the row counted, and when it came."""
    found: dict[int, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for port, at, frame in frames:
        for op in json.loads(frame)[1]["ops"]:
            found[port][op["row"]["id"]].append((op["row"]["signals"], at))
    return found


def signal_counts(ours: Rig) -> dict[str, tuple[str, int]]:
    """For each signal its case, and how many signals that case had with it."""
    centre = centre_over(ours.postgres.url(ours.database), ours.product.data_dir)
    with centre.database.reads() as session:
        events = session.execute(
            select(CaseEvent.case_id, CaseEvent.data).where(CaseEvent.kind.in_(("opened", "repeat")))
        ).all()
    centre.database.engine.dispose()
    return {data["signal_id"]: (str(case_id), data.get("count", 1)) for case_id, data in events}


def open_console(playwright: Any, ours: Rig) -> Page:
    """The product's console in Chromium, signed in, with its list on the screen."""
    program = os.environ.get("DISPATCH_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
    context = browser.new_context(viewport={"width": 1600, "height": 1000}, base_url=ours.product.url("web1"))
    signed_in = context.request.post(
        "/api/v1/session", data={"username": ours.city.operator, "password": ours.city.password}
    )
    if not signed_in.ok:
        raise RuntimeError(f"the operator was not let in: {signed_in.text()}")
    page: Page = context.new_page()
    page.add_init_script(WATCH)
    page.goto("/console/")
    page.locator(".shift-go").click()
    page.mouse.move(1, 1)  # under the pointer rows keep their places and new ones only are counted
    page.wait_for_timeout(3000)
    return page


if __name__ == "__main__":
    main()
