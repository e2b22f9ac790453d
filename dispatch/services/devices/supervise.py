"""The round of the devices: what needs somebody becomes a task, and what has mended itself ends one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.supervision import TaskKind, TaskState
from dispatch.models.devices import Device, DeviceTask, Signal
from dispatch.services.centre import Centre
from dispatch.services.devices import conditions, gateways, strays
from dispatch.services.duty.rounds import begin, is_due
from dispatch.services.intake import OFFLINE
from dispatch.services.transact import transact

ROUND = "devices"
BATCH = 1000
"""Tasks of a kind that one round opens or closes at most: the rest waits for the next one."""
SELF = "clock"
FAULTS_READ = 20
OPEN = DeviceTask.closed_at.is_(None)


@dataclass(frozen=True)
class Wanted:
    device_id: int
    kind: TaskKind
    since: datetime
    data: dict[str, Any] = field(default_factory=dict)


def tick(centre: Centre, now: datetime) -> bool:
    """Make the round if it is time. True: it was made."""
    if not is_due(centre, ROUND, now):
        gateways.believe(centre, now)
        return False

    def mine(session: Session) -> bool:
        return begin(session, ROUND, centre.devices.check_every, now)

    if not transact(centre, mine):
        return False
    gateways.watch(centre, now)  # first: what stands behind a silent gateway is not offline by itself
    look(centre, now)
    strays.bring_home(centre, now)
    return True


def look(centre: Centre, now: datetime) -> None:
    """Find what to open and to close while others write, and write it in one short transaction."""
    reasons = _reasons(centre, now)
    with centre.database.reads() as session:
        wanted = [found for reason in reasons for found in _missing(session, reason, now)]
        wanted += _chattering(session, centre, now)
        over = [task for reason in reasons for task in _over(session, centre, reason)]
        over += _quiet(session, centre, now)
        again = _still_chattering(session, centre, now)
        back = list(session.scalars(select(Device.id).where(Device.on_test_until <= now).limit(BATCH)))
    if not (wanted or over or again or back):
        return
    with centre.database.sessions.begin() as session:
        open_tasks(session, centre, wanted, now)
        close_tasks(session, over, SELF, now)
        for task_id, number in again:
            session.execute(
                update(DeviceTask)
                .where(DeviceTask.id == task_id, OPEN)
                .values(data={"signals": number, "last_at": now.isoformat()})
            )
        _return_from_test(session, back, now)


@dataclass(frozen=True)
class Reason:
    """When a device needs a task of the kind, and since when it does."""

    kind: TaskKind
    holds: ColumnElement[bool]
    since: Any

    @property
    def kinds(self) -> list[TaskKind]:
        return [TaskKind.FAULT, TaskKind.TAMPER] if self.kind is TaskKind.FAULT else [self.kind]


def _reasons(centre: Centre, now: datetime) -> list[Reason]:
    """Written out once a round: it takes longer than asking them."""
    tested = func.coalesce(Device.last_test_at, Device.last_alarm_at, Device.registered_at)
    seen = func.coalesce(Device.last_seen_at, Device.registered_at)
    return [
        Reason(TaskKind.OFFLINE, conditions.offline(centre, now), seen),
        Reason(TaskKind.LOW_BATTERY, conditions.weak(centre), Device.low_battery_at),
        Reason(TaskKind.FAULT, Device.fault_at.is_not(None), Device.fault_at),
        Reason(TaskKind.TEST_OVERDUE, conditions.test_overdue(centre, now), tested),
        Reason(TaskKind.UNASSIGNED, conditions.unassigned(centre), Device.registered_at),
    ]


def _missing(session: Session, reason: Reason, now: datetime) -> list[Wanted]:
    kind = reason.kind
    has_one = (
        select(DeviceTask.id).where(DeviceTask.device_id == Device.id, DeviceTask.kind.in_(reason.kinds), OPEN).exists()
    )
    found = session.execute(
        select(Device.id, reason.since, Device.battery_percent)
        .where(conditions.supervised(now), reason.holds, ~has_one)
        .order_by(Device.id)
        .limit(BATCH)
    ).all()
    if kind is TaskKind.FAULT:
        return [_fault(session, device_id, at) for device_id, at, _ in found]
    return [
        Wanted(device_id, kind, at or now, {"percent": percent} if kind is TaskKind.LOW_BATTERY else {})
        for device_id, at, percent in found
    ]


def _fault(session: Session, device_id: int, at: datetime) -> Wanted:
    """What the device said of it: an opened case is somebody's hand, and not a defect."""
    found = session.scalars(
        select(Signal.data)
        .where(Signal.device_id == device_id, Signal.kind == "fault", Signal.received_at >= at)
        .order_by(Signal.received_at.desc())
        .limit(FAULTS_READ)
    )
    said = next((data for data in found if (data or {}).get("code") != OFFLINE), None)
    code = str((said or {}).get("code", ""))[:40]
    kind = TaskKind.TAMPER if code == "tamper" or (said or {}).get("tamper") is True else TaskKind.FAULT
    return Wanted(device_id, kind, at, {"code": code} if code else {})


def _over(session: Session, centre: Centre, reason: Reason) -> list[int]:
    """Tasks whose reason has gone. A battery counts as changed when it tells more than it did."""
    kind = reason.kind
    gone = ~func.coalesce(reason.holds, False)
    if kind is TaskKind.LOW_BATTERY:
        gone = conditions.charged(centre)
    elif kind is TaskKind.FAULT:
        gone = gone | conditions.mended()
    found = session.execute(
        select(DeviceTask.id, DeviceTask.data, Device.battery_percent)
        .join(Device, Device.id == DeviceTask.device_id)
        .where(OPEN, DeviceTask.kind.in_(reason.kinds), gone | Device.retired_at.is_not(None))
        .order_by(Device.last_seen_at.desc())
        .limit(BATCH)
    )
    return [
        task_id
        for task_id, data, percent in found
        if kind is not TaskKind.LOW_BATTERY or data.get("percent") is None or (percent or 0) > data["percent"]
    ]


def _counted(centre: Centre, now: datetime) -> Any:
    rules = centre.devices
    return (
        select(Signal.device_id, func.count().label("number"), func.min(Signal.received_at).label("since"))
        .where(
            Signal.received_at > now - rules.chatter_within,
            Signal.kind != "heartbeat",
            Signal.kind != "test",
            Signal.device_id.is_not(None),
        )
        .group_by(Signal.device_id)
        .having(func.count() > rules.chatter_signals)
        .subquery()
    )


def _chattering(session: Session, centre: Centre, now: datetime) -> list[Wanted]:
    counted = _counted(centre, now)
    has_one = (
        select(DeviceTask.id)
        .where(DeviceTask.device_id == counted.c.device_id, DeviceTask.kind == TaskKind.CHATTER, OPEN)
        .exists()
    )
    found = session.execute(
        select(counted).join(Device, Device.id == counted.c.device_id).where(conditions.supervised(now), ~has_one)
    )
    return [
        Wanted(device_id, TaskKind.CHATTER, since, {"signals": number, "last_at": now.isoformat()})
        for device_id, number, since in found
    ]


def _still_chattering(session: Session, centre: Centre, now: datetime) -> list[tuple[int, int]]:
    counted = _counted(centre, now)
    return [
        (task_id, number)
        for task_id, number in session.execute(
            select(DeviceTask.id, counted.c.number)
            .join(counted, counted.c.device_id == DeviceTask.device_id)
            .where(OPEN, DeviceTask.kind == TaskKind.CHATTER)
        )
    ]


def _quiet(session: Session, centre: Centre, now: datetime) -> list[int]:
    """Chatter that has stopped is still shown for a while: its reason should be found."""
    found = session.execute(select(DeviceTask.id, DeviceTask.data).where(OPEN, DeviceTask.kind == TaskKind.CHATTER))
    since = now - centre.devices.chatter_quiet
    return [task_id for task_id, data in found if datetime.fromisoformat(data["last_at"]) < since]


def open_tasks(session: Session, centre: Centre, wanted: Iterable[Wanted], now: datetime) -> None:
    """Each device has one open task of a kind: the index leaves out what another clock has opened."""
    rows = [
        {
            "device_id": w.device_id,
            "kind": w.kind.value,
            "since": w.since,
            "opened_at": now,
            "state": TaskState.OPEN.value,
            "tried": 0,
            "data": w.data,
            "version": 1,
        }
        for w in wanted
    ]
    if rows:
        dialect = postgresql if centre.database.is_postgresql else sqlite
        session.execute(dialect.insert(DeviceTask).on_conflict_do_nothing(), rows)


def close_tasks(session: Session, task_ids: Iterable[int], by: str, now: datetime) -> None:
    """End tasks, and with them what they were about: a battery that was changed is no longer low."""
    ids = list(task_ids)
    if not ids:
        return
    session.execute(
        update(DeviceTask)
        .where(DeviceTask.id.in_(ids), OPEN)
        .values(state=TaskState.CLOSED, closed_at=now, closed_by=by, version=DeviceTask.version + 1),
        execution_options={"synchronize_session": False},
    )
    for kinds, column in (
        ((TaskKind.LOW_BATTERY,), Device.low_battery_at),
        ((TaskKind.FAULT, TaskKind.TAMPER), Device.fault_at),
    ):
        ended = select(DeviceTask.device_id).where(DeviceTask.id.in_(ids), DeviceTask.kind.in_(kinds))
        session.execute(
            update(Device).where(and_(Device.id.in_(ended), column.is_not(None))).values({column.key: None}),
            execution_options={"synchronize_session": False},
        )


def _return_from_test(session: Session, device_ids: list[int], now: datetime) -> None:
    """It counts again since its time ended, by the clock; here only the notice is taken down."""
    if device_ids:
        session.execute(
            update(Device)
            .where(Device.id.in_(device_ids), Device.on_test_until <= now)
            .values(on_test_until=None, on_test_since=None, on_test_reason=None, on_test_by=None),
            execution_options={"synchronize_session": False},
        )
