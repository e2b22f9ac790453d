"""Pictures of every page: ``DISPATCH_SCREENSHOTS=FOLDER python -m tests.browser.screens [PLACE...]``.

In both languages and at both desk sizes; and ``demo-zh.png`` and ``demo-en.png`` for the README.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from dispatch.services.demo.devices import HEROINE
from tests.browser.desk import Desk
from tests.browser.places import PLACES, call, say, settled
from tests.browser.stage import Stage, launch, open_stage
from tests.browser.visitor import DESK, PHONE, SPLIT, WIDE, Visitor
from tests.browser.words import LOCALES

ON_TELEPHONES = {"elder", "phones"}


def main() -> None:
    folder = Path(os.environ["DISPATCH_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or [*PLACES, "readme"]
    with (
        tempfile.TemporaryDirectory() as home,
        open_stage(Path(home) / "home") as stage,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        for locale in LOCALES:
            for place in wanted:
                if place == "readme":
                    readme(browser, stage, locale, folder)
                else:
                    picture(browser, stage, locale, place, folder)
        browser.close()


def picture(browser: Browser, stage: Stage, locale: str, place: str, folder: Path) -> None:
    for size in [PHONE] if place in ON_TELEPHONES else [DESK, WIDE]:
        stage.settle()
        visitor = Visitor(browser, stage, locale, size)
        PLACES[place](visitor, stage)
        shoot(visitor, folder / f"{place}-{locale}-{size[0]}x{size[1]}.png")


def readme(browser: Browser, stage: Stage, locale: str, folder: Path) -> None:
    """In the middle of the demo's story: the case is taken, a note is written, the daughter's telephone rings."""
    stage.settle()
    visitor = Visitor(browser, stage, locale, SPLIT)
    frame = visitor.go("/demo").get_by_title(visitor.words("split.pane.console")).element_handle().content_frame()
    assert frame is not None
    desk = Desk(frame, visitor.words)
    desk.button("shift.start").click()
    desk.is_live()
    case_id = stage.alarm(HEROINE)
    desk.pinned.first.wait_for()
    frame.get_by_role("main").press("F2")
    desk.is_mine()
    say(stage, case_id, {"zh-CN": "老人说头晕，坐在沙发上", "en": "She feels dizzy and sits on the sofa"}[locale])
    call(stage, case_id)
    phones = visitor.page.get_by_title(visitor.words("split.pane.phones")).content_frame
    phones.get_by_role("button", name=visitor.words("sim.answer")).first.wait_for()
    shoot(visitor, folder / f"demo-{locale[:2]}.png")


def shoot(visitor: Visitor, path: Path) -> None:
    settled(visitor.page)
    visitor.page.screenshot(path=path)
    visitor.context.close()
    print(f"{path} {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
