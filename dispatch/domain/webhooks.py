"""Clouds that bring by HTTP what devices said to them: in which form, from where, under which number. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Self

from dispatch.domain.configuration import only

Network = IPv4Network | IPv6Network
ANYWHERE = "anywhere"
WINDOW = 300
"""Seconds, where a source that signs a time says nothing else."""


class Form(StrEnum):
    CTWING = "ctwing"
    ONENET = "onenet"
    """The only one that signs what it brings."""
    TTN = "ttn"
    TRACCAR = "traccar"
    PLAIN = "plain"


NUMBERS: dict[Form, tuple[str, ...]] = {
    Form.CTWING: ("deviceId", "IMEI", "deviceSn"),
    Form.ONENET: ("deviceName",),
    Form.TTN: ("dev_eui", "device_id"),
    Form.TRACCAR: ("uniqueId",),
    Form.PLAIN: ("device",),
}
"""Under which name a form gives the number of its device; the first one where the source says nothing else."""


@dataclass(frozen=True)
class Source:
    """One cloud of ``config/webhooks.yaml``."""

    name: str
    form: Form
    on: bool
    networks: tuple[Network, ...]
    """From where it may call; empty: from anywhere."""
    number: str
    window: timedelta = timedelta(0)
    """How far the time inside of what is signed may be from ours; zero: as far as it likes, or nothing is signed."""
    secret: str = field(default="", repr=False)
    """The token that it shows, or with which it signs."""
    key: str = field(default="", repr=False)
    """With which it encrypts, where it does."""

    @classmethod
    def load(cls, name: str, data: Any) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        # YAML reads the word `on` as true.
        body = only(
            {"on" if key is True else key: value for key, value in data.items()},
            ("form", "on", "from", "number", "window_seconds"),
        )
        form = Form(body["form"])
        given = body.get("from") or []
        if type(body.get("on", False)) is not bool or not isinstance(given, list):
            raise ValueError(f"{name}: on is true or false, from a list of networks")
        if not given and form is not Form.ONENET:
            raise ValueError(
                f"{name}: {form} signs nothing: say from where it calls (from: [10.0.0.0/8]), or {ANYWHERE}"
            )
        number = str(body.get("number", NUMBERS[form][0]))
        if number not in NUMBERS[form]:
            raise ValueError(f"{name}: number is one of {', '.join(NUMBERS[form])}")
        window = body.get("window_seconds", WINDOW if form is Form.ONENET else 0)
        if type(window) is not int or window < 0 or (window and form is not Form.ONENET):
            raise ValueError(f"{name}: window_seconds is a number of seconds, and of a form that signs a time: onenet")
        networks = tuple(ip_network(str(one)) for one in given if one != ANYWHERE)
        return cls(
            name, form, body.get("on", False), () if ANYWHERE in given else networks, number, timedelta(seconds=window)
        )

    def is_out_of_time(self, told: datetime | None, now: datetime) -> bool:
        """Whether the time that was signed says that this was said long ago, or is to be said one day."""
        return bool(self.window) and told is not None and abs(now - told) > self.window

    def is_allowed(self, address: str) -> bool:
        try:
            caller = ip_address(address)
        except ValueError:
            return not self.networks
        return not self.networks or any(caller in network for network in self.networks)


def load_sources(data: Mapping[str, Any]) -> dict[str, Source]:
    """``config/webhooks.yaml``; raises KeyError, ValueError or TypeError."""
    return {str(name): Source.load(str(name), body) for name, body in (data or {}).items()}
