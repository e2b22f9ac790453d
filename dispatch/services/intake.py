"""The doors of the corridor: an alarm of a device becomes a case, in one transaction, before anybody is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, ScalarSelect, Table, and_, bindparam, func, insert, or_, select, text, update
from sqlalchemy import case as sql_case
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from uuid_utils import uuid7

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE, Channel, Flag, Kind
from dispatch.domain.signals import FIRST_OUT, Effect, SignalKind, clock_is_off, effect
from dispatch.models.base import Utc
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device, Signal
from dispatch.models.people import Elder, absent
from dispatch.models.places import Household
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import happened, open_with, put, write
from dispatch.services.opening import Scene, active_case, calls_again, new_case
from dispatch.services.transact import transact

EVENT_NAMESPACE = UUID("6c1d3f52-6c0b-5d7e-9a53-8f0b6f1a2d10")
RAW_KEPT = 64 * 1024
OFFLINE = "offline"
"""The code of a fault that is none: the device cannot be reached."""
ON_TEST = "on_test"
"""Why an alarm of a device that somebody put on test opened no case."""

# The statements of every alarm, written once: to build them anew would cost as much as to run them.
DEVICES: Table = Device.__table__  # type: ignore[assignment]
SIGNALS: Table = Signal.__table__  # type: ignore[assignment]
CASES: Table = Case.__table__  # type: ignore[assignment]
HOUSEHOLDS: Table = Household.__table__  # type: ignore[assignment]
ELDERS: Table = Elder.__table__  # type: ignore[assignment]
QUEUE_UP = text("SELECT pg_advisory_xact_lock(hashtextextended(:device, 1))")
STORE = insert(SIGNALS)
SAME_EVENT = or_(
    SIGNALS.c.id == bindparam("id"),
    and_(SIGNALS.c.device_number == bindparam("device"), SIGNALS.c.event_id == bindparam("event")),
)
COPY = select(SIGNALS.c.case_id).where(SAME_EVENT)
A_COPY = select(SIGNALS.c.id).where(SAME_EVENT).limit(1).scalar_subquery().label("copy")


def _emergency(*where: ColumnElement[bool]) -> ScalarSelect[Any]:
    """The id of the open emergency; its uniqueness is the database's promise."""
    return select(CASES.c.id).where(CASES.c.kind == Kind.EMERGENCY, CASES.c.state.in_(ACTIVE), *where).scalar_subquery()


AT_HOME = (
    select(
        A_COPY,
        _emergency(CASES.c.household_id == HOUSEHOLDS.c.id).label("case_id"),
        HOUSEHOLDS.c.area_id,
        ELDERS.c.id.label("elder_id"),
        ELDERS.c.absence_kind,
        ELDERS.c.absence_until,
    )
    .select_from(HOUSEHOLDS.outerjoin(ELDERS, ELDERS.c.household_id == HOUSEHOLDS.c.id))
    .where(HOUSEHOLDS.c.id == bindparam("household"))
)
"""One row for each elder of the home."""
HOMELESS = select(
    A_COPY,
    _emergency(CASES.c.household_id.is_(None), CASES.c.origin_device == bindparam("device")).label("case_id"),
)


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


@dataclass
class Arrival:
    """One message on its way through a batch."""

    incoming: Incoming
    device: Sender | None
    """None: nobody has registered it."""
    duplicate: bool = False
    case_id: int | None = None
    opens: Case | None = None
    """The case that it opens; it has no id before the batch is written."""

    @property
    def event(self) -> dict[str, Any]:
        return {"id": self.incoming.id, "device": self.incoming.device, "event": self.incoming.event_id}

    @property
    def household_id(self) -> int | None:
        return self.device.household_id if self.device else None

    @property
    def home(self) -> tuple[int, str]:
        """Where its emergency is: in a household, or at a device that belongs to none."""
        return (self.household_id, "") if self.household_id is not None else (0, self.incoming.device)

    @property
    def is_on_test(self) -> bool:
        """By the time at which it came, so that a test ends by itself however the clock is."""
        until = self.device.on_test_until if self.device else None
        return until is not None and self.incoming.received_at < until

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.incoming.id, self.case_id, self.duplicate, unknown_device=self.device is None)


def queue_up(session: Session, device: str) -> None:
    """Wait until whoever stores a message of this unknown device, or registers it, has committed. PostgreSQL."""
    session.execute(QUEUE_UP, {"device": device})


def new_signal_id(device: str, event_id: str | None) -> UUID:
    """The same for every copy of one event, so that a sender hears the same id even when the database was away."""
    if event_id is None:
        return UUID(str(uuid7()))
    return uuid5(EVENT_NAMESPACE, f"{device}\0{event_id}")


def receive_signal(centre: Centre, incoming: Incoming) -> Receipt:
    """Store ``incoming``, find or open its case, commit. The caller answers the device only after this returns.

    Raises ``sqlalchemy.exc.OperationalError`` when the database is away: then the signal belongs into the spool.
    """
    return receive_signals(centre, [incoming])[0]


def receive_signals(centre: Centre, batch: Sequence[Incoming]) -> list[Receipt]:
    """Receive signals of different devices in one transaction: all are stored, or none is. Raises as the single one."""
    return transact(centre, lambda session: Batch(session, centre).receive(batch))


def keep_unreadable(
    centre: Centre, raw: bytes, source: str, reason: str, now: datetime, *, about: Mapping[str, str] | None = None
) -> UUID:
    """Keep a message that nobody could read (its first 64 KiB) for an operator to look at. ``about``: what is known of
    it all the same, the ``device`` and the ``word`` that nobody has mapped.
    """
    signal_id = new_signal_id("", None)
    with centre.database.sessions.begin() as session:
        session.execute(
            insert(Signal).values(
                id=signal_id,
                received_at=now,
                **({"data": dict(about)} if about else {}),
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


class Batch:
    """One transaction of the intake. New cases, history and signals are inserted together, at its end.

    All devices are locked before any case, both in one order: two batches may wait for each other, never in a circle.
    """

    def __init__(self, session: Session, centre: Centre) -> None:
        self._session = session
        self._centre = centre
        self._waiting: list[Arrival] = []
        self._events: list[CaseEvent] = []
        self._opening: set[tuple[int, str]] = set()

    def receive(self, batch: Sequence[Incoming]) -> list[Receipt]:
        arrivals = [Arrival(i, self._note(i)) for i in sorted(batch, key=lambda i: i.device)]
        for arrival in sorted(arrivals, key=lambda a: a.home):
            self._place(arrival)
        self._write()
        receipts = {arrival.incoming.id: arrival.receipt for arrival in arrivals}
        return [receipts[incoming.id] for incoming in batch]

    def _note(self, incoming: Incoming) -> Sender | None:
        device = _note_on_device(self._session, incoming)
        if device is None and self._centre.database.is_postgresql:
            # There is no row to wait at. SQLite has one writer anyway.
            queue_up(self._session, incoming.device)
            device = _note_on_device(self._session, incoming)  # perhaps we waited for somebody who registered it
        return device

    def _place(self, arrival: Arrival) -> None:
        """Find out whether it is news, and to which case it belongs."""
        if arrival.home in self._opening:
            self._write()
        is_copy, case_id, scene = self._look_around(arrival)
        if is_copy:
            arrival.duplicate = True
            arrival.case_id = self._session.execute(COPY, arrival.event).scalar_one()
            return
        meaning = Effect.DEVICE if arrival.is_on_test else effect(arrival.incoming.kind)
        # Locked only here, so it may have ended since.
        case = active_case(self._session, arrival.household_id, arrival.incoming.device) if case_id else None
        if meaning is not Effect.DEVICE and case is not None:
            self._events.append(_remark(case, arrival) if meaning is Effect.REMARK else self._join(case, arrival))
            arrival.case_id = case.id
        elif meaning is Effect.ALARM:
            arrival.opens = self._new_case(arrival, scene)
            self._opening.add(arrival.home)
        self._waiting.append(arrival)

    def _look_around(self, arrival: Arrival) -> tuple[bool, int | None, Scene]:
        """Is the same event stored already, the open emergency of its home, and who lives there: in one statement."""
        device, now = arrival.device, arrival.incoming.received_at
        if device is None or device.household_id is None:
            copy, case_id = self._session.execute(HOMELESS, arrival.event).one()
            elder = self._session.get(Elder, device.elder_id) if device and device.elder_id is not None else None
            return copy is not None, case_id, Scene.of(elder, None, now)
        rows = self._session.execute(AT_HOME, arrival.event | {"household": device.household_id}).all()
        # The wearer, or the only one who lives there; otherwise the operator has to ask.
        who = next((row for row in rows if row.elder_id == device.elder_id), rows[0] if len(rows) == 1 else None)
        absence = absent(who.absence_kind, who.absence_until, now) if who else None
        scene = Scene(device.household_id, rows[0].area_id, who.elder_id if who else None, absence)
        return rows[0].copy is not None, rows[0].case_id, scene

    def _new_case(self, arrival: Arrival, scene: Scene) -> Case:
        incoming = arrival.incoming
        case = new_case(
            self._centre,
            kind=Kind.EMERGENCY,
            cause=incoming.kind.value,
            channel=Channel.DEVICE,
            priority=self._centre.priorities[incoming.kind],
            at=incoming.received_at,
            scene=scene,
        )
        case.origin_device = incoming.device
        case.signals = 1
        case.last_signal_at = incoming.received_at
        if scene.household_id is None:
            put(case, Flag.UNKNOWN_DEVICE)
        if incoming.spooled:
            put(case, Flag.SPOOLED)
        return case

    def _join(self, case: Case, arrival: Arrival) -> CaseEvent:
        now = arrival.incoming.received_at
        late = case.last_signal_at is not None and now - case.last_signal_at > FIRST_OUT
        calls_again(self._centre, case, self._centre.priorities[arrival.incoming.kind], now)
        data = _data(arrival) | {"count": case.signals}
        if late:
            data["after_pause"] = True
        return happened(case, "repeat", _actor(arrival), now, data=data)

    def _write(self) -> None:
        opening = [arrival for arrival in self._waiting if arrival.opens is not None]
        firsts = [_first_event(arrival) for arrival in opening]
        ids = open_with(self._session, [arrival.opens for arrival in opening if arrival.opens is not None], firsts)
        for arrival, case_id in zip(opening, ids, strict=True):
            arrival.case_id = case_id
        if self._events:
            write(self._session, *self._events)
        if self._waiting:
            self._session.connection().execute(STORE, [_stored(arrival) for arrival in self._waiting])
        self._waiting.clear()
        self._events.clear()
        self._opening.clear()


def _first_event(arrival: Arrival) -> CaseEvent:
    assert arrival.opens is not None
    now = arrival.incoming.received_at
    return happened(arrival.opens, "opened", _actor(arrival), now, data=_data(arrival))


def _note_on_device(session: Session, incoming: Incoming) -> Sender | None:
    """Write that the device has spoken, and find out whose it is. None: nobody has registered it.

    The row stays locked until the commit: messages of one device go one at a time. Two devices of one home may still
    open its case at once in two processes; then the unique index lets one through, and the other starts over.
    """
    said = incoming.data or {}
    if incoming.kind is SignalKind.FAULT and said.get("code") == OFFLINE:
        found = session.execute(AWAY, {"device": incoming.device, "at": incoming.received_at}).first()
        return Sender(*found) if found else None
    battery = said.get("battery")
    knows_battery = type(battery) is int and 0 <= battery <= 100  # a bool is an int to Python and not to PostgreSQL
    found = session.execute(
        _note(incoming.kind, knows_battery),
        {"device": incoming.device, "at": incoming.received_at, **({"battery": battery} if knows_battery else {})},
    ).first()
    return Sender(*found) if found else None


AWAY = (
    update(DEVICES)
    .where(DEVICES.c.number == bindparam("device"))
    .values(
        away_since=sql_case(
            (DEVICES.c.last_seen_at <= DEVICES.c.away_since, DEVICES.c.away_since), else_=bindparam("at", type_=Utc)
        )
    )
    .returning(*(DEVICES.c[field.name] for field in fields(Sender)))
)
"""Said of the device and not by it: it has not spoken, and nothing about it is broken."""


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


def _stored(arrival: Arrival) -> dict[str, Any]:
    incoming = arrival.incoming
    return {
        "id": incoming.id,
        "device_number": incoming.device,
        "device_id": arrival.device.id if arrival.device else None,
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
        "reason": ON_TEST if arrival.is_on_test else None,
        "spooled": incoming.spooled,
        "case_id": arrival.case_id,
    }


def _actor(arrival: Arrival) -> Actor:
    return Actor("device", arrival.incoming.device, arrival.device.model if arrival.device else "")


def _data(arrival: Arrival) -> dict[str, Any]:
    incoming = arrival.incoming
    data: dict[str, Any] = {"kind": incoming.kind.value, "device": incoming.device, "signal_id": str(incoming.id)}
    if arrival.device is not None and arrival.device.location:
        data["location"] = arrival.device.location
    if incoming.spooled:
        data["spooled"] = True
    if clock_is_off(incoming.occurred_at, incoming.received_at):
        data["clock_off"] = True
    return data


def _remark(case: Case, arrival: Arrival) -> CaseEvent:
    """Tell that all is said to be well, and settle nothing: who lies on the floor can press the wrong button too."""
    cancelled = arrival.incoming.kind is SignalKind.CANCEL
    put(case, Flag.CANCELLED_BY_ELDER if cancelled else Flag.RESTORED)
    kind = "cancelled_by_elder" if cancelled else "restored"
    return happened(case, kind, _actor(arrival), arrival.incoming.received_at, data=_data(arrival))
