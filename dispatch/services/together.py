"""Alarms that come at the same moment share a transaction: one commit, one look, one insert for all of them.

Sixteen threads that each run a transaction of their own spend most of their time changing places. Here whoever comes
first receives for all who wait, and those who come meanwhile are the next batch. Nobody waits for a batch to fill.
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
    """One signal and what became of it."""

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self.receipt: Receipt | None = None
        self.error: Exception | None = None

    @property
    def is_over(self) -> bool:
        return self.receipt is not None or self.error is not None


class Together:
    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._waiting: list[Turn] = []
        self._busy = False
        self._changed = threading.Condition()

    def receive(self, incoming: Incoming) -> Receipt:
        """As ``receive_signal``: returns after the commit, raises what it raises."""
        turn = Turn(incoming)
        with self._changed:
            self._waiting.append(turn)
        while (batch := self._next_batch(turn)) is not None:
            try:
                self._receive(batch)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
        if turn.error is not None:
            raise turn.error
        assert turn.receipt is not None
        return turn.receipt

    def _next_batch(self, turn: Turn) -> list[Turn] | None:
        """Wait until ``turn`` is over (None), or until it falls to us to receive for those who wait."""
        with self._changed:
            self._changed.wait_for(lambda: turn.is_over or not self._busy)
            if turn.is_over:
                return None
            self._busy = True
            first_of_each: dict[str, Turn] = {}
            for waiting in self._waiting:
                if len(first_of_each) == MOST:
                    break
                first_of_each.setdefault(waiting.incoming.device, waiting)  # of one device, one after the other
            batch = list(first_of_each.values())
            self._waiting = [waiting for waiting in self._waiting if waiting not in batch]
            return batch

    def _receive(self, batch: Sequence[Turn]) -> None:
        if len(batch) > 1:
            try:
                receipts = receive_signals(self._centre, [turn.incoming for turn in batch])
            except Exception as error:  # noqa: BLE001 -- every turn is given its own answer, whatever happened
                if _database_is_away(error):
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


def _database_is_away(error: Exception) -> bool:
    """Not so for a deadlock or a failed serialisation (class 40), operational errors too: those are tried again."""
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return isinstance(error, AWAY) and not str(state or "").startswith("40")
