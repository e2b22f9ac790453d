"""Promised call-backs: who promised is reminded at the time, everybody five minutes later. None is ever forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import Flag, State
from dispatch.domain.errors import Conflict, Forbidden, Invalid, NotFound
from dispatch.domain.privacy import mask_phone
from dispatch.models.cases import Case
from dispatch.models.floor import CallBack
from dispatch.models.people import Elder, User
from dispatch.models.places import Area
from dispatch.services.centre import Centre
from dispatch.services.lifecycle import acted, drop, put, record
from dispatch.services.privacy import sight
from dispatch.services.rows import must_see, stamp, visible
from dispatch.services.transact import transact
from dispatch.services.work import Act, locked

log = structlog.get_logger()
BATCH = 100


@dataclass(frozen=True)
class Promise:
    due_at: datetime
    note: str
    phone: str | None = None
    """Only where it is another one than the register knows."""


def promise(centre: Centre, case_id: int, act: Act, wanted: Promise) -> dict[str, Any]:
    """Promise to ring back at a time, also after the case is closed. The same idempotency key again: the same one."""
    if act.actor.user_id is None:
        raise Forbidden("only a signed-in person can promise something")
    if wanted.due_at <= act.now:
        raise Invalid("due_at", "in-the-past", "choose a time that is still to come")

    def once(session: Session) -> dict[str, Any]:
        case = locked(session, case_id, act.actor)
        if act.key is not None:
            found = session.scalar(select(CallBack).where(CallBack.once_key == _key(act)))
            if found is not None:
                return _one(session, found.id, act.actor)
        new = CallBack(
            case_id=case.id,
            promised_by=act.actor.user_id,
            due_at=wanted.due_at,
            note=wanted.note,
            phone=wanted.phone,
            state="open",
            next_due_at=wanted.due_at,
            created_at=act.now,
            once_key=_key(act),
        )
        session.add(new)
        session.flush()
        if case.owner_id == act.actor.user_id:
            acted(case, act.now)
        data = {"callback": str(new.id), "due_at": stamp(wanted.due_at)}
        record(session, case, "callback_promised", act.actor, act.now, text=wanted.note, data=data)
        session.flush()
        return _one(session, new.id, act.actor)

    return transact(centre, once)


def _key(act: Act) -> str | None:
    return f"{act.actor.key}:{act.key}"[:260] if act.key is not None else None


def settle(centre: Centre, callback_id: int, act: Act, *, done: bool, reason: str | None) -> dict[str, Any]:
    """It was done, or is not needed any more and why. The same again changes nothing.

    Raises ``Conflict`` when somebody has settled it the other way.
    """
    if not done and not reason:
        raise Invalid("reason", "required", "say why the call is not needed any more")
    wanted = "done" if done else "cancelled"

    def once(session: Session) -> dict[str, Any]:
        found = session.get(CallBack, callback_id)
        if found is None:
            raise NotFound(f"there is no call-back {callback_id}")
        case = locked(session, found.case_id, act.actor)
        found = session.get_one(CallBack, callback_id, with_for_update=True, populate_existing=True)
        if found.state == "open":
            found.state = wanted
            found.reason = reason
            _settle(session, found, case, act)
        elif found.state != wanted:
            raise Conflict(f"this call-back is {found.state} already", state=found.state)
        session.flush()
        return _one(session, found.id, act.actor)

    return transact(centre, once)


def _settle(session: Session, found: CallBack, case: Case, act: Act) -> None:
    found.next_due_at = None
    found.settled_at = act.now
    found.settled_by = act.actor.user_id
    found.version += 1
    session.flush()
    _mark(session, case)
    if case.owner_id == act.actor.user_id and act.actor.user_id is not None:
        acted(case, act.now)
    data = {"callback": str(found.id), "state": found.state}
    record(session, case, f"callback_{found.state}", act.actor, act.now, text=found.reason, data=data)


def _mark(session: Session, case: Case) -> None:
    """The case shows the most pressing of its open call-backs."""
    open_ones = session.scalars(select(CallBack).where(CallBack.case_id == case.id, CallBack.state == "open")).all()
    drop(case, Flag.CALLBACK_DUE, Flag.CALLBACK_LATE)
    if any(one.late_at for one in open_ones):
        put(case, Flag.CALLBACK_LATE)
    elif any(one.reminded_at for one in open_ones):
        put(case, Flag.CALLBACK_DUE)


def tick(centre: Centre, now: datetime) -> int:
    """Remind whoever promised, then everybody. Safe to run twice at once."""
    with centre.database.reads() as session:
        due = list(
            session.scalars(
                select(CallBack.id).where(CallBack.next_due_at <= now).order_by(CallBack.next_due_at).limit(BATCH)
            )
        )
    reminded = 0
    for callback_id in due:
        try:
            reminded += int(_remind(centre, callback_id, now))
        except Exception:
            log.exception("callback_failed", callback_id=callback_id)
            _put_aside(centre, callback_id, now)
    return reminded


def _remind(centre: Centre, callback_id: int, now: datetime) -> bool:
    with centre.database.sessions.begin() as session:
        case_id = session.scalars(select(CallBack.case_id).where(CallBack.id == callback_id)).one()
        # The case first, as everywhere: whoever settles a call-back has it locked too.
        case = session.get_one(Case, case_id, with_for_update=True)
        found = session.get_one(CallBack, callback_id, with_for_update=True, populate_existing=True)
        if found.next_due_at is None or found.next_due_at > now:
            return False
        late_from = found.due_at + centre.floor.callback_everybody
        if found.reminded_at is None and now < late_from:
            kind = "callback_due"
            found.reminded_at = now
            found.next_due_at = late_from
        else:  # also after a time without a clock: one word to everybody, not two in a row
            kind = "callback_late"
            found.reminded_at = found.reminded_at or now
            found.late_at = now
            found.next_due_at = None
        found.version += 1
        session.flush()
        _mark(session, case)
        promiser = session.get_one(User, found.promised_by)
        data = {"callback": str(found.id), "due_at": stamp(found.due_at), "by": promiser.name}
        record(session, case, kind, SYSTEM, now, once_key=f"{kind}:{found.id}", data=data)
        return True


def _put_aside(centre: Centre, callback_id: int, now: datetime) -> None:
    with centre.database.sessions.begin() as session:
        found = session.get_one(CallBack, callback_id, with_for_update=True)
        found.next_due_at = now + centre.floor.callback_everybody


def callbacks(centre: Centre, actor: Actor, *, mine: bool = False, case_id: int | None = None) -> list[dict[str, Any]]:
    """The open ones in the actor's areas by their time; of one case: all."""
    wanted = CallBack.state == "open" if case_id is None else CallBack.case_id == case_id
    if mine:
        wanted &= CallBack.promised_by == actor.user_id
    with centre.database.reads() as session:
        if case_id is not None:
            must_see(session, case_id, actor)
        return listed(session, actor, wanted, 200)


def listed(session: Session, actor: Actor, wanted: ColumnElement[bool], most: int) -> list[dict[str, Any]]:
    """Call-backs in the actor's areas by their time."""
    statement = visible(_statement().where(wanted), actor).order_by(CallBack.due_at, CallBack.id)
    held = sight.homes_held(session, actor)
    return [callback_json(*one, clear=_clear(actor, held, *one[:2])) for one in session.execute(statement.limit(most))]


def _statement() -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(CallBack, Case, Elder.name, User.name)
        .join(Case, Case.id == CallBack.case_id)
        .join(User, User.id == CallBack.promised_by)
        .outerjoin(Elder, Elder.id == Case.elder_id)
        .outerjoin(Area, Area.id == Case.area_id)
    )
    return statement


def _one(session: Session, callback_id: int, actor: Actor) -> dict[str, Any]:
    one = session.execute(_statement().where(CallBack.id == callback_id)).one()
    return callback_json(*one, clear=_clear(actor, sight.homes_held(session, actor), *one[:2]))


def _clear(actor: Actor, held: frozenset[int], found: CallBack, case: Case) -> bool:
    """Whoever holds the home; of a caller whom no home is known for, who owns the case or gave the promise: no file
    could reveal that number to them.
    """
    if case.household_id is not None:
        return case.household_id in held
    return actor.user_id is not None and actor.user_id in (case.owner_id, found.promised_by)


def callback_json(found: CallBack, case: Case, who: str | None, by: str, *, clear: bool) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "case_id": str(found.case_id),
        "case_open": State(case.state) not in (State.CLOSED, State.MERGED, State.CANCELLED),
        "priority": case.priority,
        "who": who,
        "elder_id": case.elder_id and str(case.elder_id),
        "by": {"id": str(found.promised_by), "name": by},
        "due_at": stamp(found.due_at),
        "note": found.note,
        "phone": found.phone if clear else mask_phone(found.phone),
        "masked": not clear,
        "state": found.state,
        "version": found.version,
        "reminded_at": stamp(found.reminded_at),
        "late_at": stamp(found.late_at),
        "created_at": stamp(found.created_at),
        "settled_at": stamp(found.settled_at),
        "reason": found.reason,
    }
