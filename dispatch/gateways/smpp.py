"""Short messages straight to a message centre by SMPP 3.4, over one connection that texts and receipts come back by.

One thread owns the connection: it binds, reads, asks whether the other side still lives, and binds again when it does
not. Senders wait for the answer that has the number of their request.
"""

from __future__ import annotations

import itertools
import re
import select
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp
import structlog

from dispatch.domain.errors import Permanent, Retryable, SendFailed
from dispatch.domain.messages import Outgoing, ReceiptState, Report
from dispatch.domain.sms import Gateway

log = structlog.get_logger()

ANSWERS = 5.0
"""Seconds in which a message centre answers."""
ASKS = 20.0
"""Seconds of silence after which it is asked whether it lives; twice that, and it does not."""
PAUSE = 2.0
STATES = {"DELIVRD": ReceiptState.DELIVERED} | dict.fromkeys(
    ("UNDELIV", "EXPIRED", "DELETED", "REJECTD"), ReceiptState.FAILED
)
"""Of the words of a receipt; of ENROUTE, ACCEPTD and UNKNOWN nothing follows."""
HOPELESS = frozenset({0x01, 0x0A, 0x0B})
"""Text too long, wrong sender, wrong receiver. What else is refused (0x58 too fast, 0x14 queue full) may pass later."""
COME_AGAIN = 0x64
"""We could not keep what was delivered: the message centre tries again."""
IS_RECEIPT, HAS_HEADER = 0x04, 0x40
UCS2 = 8
BROKEN = (smpplib.exceptions.ConnectionError, smpplib.exceptions.PDUError, OSError, struct.error, ValueError, KeyError)
_RECEIPT = re.compile(r"\bid:(\S+).*?\bstat:(\w+)", re.DOTALL)


class _Numbers:
    """Request numbers for several threads."""

    def __init__(self) -> None:
        self._next = itertools.cycle(range(1, 0x7FFFFFFF))
        self.sequence = 0

    def next_sequence(self) -> int:
        self.sequence = next(self._next)
        return self.sequence


class SmppSms:
    """Implements ``SmsGateway``. ``heard`` keeps what comes in, and raises if it cannot."""

    def __init__(self, gateway: Gateway, password: str, heard: Callable[[Report], object]) -> None:
        self._gateway = gateway
        self._password = password
        self._heard = heard
        self._lock = threading.RLock()
        self._waiting: dict[int, Future[str]] = {}
        self._client: Any = None
        self._up = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._heard_at = 0.0

    def listen(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"smpp {self._gateway.name}", daemon=True)
                self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(2 * ANSWERS)

    def send(self, message: Outgoing) -> str:
        """The name of the last part, which alone asks for a receipt: it has arrived when that has."""
        self.listen()
        if not self._up.wait(ANSWERS):
            raise Retryable("there is no connection to the message centre")
        parts, coding, kind = smpplib.gsm.make_parts(message.body, encoding=smpplib.consts.SMPP_ENCODING_ISO10646)
        asked = [self._submit(message.phone, part, (coding, kind), last=part is parts[-1]) for part in parts]
        try:
            return [future.result(ANSWERS) for future in asked][-1]
        except NoAnswer as error:
            raise Retryable("the message centre does not answer") from error

    def _submit(self, phone: str, part: bytes, form: tuple[int, int], *, last: bool) -> Future[str]:
        future: Future[str] = Future()
        with self._lock:  # the answer must not be read before somebody waits for it
            client = self._client
            if client is None:
                raise Retryable("the connection to the message centre has just broken")
            try:
                request = client.send_message(
                    source_addr_ton=smpplib.consts.SMPP_TON_UNK,
                    source_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                    source_addr=self._gateway.sender,
                    dest_addr_ton=smpplib.consts.SMPP_TON_UNK,
                    dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
                    destination_addr=phone,
                    short_message=part,
                    data_coding=form[0],
                    esm_class=form[1],
                    registered_delivery=last,
                )
            except BROKEN as error:
                raise Retryable(f"the text could not be handed over ({type(error).__name__})") from error
            self._waiting[request.sequence] = future
        return future

    # -- the thread that owns the connection

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                client = self._bind()
            except BROKEN as error:
                log.warning("smpp_not_bound", gateway=self._gateway.name, error=str(error)[:200])
                self._over.wait(PAUSE)
                continue
            try:
                self._read(client)
            except BROKEN as error:
                log.warning("smpp_broken", gateway=self._gateway.name, error=f"{type(error).__name__}: {error}"[:200])
            finally:
                self._drop(client)

    def _bind(self) -> Any:
        where = urlsplit(self._gateway.address)
        client: Any = smpplib.client.Client(
            where.hostname,
            where.port,
            timeout=ANSWERS,
            sequence_generator=_Numbers(),
            allow_unknown_opt_params=True,
        )
        unlocked = client.send_pdu

        def send_pdu(pdu: Any) -> Any:
            with self._lock:
                return unlocked(pdu)

        client.send_pdu = send_pdu
        client.set_message_sent_handler(self._accepted)
        client.set_message_received_handler(self._received)
        client.set_error_pdu_handler(self._refused)
        try:
            client.connect()
            client.bind_transceiver(system_id=self._gateway.user, password=self._password)
        except BROKEN:
            client.disconnect()
            raise
        with self._lock:
            self._client, self._heard_at = client, time.monotonic()
        self._up.set()
        return client

    def _read(self, client: Any) -> None:
        asked = False
        while not self._over.is_set():
            ready, _, _ = select.select([client._socket], [], [], 0.5)
            silent = time.monotonic() - self._heard_at
            if ready:
                client.read_once(auto_send_enquire_link=False)
                self._heard_at, asked = time.monotonic(), False
            elif silent > 2 * ASKS:
                raise smpplib.exceptions.ConnectionError("no sign of life")
            elif silent > ASKS and not asked:
                client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=client))
                asked = True

    def _drop(self, client: Any) -> None:
        with self._lock:
            self._client = None
            self._up.clear()
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.set_exception(Retryable("the connection broke before the message centre answered"))
        client.state = smpplib.consts.SMPP_CLIENT_STATE_OPEN  # else it warns of a connection that is cut while bound
        client.disconnect()

    # -- what comes by it

    def _take(self, pdu: Any) -> Future[str] | None:
        with self._lock:
            return self._waiting.pop(pdu.sequence, None)

    def _accepted(self, pdu: Any) -> None:
        if (future := self._take(pdu)) is not None:
            future.set_result(_text(pdu.message_id))

    def _refused(self, pdu: Any) -> None:
        if (future := self._take(pdu)) is not None:
            said = f"the message centre refuses with 0x{pdu.status:02x}"
            fault: SendFailed = Permanent(said) if pdu.status in HOPELESS else Retryable(said)
            future.set_exception(fault)

    def _received(self, pdu: Any) -> int | None:
        """The answer to the message centre: None is yes."""
        report = self._receipt(pdu) if int(pdu.esm_class or 0) & IS_RECEIPT else self._written(pdu)
        if report is None:
            return None
        try:
            self._heard(report)
        except Exception:
            log.exception("smpp_report_not_kept", gateway=self._gateway.name)
            return COME_AGAIN
        return None

    def _receipt(self, pdu: Any) -> Report | None:
        found = _RECEIPT.search(_text(pdu.short_message))
        if found is None or found[2] not in STATES:
            return None
        name = _text(pdu.receipted_message_id) or found[1]
        sequence = f"{name}:{found[2]}"
        return Report(self._gateway.name, sequence, datetime.now(UTC), provider_id=name, state=STATES[found[2]])

    def _written(self, pdu: Any) -> Report:
        body = bytes(pdu.short_message or pdu.message_payload or b"")
        if int(pdu.esm_class or 0) & HAS_HEADER and body:
            body = body[body[0] + 1 :]
        text = body.decode("utf-16-be" if int(pdu.data_coding or 0) == UCS2 else "latin-1", "replace")
        now = datetime.now(UTC)
        # The standard has no name for a text that comes in: the moment and the number of the request.
        sequence = f"text:{now.timestamp():.3f}:{pdu.sequence}"
        return Report(self._gateway.name, sequence, now, phone=_text(pdu.source_addr), text=text)


def _text(value: Any) -> str:
    return value.decode("latin-1").rstrip("\0") if isinstance(value, bytes) else str(value or "")
