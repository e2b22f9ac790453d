"""Ways for short messages: which there are, when one counts as bad, how much one telephone may get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatch.domain.errors import Permanent

SIMULATED = "simulated"


class Kind(StrEnum):
    HTTP = "http"
    """Kannel's sendsms interface, and whatever speaks like it."""
    SMPP = "smpp"
    ALIYUN = "aliyun"
    TENCENT = "tencent"


CLOUDS = frozenset({Kind.ALIYUN, Kind.TENCENT})
"""They send templates that they have approved, and nothing else."""


@dataclass(frozen=True)
class Template:
    """One of our texts as a network knows it."""

    id: str
    values: Mapping[str, str]
    """Its variables, in their order, each with what it is filled with: ``{who}{age}``, of the words of our text."""

    def fill(self, words: Mapping[str, str]) -> dict[str, str]:
        return {name: form.format_map(words) for name, form in self.values.items()}


@dataclass(frozen=True)
class Gateway:
    name: str
    kind: Kind
    address: str
    """``http://host:port/path`` or ``smpp://host:port``; of a cloud ``https://host``."""
    user: str
    """Of a cloud the id of its access key."""
    sender: str
    """The number that a telephone shows and writes back to; of a cloud the signature that it has approved."""
    app: str = ""
    """Tencent's SdkAppId."""
    region: str = ""
    templates: Mapping[str, Template] = field(default_factory=dict)
    """By the names of ``config/messages.yaml``."""

    @classmethod
    def load(cls, name: str, given: Mapping[str, Any]) -> Gateway:
        templates = {
            ours: Template(str(theirs["id"]), {str(key): str(form) for key, form in theirs.get("values", {}).items()})
            for ours, theirs in (given.get("templates") or {}).items()
        }
        needed = {key: str(given[key]) for key in ("address", "user", "sender")}
        more = {key: str(given.get(key, "")) for key in ("app", "region")}
        return cls(name, Kind(given["kind"]), **needed, **more, templates=templates)


@dataclass(frozen=True)
class SmsRules:
    gateways: Mapping[str, Gateway]
    slow: timedelta
    """Without a receipt for so long: another way is tried."""
    window: timedelta
    """How far back one looks to judge a way."""
    least: int
    """Fewer texts than this in the window say nothing."""
    share: float
    """From this share of slow or failed texts on, a way comes last."""
    per_hour: int
    per_day: int
    """Texts to one telephone that are no emergency; more wait."""

    @classmethod
    def load(cls, body: Mapping[str, Any]) -> SmsRules:
        gateways = {name: Gateway.load(name, given) for name, given in (body["gateways"] or {}).items()}
        if SIMULATED in gateways:
            raise ValueError(f"a gateway cannot be called {SIMULATED}")
        rules = cls(
            gateways=gateways,
            slow=timedelta(seconds=float(body["slow_seconds"])),
            window=timedelta(minutes=float(body["window_minutes"])),
            least=int(body["least"]),
            share=float(body["share"]),
            per_hour=int(body["per_hour"]),
            per_day=int(body["per_day"]),
        )
        if not (
            0 < rules.share <= 1 and 0 < rules.per_hour <= rules.per_day and timedelta(0) < rules.slow < rules.window
        ):
            raise ValueError("share is in (0, 1], per_hour at most per_day, slow_seconds shorter than window_minutes")
        return rules


@dataclass(frozen=True)
class Passed:
    """How one text fared on one way."""

    gateway: str
    sent_at: datetime
    finished_at: datetime | None
    failed: bool


def order(ways: tuple[str, ...], passed: list[Passed], rules: SmsRules, now: datetime) -> tuple[str, ...]:
    """As configured, but bad ways last; two bad ones stay as they are."""

    def bad(way: str) -> bool:
        mine = [p for p in passed if p.gateway == way and (p.finished_at or now - p.sent_at > rules.slow)]
        slow = [p for p in mine if p.failed or (p.finished_at or now) - p.sent_at > rules.slow]
        return len(mine) >= rules.least and len(slow) >= rules.share * len(mine)

    return tuple(sorted(ways, key=bad))


def template_for(gateway: Gateway, name: str) -> Template:
    """Raises ``Permanent``: a cloud cannot send what it has not approved, so the next way must."""
    found = gateway.templates.get(name)
    if found is None:
        raise Permanent(f"{gateway.name} has no template for {name or 'a text without a template'}")
    return found


def national(phone: str) -> str:
    """A Chinese number as people write it, however a gateway does: 8613900139000 and +86 139... are 139..."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) in (10, 11) and digits[len(prefix)] != "0":
            return digits[len(prefix) :]
    return digits
