"""A provider's own price list: by item, each price from a day on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

MOST_FEN = 10_000_000
PriceList = Mapping[str, Iterable[Mapping[str, Any]]]
"""By item ``[{from: 2026-01-01, fen: 4500}]``, oldest first."""


def own_price(prices: PriceList, item: str, day: date) -> int | None:
    """In fen; None where the provider has no price of its own on that day, and the catalogue's counts."""
    valid = [int(one["fen"]) for one in prices.get(item, ()) if date.fromisoformat(one["from"]) <= day]
    return valid[-1] if valid else None


def price_list(written: PriceList, items: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """As it is stored: known items, oldest first, no day twice. Raises ``ValueError`` that names the item."""
    known, found = set(items), {}
    for item, prices in written.items():
        if item not in known:
            raise ValueError(f"{item}: not in the catalogue")
        rows = sorted((date.fromisoformat(str(one["from"])).isoformat(), int(one["fen"])) for one in prices)
        if len({day for day, _ in rows}) < len(rows):
            raise ValueError(f"{item}: two prices from the same day")
        if any(not 0 <= fen <= MOST_FEN for _, fen in rows):
            raise ValueError(f"{item}: a price lies between 0 and {MOST_FEN} fen")
        if rows:
            found[item] = [{"from": day, "fen": fen} for day, fen in rows]
    return found
