"""A person asks: at the counter, on the telephone, for somebody else; and an operator calls out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.case import Channel, Flag, Help, Kind, Trigger
from dispatch.domain.errors import Forbidden, Invalid
from dispatch.domain.permissions import May
from dispatch.models.cases import Case, Command
from dispatch.models.floor import CallBack
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.followup import complaints
from dispatch.services.helps.orders import check_window, check_worker, help_of, keep, named, remind_next, wanted_of
from dispatch.services.hotline import seats
from dispatch.services.lifecycle import acted, begin_work, move, put, record
from dispatch.services.opening import Scene, active_case, calls_again, new_case
from dispatch.services.rows import Row, case_row
from dispatch.services.transact import transact
from dispatch.services.work import Act, perform

ELDER = "elder"
"""The kind of actor that an elder is who presses a button of the own page."""
DEFAULT_PRIORITY = {Kind.EMERGENCY: 1, Kind.COMPLAINT: 2, Kind.SERVICE: 3, Kind.ENQUIRY: 3}


@dataclass(frozen=True)
class Request:
    kind: Kind
    channel: Channel
    elder_id: int | None = None
    caller: str | None = None
    help: Help | None = None
    item: str | None = None
    """Of the catalogue; it says which help."""
    wanted_at: datetime | None = None
    wanted_until: datetime | None = None
    """It may begin until then."""
    sex: str | None = None
    """``F`` or ``M``: by whom the elder wants to be helped."""
    worker_id: int | None = None
    """Whom the elder would like to come."""
    text: str | None = None
    priority: int | None = None
    take: bool = False
    """The person who writes it down answers for it."""
    applicant: dict[str, str] | None = None
    """Who asked in the elder's place: ``name``, ``relation``."""
    cause: str = "request"
    spooled: bool = False
    """It waited on the disk while the database was away."""
    visit_id: int | None = None
    """The check-in visit that it came of."""


def open_case(centre: Centre, act: Act, request: Request) -> tuple[Row, bool]:
    """A case for a person's request; True if an open emergency of the home was joined instead.

    Raises ``Invalid`` for an elder that is not there or not in the actor's areas.
    """

    def once(session: Session) -> tuple[Row, bool]:
        if act.key is not None and (done := session.get(Command, (act.actor.key, act.key))) is not None:
            return case_row(session, centre, done.case_id, act.now), False
        case, joined = begin(session, centre, act, request, _elder(session, act, request))
        if act.key is not None:
            session.add(Command(actor=act.actor.key, key=act.key, case_id=case.id, at=act.now))
        session.flush()
        return case_row(session, centre, case.id, act.now), joined

    return transact(centre, once)


def begin(session: Session, centre: Centre, act: Act, request: Request, elder: Elder | None) -> tuple[Case, bool]:
    """The case of a request for ``elder``, who may be in it; True if their home's open emergency was joined."""
    case, joined = _find_or_open(session, centre, act, request, elder)
    person = _at_desk(act)
    if request.take and person is not None and case.owner_id is None:
        move(case, Trigger.TAKE)
        begin_work(case, person, act.now)
    elif joined and case.owner_id == act.actor.user_id and act.actor.user_id is not None:
        acted(case, act.now)
    kind, data = _told(case, act, request, joined=joined)
    record(session, case, kind, act.actor, act.now, text=request.text, channel=request.channel, data=data)
    return case, joined


def _at_desk(act: Act) -> int | None:
    """A person of the desk can answer for what they write down; a station hands it to the desk."""
    return act.actor.user_id if act.actor.may(May.CASES_WORK) else None


def _told(case: Case, act: Act, request: Request, *, joined: bool) -> tuple[str, dict[str, Any]]:
    """The row of history: somebody opened it, an elder called again, or an operator wrote down that somebody did."""
    data: dict[str, Any] = {"kind": request.kind.value}
    if request.visit_id is not None:
        data["visit"] = str(request.visit_id)
    if request.applicant:
        data["applicant"] = request.applicant
    if joined and act.actor.kind == ELDER:
        return "repeat", data | {"kind": request.cause, "count": case.signals}
    return ("note" if joined else "opened"), data


def _find_or_open(
    session: Session, centre: Centre, act: Act, request: Request, elder: Elder | None
) -> tuple[Case, bool]:
    """An emergency of a home that is in one already joins it; everything else is a case of its own."""
    if request.kind is Kind.EMERGENCY and elder is not None:
        session.execute(select(Household.id).where(Household.id == elder.household_id).with_for_update())
        case = active_case(session, elder.household_id, None)
        if case is not None:
            calls_again(centre, case, request.priority or DEFAULT_PRIORITY[request.kind], act.now)
            return case, True
    return _new(session, centre, act, request, elder), False


def _elder(session: Session, act: Act, request: Request) -> Elder | None:
    if request.elder_id is None:
        return None
    elder = session.scalar(
        select(Elder)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.id == request.elder_id, inside(act.actor.paths))
        .options(joinedload(Elder.household))
    )
    if elder is None:
        raise Invalid("elder_id", "unknown", "there is no such elder in your areas: search again")
    return elder


def _new(session: Session, centre: Centre, act: Act, request: Request, elder: Elder | None) -> Case:
    case = new_case(
        centre,
        kind=request.kind,
        cause=request.cause,
        channel=request.channel,
        priority=request.priority or DEFAULT_PRIORITY[request.kind],
        at=act.now,
        scene=Scene.of(elder, elder.household if elder else None, act.now),
    )
    case.help = request.help
    case.caller = request.caller
    case.text = request.text
    case.wanted_at = request.wanted_at
    if request.kind is Kind.COMPLAINT:
        put(case, Flag.COMPLAINT)
    if request.spooled:
        put(case, Flag.SPOOLED)
    session.add(case)
    session.flush()
    if request.kind is Kind.COMPLAINT:
        complaints.begin(session, centre, case, act.now)
    if request.item is not None or (request.kind is Kind.SERVICE and request.help is not None):
        _order(session, centre, act, case, request)
    return case


def _order(session: Session, centre: Centre, act: Act, case: Case, request: Request) -> None:
    """What exactly is asked for, at the price of today. Raises ``Invalid`` for an item of another help."""
    if request.item is not None and named(centre, request.item).help != help_of(case):
        raise Invalid("item", "other-help", f"{request.item} belongs to {named(centre, request.item).help.value}")
    order = keep(session, centre, case, wanted_of(session, centre, case, request.item), act.now)
    order.sex = request.sex
    order.worker_id = check_worker(session, act.actor, request.worker_id)
    check_window(request.wanted_at, request.wanted_until)
    order.wanted_until = request.wanted_until
    remind_next(centre, order, case, act.now)


@dataclass(frozen=True)
class Callee:
    """A contact of the elder, a helper, or whom a call-back was promised; nobody: the elder, or whoever rang."""

    contact_id: int | None = None
    callback_id: int | None = None
    worker_id: int | None = None
    joins: bool = False
    """They come into the conversation that the operator has already."""


def call_out(centre: Centre, case_id: int, act: Act, whom: Callee) -> Row:
    """Ring somebody through the centre's telephone network: nobody needs to see the number for it."""
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person can place a call")

    return perform(
        centre,
        case_id,
        act,
        lambda session, case: ring(session, centre, case, act, whom),
        any_version=True,
    )


def ring(session: Session, centre: Centre, case: Case, act: Act, whom: Callee) -> None:
    """The call inside of a transaction that holds the case."""
    move(case, Trigger.NOTE)
    contact_id = whom.contact_id
    phone, label = _callee(session, case, act, whom)
    tries = session.scalars(select(Message.id).where(Message.case_id == case.id)).all()
    message = Message(
        reference=f"{'join' if whom.joins else 'call'}:{case.id}:{len(tries)}:{_kind_of(whom)}",
        channel="voice",
        purpose="call_out",
        phone=phone,
        label=label,
        body=centre.messages["call_out"]["voice"].format_map({"number": case.id}),
        case_id=case.id,
        case_round=case.round,
        contact_id=contact_id,
        state=MessageState.PENDING,
        created_at=act.now,
        next_try_at=act.now,
        receipt={},
    )
    seats.lead(session, centre, message, act.actor.user_id, joins=whom.joins)
    session.add(message)
    session.flush()
    if act.actor.user_id == case.owner_id:
        acted(case, act.now)
    data = {"to": label, "message_id": str(message.id), "contact_id": contact_id and str(contact_id)}
    if whom.worker_id is not None:
        data["worker_id"] = str(whom.worker_id)
    record(session, case, "call_out", act.actor, act.now, channel="voice", data=data)


def _kind_of(whom: Callee) -> str:
    return f"worker{whom.worker_id}" if whom.worker_id is not None else str(whom.contact_id or "elder")


def _callee(session: Session, case: Case, act: Act, whom: Callee) -> tuple[str, str]:
    if whom.worker_id is not None:
        return _helper(session, act, whom.worker_id)
    if whom.contact_id is None:
        elder = session.get(Elder, case.elder_id) if case.elder_id else None
        phone = _promised(session, case, whom) or (elder.phone if elder else case.caller)
        if not phone:
            raise Invalid("to", "no-number", "no telephone number is known: try a contact")
        return phone, elder.name if elder else ""
    contact = session.get(Contact, whom.contact_id, with_for_update=True)
    if contact is None or contact.elder_id != case.elder_id:
        raise Invalid("contact_id", "unknown", "this is not a contact of this case's elder")
    contact.tried += 1
    return contact.phone, contact.name


def _helper(session: Session, act: Act, worker_id: int) -> tuple[str, str]:
    statement = select(Worker).join(Area, Area.id == Worker.area_id)
    worker = session.scalar(statement.where(Worker.id == worker_id, Worker.active, inside(act.actor.paths)))
    if worker is None:
        raise Invalid("worker_id", "unknown", "there is no such helper in your areas")
    return worker.phone, worker.name


def _promised(session: Session, case: Case, whom: Callee) -> str | None:
    """The number that was left with the promise; None: the one that the register knows."""
    if whom.callback_id is None:
        return None
    promise = session.get(CallBack, whom.callback_id)
    if promise is None or promise.case_id != case.id:
        raise Invalid("callback_id", "unknown", "this was not promised in this case")
    return promise.phone
