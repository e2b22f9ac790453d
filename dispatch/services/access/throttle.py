"""What one sender repeats: wrong passwords slow an address down and nobody else, a repeated refusal is written once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dispatch.domain.access import LockOut
from dispatch.models.access import AddressTries
from dispatch.services.centre import Centre
from dispatch.services.transact import transact


def is_empty(session: Session, rules: LockOut, address: str, now: datetime) -> bool:
    """Whether this address has used up its tries: a bucket that refills by one with every ``address_pace``."""
    full_at = session.scalar(select(AddressTries.full_at).where(AddressTries.address == _key(address)))
    return full_at is not None and full_at > now + (rules.address_tries - 1) * rules.address_pace


def count(centre: Centre, rules: LockOut, address: str, now: datetime) -> None:
    """One wrong try, for all web processes. Whoever floods us is soon refused without a word being written."""

    def work(session: Session) -> None:
        session.execute(delete(AddressTries).where(AddressTries.full_at <= now))
        kept = session.get(AddressTries, _key(address), with_for_update=True)
        if kept is None:
            session.add(AddressTries(address=_key(address), full_at=now + rules.address_pace))
        else:
            latest = now + rules.address_tries * rules.address_pace
            kept.full_at = min(kept.full_at + rules.address_pace, latest)

    transact(centre, work)


def _key(address: str) -> str:
    return address[:64]


class OnceAWhile:
    """The same of the same one counts once in a while: a broken client, or device, must not fill a list."""

    def __init__(self, pause: timedelta = timedelta(minutes=1)) -> None:
        self._pause = pause
        self._last: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def is_new(self, key: tuple[str, str], now: datetime) -> bool:
        with self._lock:
            last = self._last.get(key)
            if last is not None and now - last < self._pause:
                return False
            if len(self._last) > 10_000:
                self._last.clear()
            self._last[key] = now
            return True
