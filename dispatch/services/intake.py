"""The doors of the corridor: an alarm of a device becomes a case, in one transaction, before anybody is answered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Table, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from uuid_utils import uuid7

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE, Channel, Flag, Kind, State, Trigger
from dispatch.domain.escalation import Deadline, Due
from dispatch.domain.signals import FIRST_OUT, Effect, SignalKind, clock_is_off, effect
from dispatch.models.base import Utc
from dispatch.models.cases import Case
from dispatch.models.devices import Device, Signal
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import (
    begin_wait,
    change_priority,
    drop,
    happened,
    move,
    open_with,
    put,
    record,
    set_deadline,
)
from dispatch.services.transact import transact

EVENT_NAMESPACE = UUID("6c1d3f52-6c0b-5d7e-9a53-8f0b6f1a2d10")
RECHECK = timedelta(seconds=60)
"""How long an owner may let a new alarm of the same home wait before being asked."""
RAW_KEPT = 64 * 1024
ON_TEST = "on_test"
"""Why an alarm of a device that somebody put on test opened no case."""

# The statements of every alarm, written once: to build them anew would cost as much as to run them.
DEVICES: Table = Device.__table__  # type: ignore[assignment]
SIGNALS: Table = Signal.__table__  # type: ignore[assignment]
QUEUE_UP = text("SELECT pg_advisory_xact_lock(hashtextextended(:device, 1))")
COPY = select(SIGNALS.c.id, SIGNALS.c.case_id).where(
    or_(
        SIGNALS.c.id == bindparam("id"),
        and_(SIGNALS.c.device_number == bindparam("device"), SIGNALS.c.event_id == bindparam("event")),
    )
)
_ACTIVE = select(Case).where(Case.kind == Kind.EMERGENCY, Case.state.in_(ACTIVE)).with_for_update()
ACTIVE_IN_HOME = _ACTIVE.where(Case.household_id == bindparam("household"))
HOME = (
    select(Household, Elder)
    .outerjoin(Elder, Elder.id == bindparam("elder"))
    .where(Household.id == bindparam("household"))
)
ACTIVE_OF_DEVICE = _ACTIVE.where(Case.household_id.is_(None), Case.origin_device == bindparam("device"))


@dataclass(frozen=True)
class Incoming:
    """One understood message of a device. ``raw`` are its bytes as they came."""

    device: str
    kind: SignalKind
    event_id: str | None
    occurred_at: datetime | None
    data: dict[str, Any] | None
    raw: bytes
    source: str
    received_at: datetime
    id: UUID
    spooled: bool = False


@dataclass(frozen=True)
class Receipt:
    signal_id: UUID
    case_id: int | None
    duplicate: bool
    unknown_device: bool
    spooled: bool = False


@dataclass(frozen=True)
class Sender:
    """What the intake needs to know of a registered device."""

    id: int
    household_id: int | None
    elder_id: int | None
    model: str
    location: str | None
    on_test_until: datetime | None = None


def new_signal_id(device: str, event_id: str | None) -> UUID:
    """The same for every copy of one event, so that a sender hears the same id even when the database was away."""
    if event_id is None:
        return UUID(str(uuid7()))
    return uuid5(EVENT_NAMESPACE, f"{device}\0{event_id}")


def receive_signal(centre: Centre, incoming: Incoming) -> Receipt:
    """Store ``incoming``, find or open its case, commit. The caller answers the device only after this returns.

    Raises ``sqlalchemy.exc.OperationalError`` when the database is away: then the signal belongs into the spool.
    """
    return transact(centre, lambda session: _receive(session, centre, incoming))


def keep_unreadable(centre: Centre, raw: bytes, source: str, reason: str, now: datetime) -> UUID:
    """Keep a message that nobody could read (its first 64 KiB) for an operator to look at."""
    signal_id = new_signal_id("", None)
    with centre.database.sessions.begin() as session:
        session.execute(
            insert(Signal).values(
                id=signal_id,
                received_at=now,
                raw=raw[:RAW_KEPT],
                raw_size=len(raw),
                source=source,
                understood=False,
                reason=reason[:300],
                clock_off=False,
                spooled=False,
            )
        )
    return signal_id


def _receive(session: Session, centre: Centre, incoming: Incoming) -> Receipt:
    device = _note_on_device(session, incoming)
    if device is None and centre.database.is_postgresql:  # there is no row to wait at; SQLite has one writer anyway
        session.execute(QUEUE_UP, {"device": incoming.device})
    copy = session.execute(COPY, {"id": incoming.id, "device": incoming.device, "event": incoming.event_id}).first()
    if copy is not None:
        return Receipt(copy.id, copy.case_id, duplicate=True, unknown_device=device is None)
    case = None
    on_test = _is_on_test(device, incoming)
    if effect(incoming.kind) is not Effect.DEVICE and not on_test:
        case = _into_a_case(session, centre, device, incoming)
    case_id = case.id if case else None
    _store(session, incoming, device.id if device else None, case_id, reason=ON_TEST if on_test else None)
    return Receipt(incoming.id, case_id, duplicate=False, unknown_device=device is None)


def _is_on_test(device: Sender | None, incoming: Incoming) -> bool:
    """By the time at which it came, so that a test ends by itself however the clock is."""
    return device is not None and device.on_test_until is not None and incoming.received_at < device.on_test_until


def _into_a_case(session: Session, centre: Centre, device: Sender | None, incoming: Incoming) -> Case | None:
    case = active_case(session, device.household_id if device else None, incoming.device)
    if effect(incoming.kind) is Effect.REMARK:
        if case is not None:
            _remark(session, case, device, incoming)
    elif case is not None:
        _join(session, centre, case, device, incoming)
    else:
        case = _open(session, centre, device, incoming)
    return case


def _note_on_device(session: Session, incoming: Incoming) -> Sender | None:
    """Write that the device has spoken, and find out whose it is. None: nobody has registered it.

    The row stays locked until the commit: messages of one device go one at a time. Two devices of one home may still
    open its case at the same moment; then the unique index lets one through, and the other starts over and joins.
    """
    battery = (incoming.data or {}).get("battery")
    knows_battery = type(battery) is int and 0 <= battery <= 100  # a bool is an int to Python and not to PostgreSQL
    found = session.execute(
        _note(incoming.kind, knows_battery),
        {"device": incoming.device, "at": incoming.received_at, **({"battery": battery} if knows_battery else {})},
    ).first()
    return Sender(*found) if found else None


@cache
def _note(kind: SignalKind, knows_battery: bool) -> ReturningUpdate[Any]:
    at = bindparam("at", type_=Utc)
    values: dict[str, Any] = {
        "last_seen_at": sql_case(
            (or_(DEVICES.c.last_seen_at.is_(None), DEVICES.c.last_seen_at < at), at), else_=DEVICES.c.last_seen_at
        )
    }
    if knows_battery:
        values["battery_percent"] = bindparam("battery")
    if kind is SignalKind.LOW_BATTERY:
        values["low_battery_at"] = func.coalesce(DEVICES.c.low_battery_at, at)
    elif kind is SignalKind.FAULT:
        values["fault_at"] = func.coalesce(DEVICES.c.fault_at, at)
    elif kind is SignalKind.TEST:
        values["last_test_at"] = at
    elif effect(kind) is Effect.ALARM:
        values["last_alarm_at"] = at
    return (
        update(DEVICES)
        .where(DEVICES.c.number == bindparam("device"))
        .values(values)
        .returning(*(DEVICES.c[field.name] for field in fields(Sender)))
    )


def _store(
    session: Session, incoming: Incoming, device_id: int | None, case_id: int | None, *, reason: str | None = None
) -> None:
    session.execute(
        insert(SIGNALS),
        {
            "id": incoming.id,
            "device_number": incoming.device,
            "device_id": device_id,
            "kind": incoming.kind,
            "event_id": incoming.event_id,
            "received_at": incoming.received_at,
            "occurred_at": incoming.occurred_at,
            "clock_off": clock_is_off(incoming.occurred_at, incoming.received_at),
            "data": incoming.data,
            "raw": incoming.raw,
            "raw_size": len(incoming.raw),
            "source": incoming.source,
            "understood": True,
            "reason": reason,
            "spooled": incoming.spooled,
            "case_id": case_id,
        },
    )


def active_case(session: Session, household_id: int | None, device_number: str | None) -> Case | None:
    """The emergency that this home (or this unregistered device) is already in, locked for us."""
    if household_id is not None:
        return session.scalar(ACTIVE_IN_HOME, {"household": household_id})
    return session.scalar(ACTIVE_OF_DEVICE, {"device": device_number})


def _actor(device: Sender | None, incoming: Incoming) -> Actor:
    return Actor("device", incoming.device, device.model if device else "")


def _data(device: Sender | None, incoming: Incoming) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": incoming.kind.value, "device": incoming.device, "signal_id": str(incoming.id)}
    if device is not None and device.location:
        data["location"] = device.location
    if incoming.spooled:
        data["spooled"] = True
    if clock_is_off(incoming.occurred_at, incoming.received_at):
        data["clock_off"] = True
    return data


def _open(session: Session, centre: Centre, device: Sender | None, incoming: Incoming) -> Case:
    household, elder = _home(session, device)
    case = new_case(
        centre,
        kind=Kind.EMERGENCY,
        cause=incoming.kind.value,
        channel=Channel.DEVICE,
        priority=centre.priorities[incoming.kind],
        at=incoming.received_at,
        elder=elder,
        household=household,
    )
    case.origin_device = incoming.device
    case.signals = 1
    case.last_signal_at = incoming.received_at
    if household is None:
        put(case, Flag.UNKNOWN_DEVICE)
    if incoming.spooled:
        put(case, Flag.SPOOLED)
    data = _data(device, incoming)
    open_with(session, case, happened(case, "opened", _actor(device, incoming), incoming.received_at, data=data))
    return case


def _home(session: Session, device: Sender | None) -> tuple[Household | None, Elder | None]:
    if device is None:
        return None, None
    if device.household_id is None:
        return None, session.get(Elder, device.elder_id) if device.elder_id is not None else None
    found = session.execute(HOME, {"household": device.household_id, "elder": device.elder_id}).one()
    household, elder = found
    return household, elder or only_elder(session, household.id)


def only_elder(session: Session, household_id: int) -> Elder | None:
    """The elder of a home where only one lives; otherwise the operator has to ask."""
    found = session.scalars(select(Elder).where(Elder.household_id == household_id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def new_case(
    centre: Centre,
    *,
    kind: Kind,
    cause: str,
    channel: Channel,
    priority: int,
    at: datetime,
    elder: Elder | None,
    household: Household | None,
) -> Case:
    """A case that begins to wait at ``at``, with its own copy of the policy. The caller adds and records it."""
    case = Case(
        kind=kind,
        cause=cause,
        channel=channel,
        priority=priority,
        state=State.NEW,
        version=0,
        opened_at=at,
        changed_at=at,
        policy=centre.policies[priority].dump(),
        round=-1,
        flags=[],
        household_id=household.id if household else None,
        area_id=household.area_id if household else None,
        elder_id=elder.id if elder else None,
    )
    begin_wait(case, at)
    absence = elder.absence(at) if elder else None
    if absence:
        put(case, Flag.IN_HOSPITAL if absence == "hospital" else Flag.AWAY)
    return case


def _join(session: Session, centre: Centre, case: Case, device: Sender | None, incoming: Incoming) -> None:
    now = incoming.received_at
    late = case.last_signal_at is not None and now - case.last_signal_at > FIRST_OUT
    calls_again(centre, case, centre.priorities[incoming.kind], now)
    data = _data(device, incoming) | {"count": case.signals}
    if late:
        data["after_pause"] = True
    record(session, case, "repeat", _actor(device, incoming), now, data=data)


def calls_again(centre: Centre, case: Case, priority: int, now: datetime) -> None:
    """The home calls again, by a device or a person: louder, never quieter. The caller records it."""
    move(case, Trigger.SIGNAL)
    case.signals += 1
    case.last_signal_at = max(case.last_signal_at or now, now)
    put(case, Flag.REPEAT)
    if priority < case.priority:
        change_priority(case, priority, centre.policies, now)
    if case.held_until is not None:
        unhold(case, now)
    elif case.state != State.NEW:
        put(case, Flag.NEW_SIGNAL)
        if case.due == Due.ASK_OWNER and case.next_due_at is not None:
            set_deadline(case, Deadline(min(case.next_due_at, now + RECHECK), Due.ASK_OWNER))


def unhold(case: Case, now: datetime) -> None:
    """Bring a held case back into the queue."""
    move(case, Trigger.UNHOLD)
    drop(case, Flag.HELD)
    put(case, Flag.RETURNED)
    begin_wait(case, now)


def _remark(session: Session, case: Case, device: Sender | None, incoming: Incoming) -> None:
    """Tell that all is said to be well, and settle nothing: who lies on the floor can press the wrong button too."""
    cancelled = incoming.kind is SignalKind.CANCEL
    put(case, Flag.CANCELLED_BY_ELDER if cancelled else Flag.RESTORED)
    record(
        session,
        case,
        "cancelled_by_elder" if cancelled else "restored",
        _actor(device, incoming),
        incoming.received_at,
        data=_data(device, incoming),
    )
