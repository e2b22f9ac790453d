"""Values out of messages that anybody may have written: bounded, clean, of the type that they should have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

LONGEST_MESSAGE = 64 * 1024
LONGEST_INVENTORY = 8 * 1024 * 1024
LONGEST_TEXT = 200
LONGEST_NUMBER = 100
LARGEST = 1e15
"""No device measures more; a count of milliseconds is less."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
MILLISECONDS = 10_000_000_000
"""A count since 1970 above this one is of milliseconds: seconds reach it in the year 2286."""


class NotRead(Exception):
    """Why a message could not be understood, for an operator."""


def text(payload: bytes, longest: int = LONGEST_MESSAGE) -> str:
    if len(payload) > longest:
        raise NotRead(f"longer than {longest} bytes")
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        raise NotRead("not in UTF-8") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def json_of(payload: bytes, longest: int = LONGEST_MESSAGE) -> Any:
    decoded = text(payload, longest)
    try:
        return json.loads(decoded, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotRead(f"no JSON: {str(error)[:100]}") from None


def object_of(payload: bytes, longest: int = LONGEST_MESSAGE) -> dict[str, Any]:
    found = json_of(payload, longest)
    if not isinstance(found, dict):
        raise NotRead("JSON, but no object")
    return found


def clean(value: str, longest: int = LONGEST_TEXT) -> str:
    """Without what the database or a screen cannot hold."""
    kept = "".join(c if c.isprintable() else "\ufffd" for c in value[:longest])
    return kept.encode("utf-8", "replace").decode("utf-8")


def word(value: Any) -> str | None:
    """A short text, or None for whatever is none."""
    return clean(value.strip()) if isinstance(value, str) and value.strip() else None


def inside(value: Any, *keys: str) -> Any:
    """What stands under ``keys``, one within the other; None where there is nothing of the kind."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def table(value: Any, *keys: str) -> Mapping[str, Any]:
    """What stands under ``keys``, where that has names of its own; else empty."""
    found = inside(value, *keys)
    return found if isinstance(found, Mapping) else {}


def number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and abs(found) < LARGEST else None


def percent(value: Any) -> int | None:
    found = number(value)
    return round(found) if found is not None and 0 <= found <= 100 else None


def moment(value: Any) -> datetime | None:
    """ISO 8601 (with nanoseconds too), or a count of seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(_to_microseconds(value.strip()[:40]))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif (count := number(value)) is not None:
            found = datetime.fromtimestamp(count / 1000 if count > MILLISECONDS else count, UTC)
        else:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found >= EARLIEST else None


def _to_microseconds(value: str) -> str:
    head, dot, rest = value.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{head}{dot}{digits[:6]}{rest[len(digits) :]}"
