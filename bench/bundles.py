"""What a page of the console costs before it shows anything: kilobytes of each entry, and the first contentful paint.

.venv/bin/python bench/bundles.py [--save] [--runs 5]

Paint is measured in Chromium with a cold cache at 10 Mbit/s, 20 ms of delay and a processor slowed down twice. The web
process sends files as they are; behind the proxy they are compressed, so pages come sooner there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from rig import ROOT, report, rig

DIST = ROOT / "console" / "dist"
LARGEST_JS_KB = 220
"""Budget for the console's first scripts, compressed."""
LATEST_PAINT_MS = 1000
PAGES = {"index.html": "/console/", "demo.html": "/demo", "phones.html": "/demo/phones"}
TEN_MBIT = {"offline": False, "latency": 20, "downloadThroughput": 1_250_000, "uploadThroughput": 1_250_000}
PAINTED = "performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0] ?? null"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    table = [size(entry) for entry in PAGES]
    with rig(10, webs=1, roles=("clock",)) as ours, sync_playwright() as playwright:
        program = os.environ.get("DISPATCH_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        for row in table:
            url = ours.product.url("web1") + PAGES[row["page"]]
            paints = [paint(browser, url) for _ in range(options.runs)]
            row["first paint ms (median)"] = statistics.median(paints)
        browser.close()
    console = table[0]
    within = console["js kB gz"] <= LARGEST_JS_KB and console["first paint ms (median)"] <= LATEST_PAINT_MS
    note = (
        f"budget of the console: {LARGEST_JS_KB} kB of script, {LATEST_PAINT_MS} ms: {'kept' if within else 'BROKEN'}"
    )
    report("bundles", table, save=options.save, note=note)


def size(entry: str) -> dict[str, Any]:
    manifest = json.loads((DIST / "manifest.json").read_text())
    chunks = set(needed(manifest, entry))
    styles = {css for chunk in chunks for css in manifest[chunk].get("css", ())}
    return {
        "page": entry,
        "js kB gz": sum(compressed(DIST / manifest[chunk]["file"]) for chunk in chunks) / 1000,
        "css kB gz": sum(compressed(DIST / css) for css in styles) / 1000,
        "files": len(chunks) + len(styles),
    }


def needed(manifest: dict[str, Any], chunk: str) -> Iterator[str]:
    """The chunk and all that it imports before it can run; not what it loads later."""
    yield chunk
    for imported in manifest[chunk].get("imports", ()):
        yield from needed(manifest, imported)


def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 6))


def paint(browser: Browser, url: str) -> float:
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    tools = context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", TEN_MBIT)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": 2})
    page.goto(url, wait_until="load")
    page.wait_for_function(f"({PAINTED}) !== null")
    found = float(page.evaluate(PAINTED))
    context.close()
    return found


if __name__ == "__main__":
    main()
