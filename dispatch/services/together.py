"""Alarms that come at the same moment share a transaction: one commit, one look, one insert for all of them.

Sixteen threads that each run a transaction of their own spend most of their time changing places. Here whoever comes
first receives for all who wait, and those who come meanwhile are the next batch, which the first of them receives.
Nobody waits for a batch to fill.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dispatch.services.centre import Centre
from dispatch.services.intake import Incoming, Receipt, receive_signal, receive_signals

log = structlog.get_logger()
MOST = 32
"""Signals in one transaction."""
AWAY = (OperationalError, InterfaceError, PoolTimeout)


class Turn:
    """One signal and what became of it. Its thread sleeps on a lock of its own, so that nobody is woken in vain."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.receipt: Receipt | None = None
        self.error: BaseException | None = None
        self._asleep = threading.Lock()
        self._asleep.acquire()

    @property
    def is_over(self) -> bool:
        return self.receipt is not None or self.error is not None

    def sleep(self) -> None:
        """Until it is over, or until it falls to us to receive for those who wait."""
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


class Together:
    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._waiting: list[Turn] = []
        self._busy = False
        """Somebody receives; as long as nobody does, nobody waits."""
        self._lock = threading.Lock()

    def receive(self, incoming: Incoming) -> Receipt:
        """As ``receive_signal``: returns after the commit, raises what it raises."""
        turn = Turn(incoming)
        with self._lock:
            self._waiting.append(turn)
            first, self._busy = not self._busy, True
        if not first:
            turn.sleep()
        if not turn.is_over:
            self._receive_next(turn)
        if turn.error is not None:
            raise turn.error
        assert turn.receipt is not None
        return turn.receipt

    def _receive_next(self, turn: Turn) -> None:
        """Receive ``turn``, which has waited longest, and those who wait with it; then the next one's turn has come."""
        batch = self._next_batch()
        try:
            self._receive(batch)
        except BaseException as error:
            for each in batch:
                if not each.is_over:
                    each.error = error
            raise
        finally:
            for each in batch:
                if each is not turn:
                    each.wake()
            with self._lock:
                self._busy = bool(self._waiting)
                if self._busy:
                    self._waiting[0].wake()

    def _next_batch(self) -> list[Turn]:
        first_of_each: dict[str, Turn] = {}
        with self._lock:
            later = []
            for waiting in self._waiting:
                device = waiting.incoming.device
                if device in first_of_each or len(first_of_each) == MOST:  # of one device, one after the other
                    later.append(waiting)
                else:
                    first_of_each[device] = waiting
            self._waiting = later
        return list(first_of_each.values())

    def _receive(self, batch: Sequence[Turn]) -> None:
        if len(batch) > 1:
            try:
                receipts = receive_signals(self._centre, [turn.incoming for turn in batch])
            except Exception as error:  # noqa: BLE001 -- every turn is given its own answer, whatever happened
                if is_away(error):
                    for turn in batch:
                        turn.error = error
                    return
                log.warning("batch_failed", signals=len(batch), error=type(error).__name__)
            else:
                for turn, receipt in zip(batch, receipts, strict=True):
                    turn.receipt = receipt
                return
        for turn in batch:  # one signal that cannot be stored must not cost the others anything
            try:
                turn.receipt = receive_signal(self._centre, turn.incoming)
            except Exception as error:  # noqa: BLE001 -- raised again in the thread that waits for it
                turn.error = error


def is_away(error: Exception) -> bool:
    """Not so for a deadlock or a failed serialisation (class 40), operational errors too: those are tried again."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return isinstance(error, AWAY) and not str(state or "").startswith("40")
