"""Alarms while the database is away: one fsynced file each, answered, and brought in exactly once when it is back.

A device's signal and an elder's press of "help" go the same way. A file's name sorts by the time it came, so the order
of each device is kept. Authority is checked when it is brought in: an alarm must not be refused because the table of
tokens is away. What a listener of our own has kept needs none.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import DataError

from dispatch.domain.actor import require
from dispatch.domain.errors import DispatchError, Unavailable
from dispatch.domain.permissions import May
from dispatch.domain.signals import SignalKind
from dispatch.services.accounts import machine_by_digest
from dispatch.services.centre import Centre
from dispatch.services.elder_page import Press, call_for_help
from dispatch.services.intake import Incoming, receive_signal

log = structlog.get_logger()
MIN_FREE = 256 * 1024 * 1024
"""Bytes of the disk left alone: a storm must not take the room that the database needs to come back."""


@dataclass(frozen=True)
class Spooled:
    incoming: Incoming
    token_digest: str | None
    """None: a listener of our own took it."""


Kept = Spooled | Press


def keep(directory: Path, kept: Kept) -> None:
    """Write ``kept`` so that it survives a power cut. Raises ``Unavailable`` when even that fails: do not answer."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(directory).free < MIN_FREE:
            raise Unavailable("the spool is full and the database is away: try the next receiver")
        at = kept.now if isinstance(kept, Press) else kept.incoming.received_at
        stamp = at.strftime("%Y%m%dT%H%M%S%f")
        final = directory / f"{stamp}-{uuid4().hex}.json"
        descriptor, temporary = _create(final)
        try:
            line = memoryview(_line(kept))
            while line:  # a nearly full disk takes a part
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.rename(final)
        _sync(directory)
    except OSError as error:
        raise Unavailable(f"neither the database nor the spool can be written: {error.strerror}") from error


def waiting(directory: Path) -> int:
    try:
        return sum(1 for entry in os.scandir(directory) if entry.name.endswith(".json"))
    except FileNotFoundError:
        return 0


def drain(directory: Path, bring_in: Callable[[Kept], Any], limit: int = 500) -> int:
    """Bring in what waits, oldest first; returns how many. Stops at the first sign that the database is still away.

    Several processes may call it: one at a time works. A file that cannot be read, or whose token is not valid, is put
    aside into ``rejected/`` and never thrown away.
    """
    if waiting(directory) == 0:
        return 0
    done = 0
    with _alone(directory) as mine:
        if not mine:
            return 0
        for path in sorted(directory.glob("*.json"))[:limit]:
            try:
                bring_in(_read(path))
            except (DispatchError, ValueError, KeyError, TypeError, AttributeError, DataError) as error:
                log.warning("spool_rejected", file=path.name, reason=type(error).__name__)
                _put_aside(directory, path)
                continue
            path.unlink()
            done += 1
        _sync(directory)
    return done


def rejected(directory: Path) -> int:
    return waiting(directory / "rejected")


def _put_aside(directory: Path, path: Path) -> None:
    aside = directory / "rejected"
    aside.mkdir(exist_ok=True)
    path.rename(aside / path.name)


def _create(final: Path) -> tuple[int, Path]:
    temporary = final.with_suffix(".part")
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), temporary


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(directory: Path) -> Iterator[bool]:
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _line(kept: Kept) -> bytes:
    what, body = ("press", _press_json(kept)) if isinstance(kept, Press) else ("signal", _signal_json(kept))
    text = json.dumps(body, ensure_ascii=True)
    return json.dumps({"sha256": hashlib.sha256(text.encode()).hexdigest(), what: text}).encode() + b"\n"


def _press_json(press: Press) -> dict[str, Any]:
    return {"card": press.card, "at": press.now.isoformat(), "key": press.key}


def _signal_json(spooled: Spooled) -> dict[str, Any]:
    incoming = spooled.incoming
    return {
        "id": str(incoming.id),
        "device": incoming.device,
        "kind": incoming.kind.value,
        "event_id": incoming.event_id,
        "occurred_at": incoming.occurred_at and incoming.occurred_at.isoformat(),
        "received_at": incoming.received_at.isoformat(),
        "data": incoming.data,
        "raw": base64.b64encode(incoming.raw).decode(),
        "source": incoming.source,
        "token_digest": spooled.token_digest,
    }


def _read(path: Path) -> Kept:
    outer = json.loads(path.read_bytes())
    what = "press" if "press" in outer else "signal"
    if hashlib.sha256(outer[what].encode()).hexdigest() != outer["sha256"]:
        raise ValueError("checksum does not match")
    body = json.loads(outer[what])
    if what == "press":
        return Press(body["card"], datetime.fromisoformat(body["at"]), body["key"], spooled=True)
    return _signal_of(body)


def _signal_of(body: dict[str, Any]) -> Spooled:
    incoming = Incoming(
        id=UUID(body["id"]),
        device=body["device"],
        kind=SignalKind(body["kind"]),
        event_id=body["event_id"],
        occurred_at=datetime.fromisoformat(body["occurred_at"]) if body["occurred_at"] else None,
        received_at=datetime.fromisoformat(body["received_at"]),
        data=body["data"],
        raw=base64.b64decode(body["raw"]),
        source=body["source"],
        spooled=True,
    )
    return Spooled(incoming, body["token_digest"])


def bring_in(centre: Centre, kept: Kept) -> None:
    """Take one alarm out of the spool: its token or card must be valid now, then it goes the way of every other."""
    if isinstance(kept, Press):
        call_for_help(centre, kept)
        return
    if kept.token_digest is None:
        receive_signal(centre, kept.incoming)
        return
    actor = machine_by_digest(centre, kept.token_digest)
    require(actor, May.SIGNALS)
    receive_signal(centre, replace(kept.incoming, source=actor.name))
