"""What follows when nobody was met: the contacts are called, and then it is an emergency. Each once, by a column."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from dispatch.domain.actor import SYSTEM
from dispatch.domain.case import Channel, Kind
from dispatch.domain.visits.tries import Next, Wait, Why, after_try, when_due
from dispatch.models.cases import Case
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.models.visits import CheckinVisit
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once
from dispatch.services.centre import Centre
from dispatch.services.due import carry_out_each
from dispatch.services.helps import offer_words
from dispatch.services.lifecycle import record
from dispatch.services.opening import Scene, active_case, calls_again, new_case
from dispatch.services.ordering.telling import is_mobile
from dispatch.services.response.words import fitted
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits.rows import one, within
from dispatch.services.work import Act

CAUSE = "visit_not_met"
PRIORITY = 1
CONTACTED = "visit_not_met"
"""The purpose of what the contacts are told, as it stands in ``config/messages.yaml``."""


def begin(centre: Centre, visit: CheckinVisit, why: Why, at: datetime) -> None:
    """After a try, in the caller's transaction; ``visit.tries`` counts it already."""
    waiting = None if visit.due is None or visit.next_due_at is None else Wait(visit.next_due_at, Next(visit.due))
    _wait(visit, after_try(why, visit.tries, at, centre.visits.tries, waiting))


def _wait(visit: CheckinVisit, wait: Wait | None) -> None:
    visit.next_due_at, visit.due = (None, None) if wait is None else (wait.until, wait.next.value)


def tick(centre: Centre, now: datetime) -> int:
    """Safe to run twice at once, and after a clock that was away: what is due is done once, in its order."""
    return carry_out_each(centre, CheckinVisit.next_due_at, now, _carry_out)


def _carry_out(session: Session, centre: Centre, visit_id: int, now: datetime) -> bool:
    elder = session.scalars(
        select(Elder)
        .join(CheckinVisit, CheckinVisit.elder_id == Elder.id)
        .where(CheckinVisit.id == visit_id)
        .options(joinedload(Elder.household))
    ).one()
    # The home before the visit, as every door to an emergency does.
    session.execute(select(Household.id).where(Household.id == elder.household_id).with_for_update())
    visit = session.get(CheckinVisit, visit_id, with_for_update={"skip_locked": True}, populate_existing=True)
    if visit is None or visit.next_due_at is None or visit.next_due_at > now or visit.due is None:
        return False
    if elder.absence(now) is not None or elder.archived_at is not None:
        _wait(visit, None)  # it has become known where the elder is
        return True
    due = Next(visit.due)
    called = 0 if due is Next.EMERGENCY else _call_contacts(session, centre, visit, elder, now)
    wait = when_due(due, now, centre.visits.tries, anybody_called=called > 0)
    if wait is None:
        visit.case_id = _emergency(session, centre, elder, now).id
    _tell(session, visit, "visit_contacts_called" if wait else "visit_emergency", now)
    _wait(visit, wait)
    visit.changed_at = now
    visit.version += 1
    return True


def _tell(session: Session, visit: CheckinVisit, action: str, now: datetime) -> None:
    case_id = None if visit.case_id is None else str(visit.case_id)
    trail.write(session, SYSTEM, Deed(action, Subject("visit", visit.id), data={"case": case_id}), now)


def _call_contacts(session: Session, centre: Centre, visit: CheckinVisit, elder: Elder, now: datetime) -> int:
    """One message to each: a text to a mobile, a call to a telephone on a wall. How many there were."""
    contacts = session.scalars(select(Contact).where(Contact.elder_id == elder.id).order_by(Contact.position)).all()
    words = {"signature": centre.messages["signature"], "who": offer_words.called(elder)}
    found = {contact.phone: contact for contact in contacts if contact.phone}
    for phone, contact in found.items():
        channel = "sms" if is_mobile(phone) else "voice"
        text = fitted(centre.messages[CONTACTED][channel], channel, words, ("who",)).named(CONTACTED)
        session.add(
            Message(
                reference=f"{CONTACTED}:{visit.id}:{visit.tries}:{contact.id}",
                channel=channel,
                purpose=CONTACTED,
                phone=phone,
                label=contact.name,
                body=text,
                case_id=None,
                case_round=0,
                contact_id=contact.id,
                state=MessageState.PENDING,
                created_at=now,
                next_try_at=now,  # at any hour: somebody may lie on the floor
                receipt={},
            )
        )
    return len(found)


def _emergency(session: Session, centre: Centre, elder: Elder, now: datetime) -> Case:
    """A home that is in an emergency already has one more reason."""
    home = elder.household
    case = active_case(session, home.id, None)
    if case is not None:
        calls_again(centre, case, PRIORITY, now)
        record(session, case, "visit_not_met", SYSTEM, now)
        return case
    case = new_case(
        centre,
        kind=Kind.EMERGENCY,
        cause=CAUSE,
        channel=Channel.VISIT,
        priority=PRIORITY,
        at=now,
        scene=Scene.of(elder, home, now),
    )
    session.add(case)
    session.flush()
    record(session, case, "opened", SYSTEM, now, data={"kind": CAUSE})
    return case


def found_well(centre: Centre, visit_id: int, act: Act, how: str) -> Answer:
    """Somebody has seen or heard the elder: nobody is called any more. It is no visit, which is still to be made."""

    def work(session: Session) -> Answer:
        visit = within(session, visit_id, act)
        if visit.due is not None:
            _wait(visit, None)
            visit.changed_at = act.now
            visit.version += 1
            trail.write(session, act.actor, Deed("visit_found_well", Subject("visit", visit.id), how), act.now)
            session.flush()
        return one(session, centre, visit_id, act)

    return once(centre, act, f"visit:{visit_id}:found-well", work)
