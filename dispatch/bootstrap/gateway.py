"""The gateway process, put together: the listeners that are switched on, and the corridor that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dispatch.bootstrap.centre import at_work
from dispatch.bootstrap.process import StartRefused
from dispatch.domain.listening import Setup
from dispatch.gateways.frame import Listener
from dispatch.loading import load
from dispatch.services.centre import Centre
from dispatch.services.devices.listening import forget
from dispatch.settings import Settings, load_gateways
from dispatch.workers.gateway import Gateway

# As text: a protocol costs its imports only where it is switched on.
LISTENERS: Mapping[str, str] = {
    "dc09": "dispatch.gateways.dc09.listener:Dc09Listener",
    "scaip": "dispatch.gateways.scaip.listener:ScaipListener",
    "sos_access": "dispatch.gateways.sos_access.listener:SosAccessListener",
    "watch": "dispatch.gateways.watch.listener:WatchListener",
}
"""Protocol -> the class of its listener, ``made(setup)``; in the order of the alphabet."""
COMPOSED: Mapping[str, str] = {
    "asterisk": "dispatch.bootstrap.hotline:asterisk",
    "mqtt": "dispatch.bootstrap.mqtt:listener",
}
"""The same for those that need more than the corridor: a function of ``bootstrap``, ``made(setup, centre)``."""


def gateway_of(chosen: Settings) -> Gateway:
    """Raises ``StartRefused``."""
    wanted = setups(chosen)
    found = at_work(chosen)
    if not wanted:
        raise StartRefused(
            f"no listener is switched on: set `on: true` in {chosen.config_dir / 'gateways.yaml'}, or name some in "
            "DISPATCH_GATEWAYS; where there shall be none any more, say so with `dispatch gateway --forget`"
        )
    return Gateway(found, chosen.gateway_place, {setup.name: (setup, listener_of(setup, found)) for setup in wanted})


def forget_gateway(chosen: Settings) -> None:
    """Raises ``StartRefused``."""
    forget(at_work(chosen), chosen.gateway_place, datetime.now(UTC))


def setups(chosen: Settings) -> list[Setup]:
    """The listeners that are to run. Raises ``StartRefused``."""
    try:
        wanted = load_gateways(chosen)
    except ValueError as error:
        raise StartRefused(str(error)) from error
    known = {**LISTENERS, **COMPOSED}
    for setup in wanted:
        if setup.protocol not in known:
            raise StartRefused(f"config/gateways.yaml, {setup.name}: no protocol {setup.protocol}: use {sorted(known)}")
    return wanted


def listener_of(setup: Setup, centre: Centre) -> Listener:
    """Raises ``StartRefused`` where its options are wrong."""
    made: Listener
    try:
        if setup.protocol in COMPOSED:
            made = _named(COMPOSED[setup.protocol])(setup, centre)
        else:
            made = _named(LISTENERS[setup.protocol])(setup)
    except ValueError as error:
        raise StartRefused(f"config/gateways.yaml, {setup.name}: {error}") from error
    return made


def _named(where: str) -> Any:
    module, _, name = where.partition(":")
    return getattr(load(module), name)
