"""How an emergency begins, joins and returns, whoever asks: the parts that every door of the corridor shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from dispatch.domain.case import ACTIVE, Channel, Flag, Help, Kind, State, Trigger
from dispatch.domain.escalation import Deadline, Due
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import begin_wait, change_priority, drop, move, put, set_deadline

STANDING = "standing"
"""Why a case began: a standing order said so."""
RECHECK = timedelta(seconds=60)
"""How long an owner may let a new alarm of the same home wait before being asked."""
_ACTIVE = select(Case).where(Case.kind == Kind.EMERGENCY, Case.state.in_(ACTIVE)).with_for_update()
ACTIVE_IN_HOME = _ACTIVE.where(Case.household_id == bindparam("household"))
ACTIVE_OF_DEVICE = _ACTIVE.where(Case.household_id.is_(None), Case.origin_device == bindparam("device"))


@dataclass(frozen=True)
class Scene:
    """Where a case is, and whose it is."""

    household_id: int | None = None
    area_id: int | None = None
    elder_id: int | None = None
    absence: str | None = None
    """``hospital`` or ``away``, at the time of the case."""

    @classmethod
    def of(cls, elder: Elder | None, household: Household | None, at: datetime) -> Self:
        return cls(
            household_id=household.id if household else None,
            area_id=household.area_id if household else None,
            elder_id=elder.id if elder else None,
            absence=elder.absence(at) if elder else None,
        )


def planned_case(centre: Centre, *, help_: Help, priority: int, at: datetime, scene: Scene) -> Case:
    """A service of a standing order: it waits for its day and not for an answer. The caller adds and records it."""
    return Case(
        kind=Kind.SERVICE,
        help=help_,
        cause=STANDING,
        channel=Channel.HOTLINE,
        priority=priority,
        top_priority=priority,
        state=State.PLANNED,
        version=0,
        opened_at=at,
        waiting_since=at,
        changed_at=at,
        changed_by="",
        policy=centre.policies[priority].dump(),
        step=0,
        round=-1,
        signals=0,
        flags=[],
        household_id=scene.household_id,
        area_id=scene.area_id,
        elder_id=scene.elder_id,
    )


def bring_up(case: Case, now: datetime) -> None:
    """A planned service comes to the desk, where it waits for a person; it is open since now. The caller records it."""
    move(case, Trigger.COME_UP)
    case.opened_at = now
    begin_wait(case, now)


def active_case(session: Session, household_id: int | None, device_number: str | None) -> Case | None:
    """The emergency that this home (or this unregistered device) is already in, locked for us."""
    if household_id is not None:
        return session.scalar(ACTIVE_IN_HOME, {"household": household_id})
    return session.scalar(ACTIVE_OF_DEVICE, {"device": device_number})


def new_case(
    centre: Centre,
    *,
    kind: Kind,
    cause: str,
    channel: Channel,
    priority: int,
    at: datetime,
    scene: Scene,
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
        household_id=scene.household_id,
        area_id=scene.area_id,
        elder_id=scene.elder_id,
    )
    begin_wait(case, at)
    if scene.absence:
        put(case, Flag.IN_HOSPITAL if scene.absence == "hospital" else Flag.AWAY)
    return case


def calls_again(centre: Centre, case: Case, priority: int, now: datetime) -> None:
    """The home calls again, by a device or a person: louder, never quieter. The caller records it."""
    move(case, Trigger.SIGNAL)
    case.signals += 1
    case.last_signal_at = max(case.last_signal_at or now, now)
    put(case, Flag.REPEAT)
    if priority < case.priority:
        change_priority(case, priority, centre.policies, now)
    comes_up(case, now)


def comes_up(case: Case, now: datetime) -> None:
    """There is a new alarm in it: what is held comes back, and who has it in hand is asked soon."""
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
