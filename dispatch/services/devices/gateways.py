"""A gateway that falls silent is one case and not hundreds: the homes behind it cannot speak, they are not broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import ACTIVE, Channel, Flag, Kind, State, Trigger
from dispatch.domain.supervision import TaskKind, TaskState
from dispatch.models.cases import Case
from dispatch.models.devices import Device, DeviceTask
from dispatch.services.centre import Centre
from dispatch.services.devices import conditions
from dispatch.services.lifecycle import end_watch, happened, move, open_with, put, record
from dispatch.services.opening import Scene, new_case
from dispatch.services.transact import transact

log = structlog.get_logger()
CAUSE = "gateway_offline"
OUTCOME = "came_back"
OPEN = DeviceTask.closed_at.is_(None)


def _has_task() -> ColumnElement[bool]:
    return (
        select(DeviceTask.id)
        .where(DeviceTask.device_id == Device.id, DeviceTask.kind == TaskKind.GATEWAY, OPEN)
        .exists()
    )


def believe(centre: Centre, now: datetime) -> None:
    """Open a case for each gateway whose last will says that it is away: between the rounds too, by a small index."""
    said = and_(Device.away_since.is_not(None), conditions.supervised(now), conditions.gateway_silent(centre, now))
    with centre.database.reads() as session:
        lost = list(session.scalars(select(Device.id).where(said, ~_has_task())))
    for device_id in lost:
        _each(centre, partial(_lost, centre=centre, device_id=device_id, now=now))


def watch(centre: Centre, now: datetime) -> None:
    """Open a case for each gateway that has fallen silent; end or remark the case of each that is back."""
    silent = conditions.gateway_silent(centre, now)
    with centre.database.reads() as session:
        lost = list(session.scalars(select(Device.id).where(conditions.supervised(now), silent, ~_has_task())))
        back = list(
            session.scalars(
                select(DeviceTask.id)
                .join(Device, Device.id == DeviceTask.device_id)
                .where(
                    OPEN,
                    DeviceTask.kind == TaskKind.GATEWAY,
                    ~func.coalesce(silent, False) | Device.retired_at.is_not(None),
                )
            )
        )
    for device_id in lost:
        _each(centre, partial(_lost, centre=centre, device_id=device_id, now=now))
    for task_id in back:
        _each(centre, partial(_back, task_id=task_id, now=now))


def _each(centre: Centre, work: Callable[[Session], None]) -> None:
    """One gateway that cannot be handled must not hide the others."""
    try:
        transact(centre, work)
    except Exception:
        log.exception("gateway_failed")


def _lost(session: Session, centre: Centre, device_id: int, now: datetime) -> None:
    gateway = session.scalars(select(Device).where(Device.id == device_id).with_for_update()).one()
    homes, devices = session.execute(
        select(func.count(Device.household_id.distinct()), func.count(Device.id)).where(
            Device.gateway_id == device_id, Device.retired_at.is_(None)
        )
    ).one()
    task = DeviceTask(
        device_id=device_id,
        kind=TaskKind.GATEWAY,
        since=gateway.last_seen_at or gateway.registered_at or now,
        opened_at=now,
        state=TaskState.OPEN,
        data={"homes": homes, "devices": devices},
    )
    session.add(task)
    session.flush()  # the index: another clock may have opened it
    case = case_of_silence(centre, gateway.number, homes, now)
    case.area_id = gateway.area_id
    data = {"kind": CAUSE, "device": gateway.number, "homes": homes, "devices": devices}
    (task.case_id,) = open_with(session, [case], [happened(case, "opened", SYSTEM, now, data=data)])
    _forget_children(session, device_id, now)
    log.error("gateway_silent", device_id=device_id, homes=homes)


def case_of_silence(centre: Centre, origin: str, homes: int, now: datetime) -> Case:
    """The one case for all the ``homes`` that cannot speak because ``origin`` does not."""
    rules = centre.devices
    case = new_case(
        centre,
        kind=Kind.ENQUIRY,
        cause=CAUSE,
        channel=Channel.DEVICE,
        priority=rules.gateway_priority if homes >= rules.gateway_homes else rules.gateway_priority_below,
        at=now,
        scene=Scene(),
    )
    case.origin_device = origin
    return case


def _forget_children(session: Session, device_id: int, now: datetime) -> None:
    """What was called offline before its gateway was: the gateway is the reason."""
    children = select(Device.id).where(Device.gateway_id == device_id)
    session.execute(
        update(DeviceTask)
        .where(DeviceTask.device_id.in_(children), DeviceTask.kind == TaskKind.OFFLINE, OPEN)
        .values(state=TaskState.CLOSED, closed_at=now, closed_by="gateway", version=DeviceTask.version + 1),
        execution_options={"synchronize_session": False},
    )


def _back(session: Session, task_id: int, now: datetime) -> None:
    task = session.scalars(select(DeviceTask).where(DeviceTask.id == task_id, OPEN).with_for_update()).one_or_none()
    if task is None:
        return
    task.state, task.closed_at, task.closed_by = TaskState.CLOSED, now, "clock"
    task.version += 1
    end_silence(session, task.case_id, now, task.since)


def end_silence(session: Session, case_id: int | None, now: datetime, since: datetime | None = None) -> None:
    """Nobody has to act any more where nobody had begun; whoever has the case in hand ends it.

    ``since``: when the silence began, if it is known better than by the case.
    """
    case = session.get(Case, case_id, with_for_update=True) if case_id is not None else None
    if case is None or State(case.state) not in ACTIVE:
        return
    put(case, Flag.RESTORED)
    seconds = int((now - (since or case.opened_at)).total_seconds())
    if case.state == State.NEW:
        move(case, Trigger.SETTLE)
        case.closed_at = now
        case.outcome = OUTCOME
        end_watch(case)
        record(session, case, "closed", SYSTEM, now, data={"outcome": OUTCOME, "seconds": seconds})
    else:
        record(session, case, "gateway_back", SYSTEM, now, data={"seconds": seconds})
