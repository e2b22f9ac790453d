"""What gateways say by themselves: kept as it comes, thought about afterwards.

A gateway waits less than a second for its answer and tells everything twice. So ``keep`` writes one row and drops what
it has; ``advance`` turns the rows into what the simulated network says too, and ``deliver.receive_receipt`` cannot tell
which of the two has spoken.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.messages import NetworkReceipt, ReceiptState, Report
from dispatch.domain.sms import national
from dispatch.models.outbox import Message, MessageState
from dispatch.models.sealed import has_phone
from dispatch.models.sms import Passage, Sending, SmsReport
from dispatch.services.centre import Centre
from dispatch.services.deliver import HEARD
from dispatch.services.sms.ways import try_another

log = structlog.get_logger()

BATCH = 200
AGAIN = timedelta(seconds=2)
"""A receipt may overtake the answer to the sending itself."""
PATIENCE = timedelta(minutes=10)
SENDINGS_KEPT = timedelta(days=7)
REPORTS_KEPT = timedelta(days=2)
MACHINE = "machine"


def keep(centre: Centre, report: Report, now: datetime) -> bool:
    """Store it once. False: it was told before."""
    insert = (postgresql if centre.database.is_postgresql else sqlite).insert
    with centre.database.sessions.begin() as session:
        stored = session.scalar(
            insert(SmsReport)
            .values(
                gateway=report.gateway,
                sequence=report.sequence[:120],
                at=report.at,
                provider_id=report.provider_id,
                state=MACHINE if report.answered_by == MACHINE else report.state,
                phone=report.phone,
                text=report.text,
                next_try_at=now,
            )
            .on_conflict_do_nothing(index_elements=[SmsReport.gateway, SmsReport.sequence])
            .returning(SmsReport.id)
        )
        return stored is not None


def advance(centre: Centre, now: datetime) -> Iterator[NetworkReceipt]:
    """What the centre must hear of it; a report is done with only after its receipt was taken."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = select(SmsReport).where(SmsReport.next_try_at <= now).order_by(SmsReport.id).limit(BATCH)
        reports = session.scalars(due).all()
    for report in reports:
        with centre.database.sessions.begin() as session:
            receipt, again_at = _read(session, centre, report, now)
        if receipt is not None:
            yield receipt
        with centre.database.sessions.begin() as session:
            done = update(SmsReport).where(SmsReport.id == report.id).values(next_try_at=again_at)
            session.execute(done, execution_options={"synchronize_session": False})
    if len(centre.ways) > 1:
        _go_round(centre, now)


def _read(
    session: Session, centre: Centre, report: SmsReport, now: datetime
) -> tuple[NetworkReceipt | None, datetime | None]:
    """What it says, and when to look again."""
    sending = _answered(session, report.phone) if report.phone else _named(session, report)
    if sending is None:
        waits = report.provider_id is not None and now - report.at < PATIENCE
        if not waits:
            log.warning("sms_report_of_nothing", gateway=report.gateway, report_id=report.id)
        return None, now + AGAIN if waits else None
    message = session.get_one(Message, sending.message_id, with_for_update=True)
    if report.phone:
        return NetworkReceipt(message.reference, ReceiptState.ANSWERED, report.at, report.text), None
    if sending.channel == "voice":
        return _of_call(sending, message, report), None
    state = ReceiptState(str(report.state))
    sending.state = Passage.DELIVERED if state is ReceiptState.DELIVERED else Passage.FAILED
    sending.finished_at = max(report.at, sending.sent_at)
    session.flush()
    if sending.state == Passage.FAILED and (_has_hope(session, sending) or try_another(session, centre, message, now)):
        return None, None
    return NetworkReceipt(message.reference, state, report.at), None


def _of_call(sending: Sending, message: Message, report: SmsReport) -> NetworkReceipt:
    """A call has several words: it was answered, then a digit was pressed. None of them sends it another way."""
    if report.state == MACHINE:
        receipt = NetworkReceipt(message.reference, ReceiptState.ANSWERED, report.at, answered_by=MACHINE)
    else:
        receipt = NetworkReceipt(message.reference, ReceiptState(str(report.state)), report.at, report.text)
    sending.state = Passage.FAILED if receipt.state is ReceiptState.FAILED else Passage.DELIVERED
    sending.finished_at = max(report.at, sending.sent_at)
    return receipt


def _named(session: Session, report: SmsReport) -> Sending | None:
    """Poor message centres count from one again after each start: the newest of that name."""
    named = select(Sending).where(Sending.gateway == report.gateway, Sending.provider_id == report.provider_id)
    return session.scalar(named.order_by(Sending.id.desc()).limit(1))


def _answered(session: Session, phone: str) -> Sending | None:
    """A text says nothing of what it answers: the newest at that telephone that can be answered, else the newest."""
    sent = (
        select(Sending)
        .join(Message)
        .where(
            has_phone(Sending.phone_index, national(phone)), Sending.channel == "sms", Sending.provider_id.is_not(None)
        )
    )
    return session.scalar(sent.order_by(Message.purpose.in_(HEARD).desc(), Sending.id.desc()).limit(1))


def _has_hope(session: Session, failed: Sending) -> bool:
    """It still travels on another way."""
    others = select(Sending.id).where(Sending.message_id == failed.message_id, Sending.state != Passage.FAILED)
    return session.scalar(others.limit(1)) is not None


def _go_round(centre: Centre, now: datetime) -> None:
    """No receipt in time: once more, by a way that was not taken yet. Whoever gets it twice can read it twice."""
    used = select(Sending.message_id).where(
        Sending.finished_at.is_(None),
        Sending.sent_at.between(now - centre.sms.window, now - centre.sms.slow),
        Sending.channel == "sms",
    )
    with centre.database.reads() as session:
        slow = session.scalars(
            select(Message.id).where(Message.id.in_(used), Message.state == MessageState.SENT).limit(BATCH)
        ).all()
    for message_id in slow:
        with centre.database.sessions.begin() as session:
            message = session.get_one(Message, message_id, with_for_update=True)
            try_another(session, centre, message, now)


def prune(centre: Centre, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        session.execute(delete(Sending).where(Sending.sent_at < now - SENDINGS_KEPT))
        session.execute(delete(SmsReport).where(SmsReport.next_try_at.is_(None), SmsReport.at < now - REPORTS_KEPT))
