"""One product and one browser for all tests of this directory; each test brings its own visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.stage import Stage, launch, open_stage
from tests.browser.visitor import DESK, Visitor

Visit = Callable[..., Visitor]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(900))  # The first one also starts everything.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)  # a busy machine is not a defect
    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def running_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with open_stage(tmp_path_factory.mktemp("stage") / "home") as stage:
        yield stage


@pytest.fixture
def stage(running_stage: Stage) -> Stage:
    running_stage.settle()
    return running_stage


@pytest.fixture
def visit(browser: Browser, stage: Stage) -> Iterator[Visit]:
    """``visit(locale, size, zone)``: somebody with a browser of their own. At the end all are checked."""
    visitors: list[Visitor] = []

    def come(locale: str = "zh-CN", size: tuple[int, int] = DESK, zone: str = "Asia/Shanghai") -> Visitor:
        visitors.append(Visitor(browser, stage, locale, size, zone))
        visitors[-1].page.set_default_timeout(30_000)
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        visitor.check()
