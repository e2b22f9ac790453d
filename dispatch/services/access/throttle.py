"""What one sender repeats: wrong passwords slow an address down and nobody else, a repeated refusal is written once."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from dispatch.domain.access import LockOut

MOST_ADDRESSES = 50_000


class AddressThrottle:
    """A bucket of tries for each address, of this web process; it refills with time.

    In memory and not in the database: whoever floods us with guesses must not make us write. Two processes allow twice
    as many, which is still few.
    """

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, datetime]] = {}
        self._lock = threading.Lock()

    def is_empty(self, rules: LockOut, address: str, now: datetime) -> bool:
        with self._lock:
            return self._now(rules, address, now) + 1 > rules.address_tries

    def count(self, rules: LockOut, address: str, now: datetime) -> None:
        """One wrong try."""
        with self._lock:
            if len(self._used) >= MOST_ADDRESSES:
                self._forget(rules, now)
            self._used[address] = (min(self._now(rules, address, now) + 1, rules.address_tries), now)

    def _now(self, rules: LockOut, address: str, now: datetime) -> float:
        used, at = self._used.get(address, (0.0, now))
        return max(0.0, used - (now - at) / rules.address_pace)

    def _forget(self, rules: LockOut, now: datetime) -> None:
        """Those that are full again; all of them if that is not enough."""
        self._used = {a: u for a, u in self._used.items() if self._now(rules, a, now) > 0}
        if len(self._used) >= MOST_ADDRESSES:
            self._used.clear()


class OnceAWhile:
    """The same refusal of the same person counts once a minute: a broken client must not fill the trail."""

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
