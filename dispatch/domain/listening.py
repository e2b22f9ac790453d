"""Which listeners for devices are switched on, where they listen, and what strangers hear from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

LOCAL = "127.0.0.1"
NONE = "none"


class Unknown(StrEnum):
    """What a device that nobody has registered hears after its alarm. Stored, with a case, it is in any event."""

    REFUSE = "refuse"
    """The protocol's own "not treated": it tries its next receiver."""
    ACCEPT = "accept"


@dataclass(frozen=True)
class Setup:
    """One listener as ``config/gateways.yaml`` describes it."""

    name: str
    protocol: str
    on: bool
    demo: bool
    """On in the demo too, and there on this machine alone: a server that needs no one else."""
    host: str
    port: int
    """Of a server 0 means any free one."""
    unknown: Unknown
    options: Mapping[str, Any]
    """What the protocol alone knows; ``chosen`` reads them."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of ``DISPATCH_GATEWAY_SECRETS``, by what follows the name of the listener; its own password has the key ""."""

    @classmethod
    def load(cls, name: str, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, ValueError or TypeError."""
        if not isinstance(data, Mapping):
            raise ValueError(f"{name}: give it host and port")
        # YAML takes the word "on" for "true".
        data = {"on" if str(key) == "True" else str(key): value for key, value in data.items()}
        known = {"protocol", "on", "demo", "host", "port", "unknown", "options"}
        if wrong := sorted(set(data) - known):
            raise ValueError(f"{name}: {wrong[0]} is not known: use {', '.join(sorted(known))}")
        on, demo, port = data.get("on", False), data.get("demo", False), data["port"]
        if type(on) is not bool or type(demo) is not bool:
            raise ValueError(f"{name}: on and demo are true or false")
        if type(port) is not int or not 0 <= port <= 65535:
            raise ValueError(f"{name}: port is a number from 0 to 65535, and not {port!r}")
        return cls(
            name=name,
            protocol=str(data.get("protocol", name)),
            on=on,
            demo=demo,
            host=str(data.get("host", LOCAL)),
            port=port,
            unknown=Unknown(data.get("unknown", Unknown.REFUSE)),
            options=dict(data.get("options") or {}),
        )

    def chosen(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """``options`` over ``defaults``. Raises ValueError for one that is not among them or is of another type."""
        for option, value in self.options.items():
            if option not in defaults:
                raise ValueError(f"{self.name}: there is no option {option}: use {', '.join(sorted(defaults))}")
            default = defaults[option]
            is_number = isinstance(default, float) and type(value) is int
            if default is not None and type(value) is not type(default) and not is_number:
                raise ValueError(f"{self.name}: {option} is a {type(default).__name__}, and not {value!r}")
        return {**defaults, **self.options}


def load_setups(data: Mapping[str, Any]) -> dict[str, Setup]:
    """``config/gateways.yaml`` by name; raises KeyError, ValueError or TypeError."""
    return {str(name): Setup.load(str(name), body) for name, body in (data or {}).items()}


def switched_on(setups: Mapping[str, Setup], wanted: str, *, demo: bool) -> list[Setup]:
    """Those that are to run. ``wanted`` (``DISPATCH_GATEWAYS``) names them, ``none`` or each with a port of its own
    (``dc09:4041``); empty, the file says. Raises ValueError.
    """
    if not wanted.strip():
        if demo:
            return [replace(setup, on=True, host=LOCAL) for setup in setups.values() if setup.demo]
        return [setup for setup in setups.values() if setup.on]
    found = []
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        name, _, port = word.partition(":")
        if name == NONE:
            continue
        if name not in setups:
            raise ValueError(f"DISPATCH_GATEWAYS: {name} is not known: {', '.join(setups)} are, or {NONE}")
        if port and not (port.isdecimal() and int(port) <= 65535):
            raise ValueError(f"DISPATCH_GATEWAYS: {port} is no port")
        setup = replace(setups[name], on=True, port=int(port) if port else setups[name].port)
        found.append(replace(setup, host=LOCAL) if demo and setup.demo else setup)
    return found


def secrets_of(given: str, name: str) -> dict[str, str]:
    """``name:secret`` and ``name/part:secret``, by commas or a line each, those of one listener by their part."""
    found = {}
    for line in given.replace(",", "\n").splitlines():
        owner, _, secret = line.strip().partition(":")
        listener, _, part = owner.partition("/")
        if listener == name and secret:
            found[part] = secret
    return found


class Work(StrEnum):
    """What a listener does at the moment."""

    STARTING = "starting"
    HEARING = "hearing"
    DOWN = "down"
    STOPPED = "stopped"
    """In order, by somebody: its devices are not heard all the same."""


BEAT = 10.0
"""Seconds after which a gateway process says again how it is, even where nothing has changed."""
SILENT = timedelta(seconds=45)
"""A process that has not said anything for so long is silent."""
AGAIN = timedelta(seconds=30)
"""And for so long again it is given the time: perhaps it was we who were away, or the database."""
DOWN = timedelta(seconds=120)
"""A listener that does not hear for so long is a case: a broker that is started anew is back sooner."""
