"""The gateway process, put together: the listeners that are switched on, and the corridor that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dispatch.bootstrap.process import StartRefused
from dispatch.domain.listening import Setup
from dispatch.gateways.frame import Listener
from dispatch.loading import load
from dispatch.services.centre import Centre
from dispatch.settings import Settings, load_gateways

# As text: a protocol costs its imports only where it is switched on.
LISTENERS: Mapping[str, str] = {}
"""Protocol -> the class of its listener, ``made(setup)``; in the order of the alphabet."""
COMPOSED: Mapping[str, str] = {}
"""The same for those that need more than the corridor: a function of ``bootstrap``, ``made(setup, centre)``."""


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
