"""Devices that announce themselves: proposed for the register, never put into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Proposal:
    """``number`` is what it will be registered under; ``name`` what its owner calls it in its own system."""

    number: str
    protocol: str
    model: str = ""
    name: str = ""
    maker: str = ""
    about: str = ""
    bridge: str | None = None
    """The number of the device by which it speaks."""

    def behind(self, bridge: str) -> Self:
        return replace(self, bridge=bridge)
