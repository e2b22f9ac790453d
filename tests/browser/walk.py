"""The way to every route of the console, for tests that must leave none out. tests/architecture compares it with the
router: whoever adds a screen adds a line here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

ROUTER = Path(__file__).resolve().parents[2] / "console/src/console/router.ts"


@dataclass(frozen=True)
class Step:
    who: str
    """The demo's user who may see it."""
    path: str
    """Below ``/console``; ``{case}``, ``{elder}``, ``{device}``, ``{worker}`` and ``{station}`` stand for ids."""
    more: tuple[str, ...] = ()
    """Queries that show other parts of the same screen."""


WALK: dict[str, Step] = {
    "workplace": Step("supervisor", "/"),
    "case": Step("supervisor", "/case/{case}"),
    "history": Step("supervisor", "/cases"),
    "signals": Step("supervisor", "/unreadable"),
    "map": Step("supervisor", "/map"),
    "supervision": Step("supervisor", "/supervision"),
    "matching": Step("supervisor", "/matching"),
    "handover": Step("supervisor", "/handover"),
    "quality": Step("supervisor", "/quality"),
    "visit-checks": Step("supervisor", "/quality/visits"),
    "visit-calls": Step("supervisor", "/quality/calls"),
    "coaching": Step("supervisor", "/quality/helpers", ("worker=1",)),
    "followups": Step("supervisor", "/follow-ups", ("view=late", "view=done")),
    "engine": Step("supervisor", "/engine"),
    "privacy": Step("supervisor", "/privacy"),
    "imports": Step("supervisor", "/imports"),
    "duplicates": Step("supervisor", "/duplicates"),
    "account": Step("supervisor", "/account"),
    "users": Step("admin", "/users"),
    "tokens": Step("admin", "/tokens"),
    "trail": Step("admin", "/trail"),
    "elders": Step("supervisor", "/elders", ("q=zzzz", "missing=phone")),
    "elder-new": Step("supervisor", "/elders/new"),
    "spread": Step("supervisor", "/elders/spread"),
    "due": Step("supervisor", "/elders/due", ("state=due", "mark=safety_net")),
    "circle": Step("supervisor", "/elders/circle"),
    "elder": Step(
        "supervisor",
        "/elders/{elder}",
        ("tab=groups", "tab=assessments", "tab=consents", "tab=visits", "tab=orders", "tab=cases", "tab=trail"),
    ),
    "people": Step("supervisor", "/people", ("q=zzzz", "lacks=hours")),
    "person": Step("supervisor", "/people/{worker}"),
    "expiring": Step("supervisor", "/people/expiring", ("within=expired",)),
    "gaps": Step("supervisor", "/people/gaps", ("skill=nursing&level=5",)),
    "fairness": Step("supervisor", "/people/fairness"),
    "providers": Step("supervisor", "/providers"),
    "stations": Step("supervisor", "/stations"),
    "station": Step("supervisor", "/stations/{station}/day"),
    "duty": Step("supervisor", "/duty"),
    "services": Step("supervisor", "/services", ("tab=board&span=day", "span=day&by=area")),
    "visits": Step("supervisor", "/visits", ("only=at_risk", "tab=rates", "tab=rounds", "tab=months", "month=2020-01")),
    "visit-plan": Step("supervisor", "/visits/plan"),
    "devices": Step("supervisor", "/devices", ("tab=unknown", "tab=unknown&q=zzzz", "tab=gateways")),
    "device": Step("supervisor", "/devices/{device}"),
    "meaning": Step("supervisor", "/devices/meaning", ("number=DEMO-0001", "number=zzzz")),
}


PUSH = """async (path) => {
  await document.querySelector("#app").__vue_app__.config.globalProperties.$router.push(path)
  await new Promise((drawn) => setTimeout(drawn, 50))
  return location.pathname
}"""


def turn_to(page: Page, path: str) -> str:
    """To another screen of the console as a link leads there, nothing loaded anew; answers where that led."""
    return str(page.evaluate(PUSH, path)).removeprefix("/console")


def names_in_router() -> set[str]:
    return set(re.findall(r"\bname: '([\w-]+)'", ROUTER.read_text("utf-8")))
