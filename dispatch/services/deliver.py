"""Messages on their way out: claimed with a lease, sent by a worker, marked afterwards, followed to the receipt.

No transaction is open while a gateway is spoken to, so the three steps are three functions: ``claim``, then the caller
sends, then ``sent`` or ``failed``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import ASKABLE, Flag, State, Trigger
from dispatch.domain.messages import Handed, NetworkReceipt, Outgoing, ReceiptState
from dispatch.domain.wording import says_yes
from dispatch.models.cases import Case
from dispatch.models.outbox import UNSENT, Message, MessageState
from dispatch.models.people import Contact, DutyPhone, User
from dispatch.services.centre import Centre
from dispatch.services.duty.on_duty import reach
from dispatch.services.followup import asking
from dispatch.services.helps import heard as helpers
from dispatch.services.lifecycle import acted, begin_work, drop, move, record
from dispatch.services.response.heard import hear, still_asked, still_open
from dispatch.services.sms import ways, whose
from dispatch.services.visits import appointments

LEASE = timedelta(seconds=30)
"""How long a worker may take to hand a message to the network before it is tried again under the same reference."""
HANDOVER = timedelta(seconds=5)
"""How long the broker may take to find a worker before the clock sends the message itself."""
BACKOFF = (2, 5, 15, 30)
LIMIT = 100
WITHDRAW_TRIES = 5
URGENT = frozenset({"page_duty", "cascade", "cascade_elder", "tell_all", "offer_urgent", "offer_accepted"})


@dataclass(frozen=True)
class Handover:
    message_id: int
    urgent: bool
    directly: bool
    """No worker took it in time: whoever reads this sends it now."""


def hand_over(centre: Centre, now: datetime) -> list[Handover]:
    """Messages that should go out now; each comes again after ``HANDOVER`` unless a worker claimed it."""
    with centre.database.reads() as session:  # an idle look must not take the write lock of SQLite
        due = list(session.scalars(select(Message.id).where(Message.next_try_at <= now).limit(LIMIT)))
    if not due:
        return []
    found: list[Handover] = []
    with centre.database.sessions.begin() as session:
        look = Look(session, centre, now)
        statement = select(Message).where(Message.id.in_(due), Message.next_try_at <= now)
        for message in session.scalars(statement.order_by(Message.id).with_for_update(skip_locked=True)):
            if message.state != MessageState.WITHDRAWING:
                if not _wanted(look, message):
                    _withdraw(session, message, now)
                    continue
                message.state = MessageState.QUEUED
            message.handed_over += 1
            message.next_try_at = now + HANDOVER
            found.append(Handover(message.id, message.purpose in URGENT, directly=message.handed_over > 1))
    return found


def claim(centre: Centre, message_id: int, now: datetime) -> Outgoing | None:
    """Take the message for one try. None: somebody else has it, it is done, or nobody wants it any more."""
    with centre.database.sessions.begin() as session:
        message = session.get(Message, message_id, with_for_update={"skip_locked": True})
        if message is not None and message.state == MessageState.WITHDRAWING:
            return _claim_withdrawal(session, message, now)
        if message is None or message.state not in (MessageState.PENDING, MessageState.QUEUED):
            return None
        if not _wanted(Look(session, centre, now), message):
            _withdraw(session, message, now)
            return None
        urgent = _is_emergency(session, message)
        if not urgent and (until := ways.paused_until(session, centre, message, now)) is not None:
            message.state = MessageState.PENDING
            message.handed_over = 0
            message.next_try_at = until
            return None
        message.state = MessageState.SENDING
        message.attempts += 1
        message.handed_over = 0
        message.next_try_at = now + LEASE
        by = ways.choose(session, centre, message, now)
        return replace(_outgoing(message), ways=by, urgent=urgent)


def _is_emergency(session: Session, message: Message) -> bool:
    if message.purpose in URGENT:
        return True
    return message.case_id is not None and session.get_one(Case, message.case_id).priority == 1


def _claim_withdrawal(session: Session, message: Message, now: datetime) -> Outgoing | None:
    """A call that is to end, handed to the network a few times; after that it has rung out by itself."""
    message.attempts += 1
    message.next_try_at = now + HANDOVER
    if message.attempts > WITHDRAW_TRIES:
        _withdraw(session, message, now)
        return None
    return replace(_outgoing(message), withdraw=True)


def _outgoing(message: Message) -> Outgoing:
    return Outgoing(
        message.reference,
        message.channel,
        message.phone,
        message.body,
        template=message.template or "",
        values=message.parameters or {},
        **(message.conversation or {}),
    )


def withdrawn(centre: Centre, message_id: int, now: datetime) -> None:
    """The network has ended it; unless somebody answered before."""
    with centre.database.sessions.begin() as session:
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state == MessageState.WITHDRAWING:
            _withdraw(session, message, now)


def sent(centre: Centre, message_id: int, handed: Sequence[Handed], now: datetime) -> None:
    """The network accepted it. A receipt that overtook this call is kept."""
    with centre.database.sessions.begin() as session:
        message = session.get_one(Message, message_id, with_for_update=True)
        ways.note(session, message, handed, now)
        message.provider_id = next(each.provider_id for each in handed if each.provider_id is not None)
        message.sent_at = now
        message.next_try_at = None
        if message.state in UNSENT:
            message.state = MessageState.SENT
            _tell(session, message, now, message.state)


def failed(centre: Centre, message_id: int, reason: str, now: datetime, *, permanent: bool) -> None:
    """The network refused it: again later, or an operator's item at once."""
    with centre.database.sessions.begin() as session:
        message = session.get_one(Message, message_id, with_for_update=True)
        if message.state not in UNSENT:
            return
        message.reason = reason[:300]
        if permanent or message.attempts > len(BACKOFF):
            message.state = MessageState.DEAD
            message.next_try_at = None
            message.finished_at = now
            _tell(session, message, now, "failed")
        else:
            message.state = MessageState.PENDING
            message.next_try_at = now + timedelta(seconds=BACKOFF[message.attempts - 1])


ORDER = [
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.NO_ANSWER,
    MessageState.VOICEMAIL,
    MessageState.ANSWERED,
]


def receive_receipt(centre: Centre, receipt: NetworkReceipt) -> bool:
    """Note what the network or the person says. False: unknown reference, or older than what is known already."""
    with centre.database.sessions.begin() as session:
        message = session.scalar(select(Message).where(Message.reference == receipt.reference).with_for_update())
        if message is None:
            return False
        state, reply = _read(receipt)
        if not _is_news(message, state, reply):
            return False
        answered_before = message.state == MessageState.ANSWERED
        message.state = state
        message.next_try_at = None
        message.finished_at = receipt.at
        message.receipt = {**message.receipt, receipt.state.value: receipt.at.isoformat(), "reply": reply}
        _tell(session, message, receipt.at, "failed" if state is MessageState.DEAD else state, reply)
        if not answered_before:  # after the case, which a call-out locks first too
            _count_contact(session, message, state)
        if message.purpose in HEARD:
            HEARD[message.purpose](session, centre, message, receipt.at, reply)
        return True


def _read(receipt: NetworkReceipt) -> tuple[MessageState, str | None]:
    """A machine's answer is none, and its tones are no keys."""
    if receipt.answered_by == "machine":
        return MessageState.VOICEMAIL, None
    if receipt.state is ReceiptState.FAILED:
        return MessageState.DEAD, receipt.reply
    return MessageState(receipt.state.value), receipt.reply


def _is_news(message: Message, state: MessageState, reply: str | None) -> bool:
    """Receipts come late, twice and out of order. What a person says counts whenever it comes: the digit is pressed
    after the call was answered, and a second reply may correct the first.
    """
    if reply is not None:
        return reply != message.receipt.get("reply")
    if message.state == MessageState.WITHDRAWN:
        return False
    if state is MessageState.NO_ANSWER and ReceiptState.ANSWERED in message.receipt:
        return False  # somebody has ended the call, after they had spoken
    if state is MessageState.DEAD:
        return message.state in (*UNSENT, MessageState.SENT)
    if message.state in ORDER:
        return ORDER.index(state) > ORDER.index(MessageState(message.state))
    return True


@dataclass
class Look:
    """One look at what is due. Whom to page in an area is asked once for all its messages: asked for each, that was
    19 of 20 ms of a round in a storm.
    """

    session: Session
    centre: Centre
    now: datetime
    _paged: dict[int | None, frozenset[str]] = field(default_factory=dict)

    def paged(self, area_id: int | None) -> frozenset[str]:
        if area_id not in self._paged:
            found = reach(self.session, self.centre, area_id, self.now).phones
            self._paged[area_id] = frozenset(phone.phone for phone in found)
        return self._paged[area_id]


def _wanted(look: Look, message: Message) -> bool:
    """Is this message still wanted? What no line of the table names is wanted always."""
    still = WANTED.get(message.purpose)
    return still is None or still(look, message)


def _still_paged(look: Look, message: Message) -> bool:
    """Nobody is called out of bed for a case that a person has taken in the meantime, or after the end of a shift."""
    case = look.session.get_one(Case, message.case_id)
    waits = case.state == State.NEW and case.round == message.case_round and case.held_until is None
    return waits and message.phone in look.paged(case.area_id)


def _still_asked(look: Look, message: Message) -> bool:
    return still_asked(look.session, message)


def _still_open(look: Look, message: Message) -> bool:
    return still_open(look.session, message)


def _still_offered(look: Look, message: Message) -> bool:
    return helpers.still_offered(look.session, message)


def _still_asked_how(look: Look, message: Message) -> bool:
    return asking.still_wanted(look.session, message)


def _still_to_come(look: Look, message: Message) -> bool:
    """Nobody is reminded of what was cancelled, or is over."""
    return State(look.session.get_one(Case, message.case_id).state) in ASKABLE


def _still_booked(look: Look, message: Message) -> bool:
    return appointments.still_booked(look.session, message, look.now)


def _still_going(look: Look, message: Message) -> bool:
    return helpers.still_going(look.session, message)


def _withdraw(session: Session, message: Message, now: datetime) -> None:
    if ReceiptState.ANSWERED in message.receipt:  # they have spoken: that stays true when somebody ends the call
        message.state, message.next_try_at = MessageState.ANSWERED, None
        return
    message.state = MessageState.WITHDRAWN
    message.next_try_at = None
    message.finished_at = now
    _tell(session, message, now, message.state)


def _tell(session: Session, message: Message, now: datetime, state: str, reply: str | None = None) -> None:
    if message.case_id is None:  # it is about the house: its row is all the history there is
        return
    case = session.get_one(Case, message.case_id, with_for_update=True)
    data = {
        "state": str(state),
        "to": message.label,
        "channel": message.channel,
        "purpose": message.purpose,
        "message_id": str(message.id),
        "delay_seconds": round((now - message.created_at).total_seconds(), 1),
    }
    if reply is not None:
        data["reply"] = reply
    if message.reason:
        data["reason"] = message.reason
    record(session, case, "message", SYSTEM, now, channel=message.channel, data=data)


def _count_contact(session: Session, message: Message, state: MessageState) -> None:
    if message.contact_id is not None and state is MessageState.ANSWERED:
        contact = session.get_one(Contact, message.contact_id, with_for_update=True)
        contact.answered += 1


def _take_by_phone(session: Session, _centre: Centre, message: Message, now: datetime, reply: str | None) -> None:
    """ "1" on a duty telephone takes the case in the name of the person who carries it."""
    if reply is None or not says_yes(reply):
        return
    case = session.get_one(Case, message.case_id, with_for_update=True)
    user = session.scalar(
        select(User).join(DutyPhone, DutyPhone.user_id == User.id).where(DutyPhone.phone == message.phone).limit(1)
    )
    if user is None or case.state != State.NEW:
        return
    move(case, Trigger.TAKE)
    begin_work(case, user.id, now)
    acted(case, now)
    record(session, case, "taken", Actor("user", str(user.id), user.name), now, channel=message.channel)


def _reached(session: Session, _centre: Centre, message: Message, now: datetime, reply: str | None) -> None:
    """Who was owed a call has had it."""
    if message.state == MessageState.ANSWERED and message.contact_id is None:
        drop(session.get_one(Case, message.case_id, with_for_update=True), Flag.MISSED_CALL)


WANTED: dict[str, Callable[[Look, Message], bool]] = {
    "page_duty": _still_paged,
    "cascade": _still_asked,
    "cascade_elder": _still_asked,
    "cascade_named": _still_open,
    "tell_all": _still_open,
    "offer": _still_offered,
    "offer_urgent": _still_offered,
    "follow_up": _still_asked_how,
    "offer_link": _still_offered,
    "order_reminder": _still_to_come,
    "visit_reminder": _still_booked,
    "helper_reminder": _still_going,
}
"""By its purpose: until when a message is wanted. A claim asks this last thing before anything leaves."""

HEARD: dict[str, Callable[[Session, Centre, Message, datetime, str | None], None]] = {
    "page_duty": _take_by_phone,
    "call_out": _reached,
    "cascade_elder": hear,
    **dict.fromkeys((*whose.OF_FAMILY, *helpers.ABOUT, *whose.OF_ELDERS), whose.hear),
}
"""By its purpose: what follows from a receipt or a reply."""
