"""Who must be told afterwards that an emergency used their information without their consent (article 18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import SYSTEM, Actor
from dispatch.domain.case import Kind
from dispatch.domain.errors import Conflict, NotFound
from dispatch.models.care import Consent
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.models.privacy import TellDuty
from dispatch.services import trail
from dispatch.services.care.reach import Answer, elder_within, once
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

PURPOSE = "emergency_response"
LOOK_BACK = timedelta(days=7)
"""Emergencies that were answered so long ago are looked at, so that a clock that was down misses none."""


def tick(centre: Centre, now: datetime, most: int = 200) -> int:
    """Owe a word to each elder of a home whose emergency somebody took, and so saw it without masks, though the elder
    had not agreed to it at that moment. However the case was taken: at the desk or by telephone.
    """
    with centre.database.reads() as session:
        found = session.execute(_unconsented(now).limit(most)).all()
    if found:
        with centre.database.sessions.begin() as session:
            for case_id, elder_id in found:
                owe(session, centre, Act(SYSTEM, now), Use(elder_id, case_id, PURPOSE))
    return len(found)


def _unconsented(now: datetime) -> Any:
    newer = aliased(Consent)
    said = (
        select(Consent.id)
        .where(
            Consent.elder_id == Elder.id,
            Consent.purpose == PURPOSE,
            Consent.given,
            Consent.at <= Case.answered_at,
            ~select(newer.id)
            .where(
                newer.elder_id == Consent.elder_id,
                newer.purpose == PURPOSE,
                newer.id > Consent.id,
                newer.at <= Case.answered_at,
            )
            .correlate(Consent, Case)
            .exists(),
        )
        .correlate(Elder, Case)
        .exists()
    )
    owed = (
        select(TellDuty.id)
        .where(TellDuty.elder_id == Elder.id, TellDuty.case_id == Case.id, TellDuty.purpose == PURPOSE)
        .correlate(Elder, Case)
        .exists()
    )
    return (
        select(Case.id, Elder.id)
        .join(Elder, Elder.household_id == Case.household_id)
        .where(
            Case.kind == Kind.EMERGENCY,
            Case.opened_at > now - LOOK_BACK,
            Case.answered_at.is_not(None),
            ~said,
            ~owed,
        )
        .order_by(Case.id, Elder.id)
    )


@dataclass(frozen=True)
class Use:
    elder_id: int
    case_id: int
    purpose: str


def owe(session: Session, centre: Centre, act: Act, use: Use) -> None:
    """Once for each elder, case and purpose, however often it is used."""
    known = select(TellDuty.id).where(
        TellDuty.elder_id == use.elder_id, TellDuty.case_id == use.case_id, TellDuty.purpose == use.purpose
    )
    if session.scalar(known) is not None:
        return
    due = act.now + centre.care.deadlines.tell
    session.add(TellDuty(**use.__dict__, arose_at=act.now, due_at=due))
    data = {"case": use.case_id, "purpose": use.purpose}
    trail.write(session, act.actor, Deed("emergency_use", Subject("elder", use.elder_id), data=data), act.now)


def told(centre: Centre, duty_id: int, act: Act, how: str) -> Answer:
    """The elder was told. Raises ``NotFound``, ``Conflict`` when somebody did it already."""

    def change(session: Session) -> Answer:
        duty = session.scalar(select(TellDuty).where(TellDuty.id == duty_id).with_for_update())
        if duty is None or not _here(session, duty.elder_id, act.actor):
            raise NotFound(f"there is no duty {duty_id} in your areas")
        if duty.done_at is not None:
            raise Conflict(f"{duty.done_by} told the elder already")
        duty.done_at, duty.done_by, duty.how = act.now, act.actor.name, how
        deed = Deed("told_after_emergency", Subject("elder", duty.elder_id), data={"duty": duty.id})
        trail.write(session, act.actor, deed, act.now)
        session.flush()
        return _duty_json(duty, session.get_one(Elder, duty.elder_id).name, act.now)

    return once(centre, act, f"duty:{duty_id}", change)


def _here(session: Session, elder_id: int, actor: Actor) -> bool:
    try:
        elder_within(session, elder_id, actor)
    except NotFound:
        return False
    return True


def list_duties(centre: Centre, actor: Actor, page: PageOf, now: datetime, *, done: bool = False) -> Answer:
    """Elders who must still be told (the most pressing first), or those who were."""
    statement = (
        select(TellDuty, Elder.name)
        .join(Elder, Elder.id == TellDuty.elder_id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(inside(actor.paths), TellDuty.done_at.is_not(None) if done else TellDuty.done_at.is_(None))
    )
    if page.before is not None:
        statement = statement.where(TellDuty.id > page.before)
    with centre.database.reads() as session:
        # A duty is due a fixed time after it arose, so their ids are in the order of their deadlines.
        found = session.execute(statement.order_by(TellDuty.id).limit(page.limit + 1)).all()
    items = [_duty_json(duty, name, now) for duty, name in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}


def _duty_json(duty: TellDuty, name: str, now: datetime) -> Answer:
    return {
        "id": str(duty.id),
        "elder": {"id": str(duty.elder_id), "name": name},
        "case_id": str(duty.case_id),
        "purpose": duty.purpose,
        "arose_at": stamp(duty.arose_at),
        "due_at": stamp(duty.due_at),
        "late": duty.done_at is None and duty.due_at < now,
        "done_at": stamp(duty.done_at),
        "done_by": duty.done_by,
        "how": duty.how,
    }
