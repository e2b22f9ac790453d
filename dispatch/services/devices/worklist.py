"""The work list of the devices: what somebody has to see to, who does, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import IllegalTransition, Invalid, NotFound, VersionConflict
from dispatch.domain.supervision import TaskKind, TaskState
from dispatch.models.devices import Device, DeviceTask
from dispatch.models.people import User
from dispatch.services.areas_asked import inside_asked
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.devices import register
from dispatch.services.devices.scope import Doing, seen
from dispatch.services.devices.supervise import close_tasks
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.transact import transact

BY_HAND = frozenset({TaskKind.LOW_BATTERY, TaskKind.FAULT, TaskKind.TAMPER, TaskKind.CHATTER})
"""What a person can call done. The others end when the device, the gateway or the register says so."""


@dataclass(frozen=True)
class TaskChange:
    version: int | None = None
    assignee_id: int | None = None
    unassign: bool = False
    tried: bool = False
    note: str | None = None
    done: bool = False


@dataclass(frozen=True)
class TaskFilter:
    kind: str | None = None
    area_id: int | None = None


def tasks(centre: Centre, actor: Actor, wanted: TaskFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """Open tasks, the oldest first, with how many there are of each kind."""
    with centre.database.reads() as session:
        statement = _statement().where(DeviceTask.closed_at.is_(None), seen(actor))
        if wanted.area_id is not None:
            statement = statement.where(inside_asked(session, wanted.area_id))
        counted = statement.with_only_columns(DeviceTask.kind, func.count()).group_by(DeviceTask.kind)
        counts: dict[str, int] = {row[0]: row[1] for row in session.execute(counted)}
        if wanted.kind is not None:
            statement = statement.where(DeviceTask.kind == wanted.kind)
        if page.before is not None:
            statement = statement.where(DeviceTask.id > page.before)
        found = session.execute(statement.order_by(DeviceTask.id).limit(page.limit + 1)).all()
    items = [_task(row, centre, now) for row in found[: page.limit]]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "total": counts.get(wanted.kind, 0) if wanted.kind else sum(counts.values()),
        "counts": {one.value: counts.get(one.value, 0) for one in TaskKind},
    }


def task(centre: Centre, actor: Actor, task_id: int, now: datetime) -> dict[str, Any]:
    with centre.database.reads() as session:
        found = session.execute(_statement().where(DeviceTask.id == task_id, seen(actor))).first()
        if found is None:
            raise NotFound(f"there is no task {task_id} in your areas")
        return _task(found, centre, now)


def _statement() -> Select[*tuple[Any, ...]]:
    return (
        register.cards()
        .add_columns(DeviceTask, User.name)
        .join(DeviceTask, DeviceTask.device_id == Device.id)
        .outerjoin(User, User.id == DeviceTask.assignee_id)
    )


def _task(found: Any, centre: Centre, now: datetime) -> dict[str, Any]:
    *device, task_, assignee = found
    return {
        "id": str(task_.id),
        "version": task_.version,
        "kind": task_.kind,
        "state": task_.state,
        "since": stamp(task_.since),
        "opened_at": stamp(task_.opened_at),
        "tried": task_.tried,
        "tried_at": stamp(task_.tried_at),
        "assignee": task_.assignee_id and {"id": str(task_.assignee_id), "name": assignee},
        "note": task_.note,
        "data": task_.data,
        "case_id": task_.case_id and str(task_.case_id),
        "by_hand": task_.kind in BY_HAND,
        "device": register.card(device, centre, now),
    }


def change(centre: Centre, doing: Doing, task_id: int, change_: TaskChange) -> None:
    """Take it over, count a try, write a note, call it done. Raises ``Conflict`` kinds, ``Invalid``, ``NotFound``."""

    def work(session: Session) -> None:
        found = session.execute(_statement().where(DeviceTask.id == task_id, seen(doing.actor))).first()
        if found is None:
            raise NotFound(f"there is no task {task_id} in your areas")
        task_ = session.scalars(
            select(DeviceTask)
            .where(DeviceTask.id == task_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        if task_.closed_at is not None:
            raise IllegalTransition("this task has ended already", state=task_.state)
        if change_.version is not None and change_.version != task_.version:
            raise VersionConflict("somebody changed this task in the meantime", version=task_.version)
        _apply(session, task_, change_, doing.now)
        write(
            session,
            doing.actor,
            Deed("device_task", Subject("device", task_.device_id), data={"task": task_.kind}),
            doing.now,
        )
        if change_.done:
            if task_.kind not in BY_HAND:
                raise Invalid("done", "by-itself", "this ends by itself when the reason has gone")
            session.flush()
            close_tasks(session, [task_id], doing.actor.name, doing.now)

    transact(centre, work)


def _apply(session: Session, task_: DeviceTask, change_: TaskChange, now: datetime) -> None:
    if change_.unassign:
        task_.assignee_id, task_.state = None, TaskState.OPEN
    if change_.assignee_id is not None:
        if session.scalar(select(User.id).where(User.id == change_.assignee_id, User.active)) is None:
            raise Invalid("assignee_id", "unknown", "there is no such person at work here")
        task_.assignee_id, task_.state = change_.assignee_id, TaskState.DOING
    if change_.tried:
        task_.tried += 1
        task_.tried_at = now
    if change_.note is not None:
        task_.note = change_.note
    task_.version += 1
