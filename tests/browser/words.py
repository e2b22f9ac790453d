"""The console's own texts, so that the tests find things by what people read."""

from __future__ import annotations

import json

from tests.browser.stage import ROOT

LOCALES = ("zh-CN", "en")
CONSOLE = ("console/src/i18n", "console/src/i18n/screens")


class Words:
    def __init__(self, locale: str, *folders: str) -> None:
        self.locale = locale
        self._texts: dict[str, str] = {}
        for folder in folders or CONSOLE:
            self._texts |= json.loads((ROOT / folder / f"{locale}.json").read_text("utf-8"))

    def __call__(self, key: str, **values: object) -> str:
        one, _, many = self._texts[key].partition(" | ")
        text = many if many and values.get("n") != 1 else one
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def after(self, key: str) -> str:
        """The text after its last gap."""
        return self._texts[key].rpartition("}")[2].strip()

    def before(self, key: str) -> str:
        """The text up to its first gap, for texts whose values the test does not know."""
        return self._texts[key].split("{")[0]
