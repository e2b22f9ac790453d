"""People who open the product in a browser, and what must hold of every page that they see."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError

from tests.browser.stage import Stage
from tests.browser.words import Words

DESK = (1366, 768)
WIDE = (1920, 1080)
SPLIT = (1600, 900)
PHONE = (360, 740)


class Visitor:
    """One browser profile with one page. ``check`` at the end: nothing left the origin, no policy was broken."""

    def __init__(
        self, browser: Browser, stage: Stage, locale: str, size: tuple[int, int], zone: str = "Asia/Shanghai"
    ) -> None:
        self.stage = stage
        self.words = Words(locale)
        self.addresses: list[str] = []
        self.faults: list[str] = []
        self.context = self._context(browser, locale, size, zone)
        self.page = self.context.new_page()

    def go(self, path: str) -> Page:
        self.page.goto(self.stage.url + path)
        return self.page

    def enter(self, username: str, path: str = "/console/") -> Page:
        """Signed in by the demo's short cut, the shift started."""
        self.go(f"/demo/as/{username}?next={path}")
        self.page.get_by_role("button", name=self.words("shift.start")).click()
        return self.page

    def check(self) -> None:
        assert self.addresses, "a visitor who saw nothing proves nothing"
        outside = {address for address in self.addresses if not self._is_ours(address)}
        assert not outside, f"left the origin: {sorted(outside)}"
        assert not self.faults, self.faults

    def _is_ours(self, address: str) -> bool:
        parts = urlsplit(address)
        if parts.scheme in {"data", "blob", "about"}:
            return True
        return parts.netloc == urlsplit(self.stage.url).netloc

    def _context(self, browser: Browser, locale: str, size: tuple[int, int], zone: str) -> BrowserContext:
        kept = [{"name": "console.locale", "value": locale}]
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=locale,
            timezone_id=zone,
            reduced_motion="reduce",
            storage_state={"cookies": [], "origins": [{"origin": self.stage.url, "localStorage": kept}]},
        )
        context.on("request", lambda request: self.addresses.append(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self.addresses.append(socket.url)))
        context.on("console", self._console)
        context.on("weberror", self._web_error)
        return context

    def _console(self, message: ConsoleMessage) -> None:
        # An unreachable server is an error to the browser too, and some tests are about that.
        if message.type == "error" and "Content Security Policy" in message.text:
            self.faults.append(message.text)

    def _web_error(self, error: WebError) -> None:
        self.faults.append(f"uncaught: {error.error}")
