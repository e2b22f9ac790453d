"""Who works on an import: handed to a worker, claimed with a lease, taken from one that has gone silent.

A claim is a name in the row. Every transaction of the work asks for its own name last; who finds another one has lost
the import and commits nothing more. So it is never applied twice, however many workers believe that it is theirs.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from dispatch.domain.imports.state import WORKING, ImportState, ImportTrigger, follow
from dispatch.models.imports import Import
from dispatch.services.centre import Centre
from dispatch.services.imports import files
from dispatch.services.imports.uploads import forget_contents, set_state

log = structlog.get_logger()
LEASE = timedelta(seconds=60)
HANDOVER = timedelta(seconds=10)
"""How long the broker may take to find a worker before the clock does it itself."""
TRIES = 3
LIMIT = 5


@dataclass(frozen=True)
class Handover:
    import_id: int
    directly: bool
    """No worker took it in time: whoever reads this does it now."""


class Lost(Exception):
    """Somebody else has the import, or it was cancelled: stop, and commit nothing."""


def hand_over(centre: Centre, now: datetime) -> list[Handover]:
    """Imports that wait for somebody; each comes again after ``HANDOVER`` unless it was claimed."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = list(session.scalars(select(Import.id).where(Import.next_try_at <= now).limit(LIMIT)))
    found: list[Handover] = []
    for import_id in due:
        with centre.database.sessions.begin() as session:
            one = session.get(Import, import_id, with_for_update={"skip_locked": True})
            if one is None or one.next_try_at is None or one.next_try_at > now:
                continue
            one.handed_over += 1
            one.next_try_at = now + HANDOVER
            found.append(Handover(import_id, directly=one.handed_over > 1))
    return found


def claim(centre: Centre, import_id: int, now: datetime) -> str | None:
    """Take the import for one try. None: somebody is at it, or there is nothing to do."""
    with centre.database.sessions.begin() as session:
        found = session.get(Import, import_id, with_for_update={"skip_locked": True})
        if found is None or found.state not in WORKING or (found.claim is not None and not _silent(found, now)):
            return None
        if found.attempts >= TRIES:
            log.error("import_given_up", import_id=import_id, attempts=found.attempts)
            _fail(session, found, "gave_up", {}, now)
            return None
        set_state(found, follow(ImportState(found.state), ImportTrigger.BEGIN), now)
        found.claim = secrets.token_hex(8)
        found.attempts += 1
        found.handed_over = 0
        found.next_try_at = now + LEASE
        return found.claim


def _silent(found: Import, now: datetime) -> bool:
    """Its worker has not renewed the lease, and the clock has handed it over since."""
    return found.handed_over > 0 or (found.next_try_at is not None and found.next_try_at <= now)


def hold(session: Session, import_id: int, name: str, **values: Any) -> None:
    """Confirm in the caller's transaction that the import is still ours, and write ``values``. Raises ``Lost``."""
    done = session.execute(
        update(Import).where(Import.id == import_id, Import.claim == name).values(**values),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(done, CursorResult)
    if done.rowcount != 1:
        raise Lost(str(import_id))


def lease(now: datetime) -> dict[str, Any]:
    """Ours for another while; whoever was sent here because we seemed silent is sent away again."""
    return {"next_try_at": now + LEASE, "handed_over": 0}


def renew(centre: Centre, import_id: int, name: str, now: datetime, **values: Any) -> None:
    with centre.database.sessions.begin() as session:
        hold(session, import_id, name, **lease(now), **values)


def again(centre: Centre, import_id: int, name: str, now: datetime, *, counts: bool = True) -> None:
    """A try that failed for a reason of the moment: let go, and let it be handed over again soon."""
    tries = Import.attempts if counts else Import.attempts - 1
    with centre.database.sessions.begin() as session:
        hold(session, import_id, name, claim=None, handed_over=0, next_try_at=now + HANDOVER, attempts=tries)


def fail(centre: Centre, import_id: int, name: str, fault: tuple[str, dict[str, str]], now: datetime) -> None:
    """The file cannot be used, or no longer fits; nothing was changed."""
    with centre.database.sessions.begin() as session:
        found = session.scalar(select(Import).where(Import.id == import_id, Import.claim == name).with_for_update())
        if found is None:
            return  # cancelled, or somebody else's: they will see for themselves
        _fail(session, found, *fault, now)
    files.remove(centre, import_id)


def _fail(session: Session, found: Import, code: str, data: dict[str, str], now: datetime) -> None:
    set_state(found, follow(ImportState(found.state), ImportTrigger.FAIL), now)
    found.fault = {"code": code, "data": data}
    forget_contents(session, found)
