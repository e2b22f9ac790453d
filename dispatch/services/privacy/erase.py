"""Make a person anonymous.

Cases, timelines and signals are never deleted; that is the centre's promise to whoever asks what happened. So a
person's row stays and says nothing of a person any more, and the cases are shut away (``restrict``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from dispatch.domain.case import UNFINISHED
from dispatch.domain.errors import Conflict
from dispatch.models.care import AnsweredAct, Assessment, CareForm, Consent, ElderTag
from dispatch.models.cases import Case
from dispatch.models.circle import HomeCircle
from dispatch.models.devices import Device, DeviceTask
from dispatch.models.elder_links import ElderLink
from dispatch.models.floor import CallBack, HandoverItem
from dispatch.models.followup import CardCode
from dispatch.models.imports import Double, ElderOrigin
from dispatch.models.listening import DeviceBeat
from dispatch.models.outbox import UNSENT, Message, MessageState
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household
from dispatch.models.privacy import ErasedPerson, RightsRequest, Sharing, TellDuty
from dispatch.models.sealed import has_phone
from dispatch.models.simnet import SimPhone, SimTraffic
from dispatch.models.standing import StandingOrder, StandingPause
from dispatch.models.workforce import Wish
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.hotline import recordings
from dispatch.services.imports.erasure import forget_person
from dispatch.services.privacy.restrict import BLANK_ITEM, CLEARED_MESSAGE, past_the_session, restrict
from dispatch.services.privacy.visits import forget_visits
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

ANONYMOUS = "已匿名"
BLANK: dict[str, Any] = {
    "name": ANONYMOUS,
    "pinyin": "",
    "initials": "",
    "identity_number": None,
    "phone": None,
    "flags": [],
    "languages": [],
    "dialect": None,
    "hearing": None,
    "absence_kind": None,
    "absence_until": None,
    "absence_note": None,
    "archive_reason": "erased",
}
"""Columns of an elder that say who it is, and what they become. ``birth_date`` keeps its year alone."""
INDEXES = frozenset({"identity_index", "identity_tail_index", "phone_index", "phone_tail_index"})
"""Columns that follow the sealed ones."""
STATISTICS = frozenset(
    {
        "id",
        "household_id",
        "sex",
        "birth_date",
        "ability_level",
        "service_form",
        "version",
        "updated_at",
        "archived_at",
        "archive_kind",
        "merged_into",
    }
)
"""Columns that stay: without a name and an address they are numbers."""
ANSWERED = ("elder", "consent", "form", "tag", "assessment", "sharing")
"""What an answered act is about, where the number behind it is an elder's."""
BLANK_CONTACT: dict[str, Any] = {
    "name": ANONYMOUS,
    "relation": "other",
    "phone": "",
    "phone_index": None,
    "minutes_away": None,
    "has_key": False,
}


def erase_person(session: Session, centre: Centre, elder: Elder, act: Act, *, request_id: int | None) -> dict[str, Any]:
    """In the caller's transaction; the elder is locked. Files that were merged into this one go with it.

    Raises ``Conflict`` while a case of the home is open, a call-back is promised or a message is on its way, and for a
    request about a file that was itself merged into another.
    """
    if request_id is not None and elder.merged_into is not None:
        raise Conflict("this file was merged into another: erase that one", merged_into=str(elder.merged_into))
    files = [elder, *_merged_into(session, elder)]
    for one in files:
        _refuse_unfinished(session, one)
    why = "request" if request_id else "retention"
    counts = {"contacts": 0, "facts": 0, "cases": 0}
    for one in files:
        recordings.forget_of(session, centre, _closed_cases_of(session, one))
        for name, number in _erase(session, one, act, why).items():
            counts[name] += number
        session.merge(ErasedPerson(elder_id=one.id, at=act.now, why=why, request_id=request_id))
        session.flush()
        trail.write(session, act.actor, Deed("erased", Subject("elder", one.id), why, counts), act.now)
    return counts


def _merged_into(session: Session, elder: Elder) -> list[Elder]:
    found = list(session.scalars(select(Elder).where(Elder.merged_into == elder.id).with_for_update()))
    return [*found, *(deeper for one in found for deeper in _merged_into(session, one))]


def _refuse_unfinished(session: Session, elder: Elder) -> None:
    theirs = or_(Case.elder_id == elder.id, Case.household_id == elder.household_id)
    if (waiting := session.scalar(select(Case.id).where(theirs, Case.state.in_(UNFINISHED)).limit(1))) is not None:
        raise Conflict(f"case {waiting} of this home is still open: end it first", case=str(waiting))
    ids = _closed_cases_of(session, elder)
    promised = select(CallBack.id).where(CallBack.case_id.in_(ids), CallBack.state == "open").limit(1)
    if (promise := session.scalar(promised)) is not None:
        raise Conflict(f"call-back {promise} is promised: make it or cancel it first", callback=str(promise))
    sending = select(Message.id).where(Message.case_id.in_(ids), Message.state == MessageState.SENDING).limit(1)
    if session.scalar(sending) is not None:
        raise Conflict("a message about this home is on its way this very moment: try again in a minute")


def _erase(session: Session, elder: Elder, act: Act, why: str) -> dict[str, int]:
    numbers = _numbers(session, elder)
    cases = _closed_cases_of(session, elder)
    _withdraw(session, cases)
    counts = {
        "facts": past_the_session(session, delete(Fact).where(Fact.elder_id == elder.id)),
        "cases": restrict(session, cases, act.now, why),
    }
    past_the_session(session, delete(Wish).where(Wish.elder_id == elder.id))
    forget_person(session, elder, act.now)
    _blank_home(session, elder)
    blank = update(Contact).where(Contact.elder_id == elder.id).values(BLANK_CONTACT)
    # They stay as rows, because messages say which of them was called; whose they were is gone.
    counts["contacts"] = past_the_session(session, blank)
    _blank_records(session, elder, act)
    for name, value in BLANK.items():
        setattr(elder, name, value)
    elder.archived_at = elder.archived_at or act.now
    elder.version += 1
    elder.birth_date = elder.birth_date.replace(month=1, day=1)
    session.flush()
    _forget_telephones(session, numbers)
    return counts


def _closed_cases_of(session: Session, elder: Elder) -> Sequence[int]:
    """Of this person; of their telephone where nobody knew whose it was; of the home too when nobody else lives there
    whom the case may be about.
    """
    mine: ColumnElement[bool] = Case.elder_id == elder.id
    if not _others_at_home(session, elder):
        mine |= Case.household_id == elder.household_id
    if elder.phone:
        mine |= and_(Case.elder_id.is_(None), Case.household_id.is_(None), has_phone(Case.caller_index, elder.phone))
    return session.scalars(select(Case.id).where(mine, Case.state.not_in(UNFINISHED))).all()


def _others_at_home(session: Session, elder: Elder) -> bool:
    erased = exists().where(ErasedPerson.elder_id == Elder.id)
    others = select(Elder.id).where(Elder.household_id == elder.household_id, Elder.id != elder.id, ~erased).limit(1)
    return session.scalar(others) is not None


def _withdraw(session: Session, cases: Sequence[int]) -> None:
    """What still waits to be sent about a closed case is sent to nobody any more."""
    values = {**CLEARED_MESSAGE, "state": MessageState.WITHDRAWN, "next_try_at": None}
    waiting = (Message.case_id.in_(cases), Message.state.in_(UNSENT))
    past_the_session(session, update(Message).where(*waiting).values(values))


def _blank_records(session: Session, elder: Elder, act: Act) -> None:
    for table, values in (
        (Assessment, {"answers": {}, "note": None, "void_reason": None}),
        (ElderTag, {"source": "", "evidence": None, "end_reason": None, "due_at": None}),
        (CareForm, {"reason": ""}),
        (Consent, {"by": "", "read_by": None, "document": None}),
        (Sharing, {"note": None}),
        (ElderOrigin, {"external_id": None}),
        (TellDuty, {"how": None}),
        (StandingOrder, {"applicant": {}, "text": None, "end_reason": None}),
    ):
        session.execute(update(table).where(table.elder_id == elder.id).values(values))
    theirs = select(StandingOrder.id).where(StandingOrder.elder_id == elder.id)
    past_the_session(session, update(StandingPause).where(StandingPause.standing_id.in_(theirs)).values(reason=None))
    goes_on = (StandingOrder.elder_id == elder.id, StandingOrder.ended_at.is_(None))
    past_the_session(session, update(StandingOrder).where(*goes_on).values(ended_at=act.now))
    told = {"done_at": act.now, "done_by": act.actor.name, "how": "erased"}
    session.execute(update(TellDuty).where(TellDuty.elder_id == elder.id, TellDuty.done_at.is_(None)).values(told))
    pair = or_(Double.elder_a == elder.id, Double.elder_b == elder.id)
    session.execute(update(Double).where(pair).values(reason=None))
    decided = {"state": "dismissed", "decided_at": act.now, "decided_by": act.actor.name, "reason": "erased"}
    session.execute(update(Double).where(pair, Double.state == "proposed").values(decided))
    # A card that still lies in a drawer opens nothing any more.
    session.execute(delete(ElderLink).where(ElderLink.elder_id == elder.id))
    past_the_session(session, delete(CardCode).where(CardCode.elder_id == elder.id))
    away = (HandoverItem.kind == "absent", HandoverItem.ref == str(elder.id))
    past_the_session(session, update(HandoverItem).where(*away).values(BLANK_ITEM))
    _forget_beats(session, Device.elder_id == elder.id)
    past_the_session(session, update(Device).where(Device.elder_id == elder.id).values(elder_id=None))
    forget_visits(session, elder)
    _forget_answers(session, elder)


def _forget_answers(session: Session, elder: Elder) -> None:
    """Under an idempotency key what was answered is kept for some days: to a request with the name in it."""
    asked = session.scalars(select(RightsRequest.id).where(RightsRequest.elder_id == elder.id))
    theirs = [AnsweredAct.subject == f"{kind}:{elder.id}" for kind in (*ANSWERED, "request")]
    theirs += [AnsweredAct.subject.startswith(f"{kind}:{elder.id}:") for kind in ANSWERED]
    theirs += [AnsweredAct.subject.startswith(f"request:{one}:") for one in asked]
    owed = session.scalars(select(TellDuty.id).where(TellDuty.elder_id == elder.id))
    theirs.append(AnsweredAct.subject.in_([f"duty:{one}" for one in owed]))
    past_the_session(session, delete(AnsweredAct).where(or_(*theirs)))


def _blank_home(session: Session, elder: Elder) -> None:
    home = session.get_one(Household, elder.household_id)
    theirs = {str(one) for one in session.scalars(select(Contact.id).where(Contact.elder_id == elder.id))}
    home.keys = [key for key in home.keys if key.get("contact_id") not in theirs]
    if _others_at_home(session, elder):
        return
    area = session.get_one(Area, home.area_id)
    home.address = home.address_short = area.name[:80]
    home.lat = home.lon = home.access_notes = None
    home.keys = []
    past_the_session(session, delete(HomeCircle).where(HomeCircle.household_id == home.id))
    _forget_beats(session, Device.household_id == home.id)
    devices = select(Device.id).where(Device.household_id == home.id)
    past_the_session(session, update(DeviceTask).where(DeviceTask.device_id.in_(devices)).values(note=None))
    blank = {"location": None, "on_test_reason": None}
    past_the_session(session, update(Device).where(Device.household_id == home.id).values(blank))


def _forget_beats(session: Session, whose: ColumnElement[bool]) -> None:
    """No alarm is among them, but a watch says with each where its wearer is."""
    past_the_session(session, delete(DeviceBeat).where(DeviceBeat.device_id.in_(select(Device.id).where(whose))))


def _numbers(session: Session, elder: Elder) -> set[str]:
    found = session.scalars(select(Contact.phone).where(Contact.elder_id == elder.id))
    return {number for number in (elder.phone, *found) if number}


def _forget_telephones(session: Session, numbers: set[str]) -> None:
    """Those of the simulated network that nobody else in the register has."""
    for number in numbers:
        known = select(func.count()).select_from(Elder).where(has_phone(Elder.phone_index, number))
        stands = select(func.count()).select_from(Contact).where(has_phone(Contact.phone_index, number))
        if session.scalar(known) or session.scalar(stands):
            continue
        session.execute(delete(SimPhone).where(SimPhone.number == number))
        past_the_session(session, update(SimTraffic).where(SimTraffic.phone == number).values(phone="", body=""))
