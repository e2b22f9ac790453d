"""Make a person anonymous, and shut the words of a case away.

Cases, timelines and signals are never deleted; that is the centre's promise to whoever asks what happened. So a
person's row stays and says nothing of a person any more, and the timeline of a case stays as it was written and
is shown to nobody: where deleting is not possible, article 47 allows keeping and protecting alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import Session

from dispatch.domain.case import OPEN
from dispatch.domain.errors import Conflict
from dispatch.models.care import Assessment, CareForm, Consent, ElderTag
from dispatch.models.cases import Call, Case, Draft
from dispatch.models.devices import Device
from dispatch.models.outbox import UNSENT, Message
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household
from dispatch.models.privacy import ErasedPerson, RestrictedCase, Sharing
from dispatch.services import trail
from dispatch.services.centre import Centre
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
}
"""Columns of an elder that say who it is, and what they become. ``birth_date`` keeps its year alone."""
INDEXES = frozenset({"identity_index", "phone_index", "phone_tail_index"})
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
        "archive_reason",
        "merged_into",
    }
)
"""Columns that stay: without a name and an address they are numbers."""


def erase_person(session: Session, centre: Centre, elder: Elder, act: Act, *, request_id: int | None) -> dict[str, Any]:
    """In the caller's transaction; the elder is locked. Raises ``Conflict`` while a case of the home is open."""
    open_case = select(Case.id).where(Case.household_id == elder.household_id, Case.state.in_(OPEN)).limit(1)
    if (waiting := session.scalar(open_case)) is not None:
        raise Conflict(f"case {waiting} of this home is still open: end it first", case=str(waiting))
    counts = {
        "contacts": _blank_contacts(session, elder),
        "facts": _rows(session.execute(delete(Fact).where(Fact.elder_id == elder.id))),
        "cases": restrict(session, _closed_cases_of(session, elder), act.now, "request" if request_id else "retention"),
    }
    _blank_records(session, elder)
    _blank_home(session, elder)
    for name, value in BLANK.items():
        setattr(elder, name, value)
    elder.archived_at = elder.archived_at or act.now
    elder.archive_reason = elder.archive_reason or "erased"
    elder.version += 1
    elder.birth_date = elder.birth_date.replace(month=1, day=1)
    why = "request" if request_id else "retention"
    session.merge(ErasedPerson(elder_id=elder.id, at=act.now, why=why, request_id=request_id))
    trail.write(session, act.actor, Deed("erased", Subject("elder", elder.id), why, counts), act.now)
    return counts


def _closed_cases_of(session: Session, elder: Elder) -> Sequence[int]:
    """Of this person; of the home too when nobody else lives there whom the case may be about."""
    mine: ColumnElement[bool] = Case.elder_id == elder.id
    if not _others_at_home(session, elder):
        mine |= Case.household_id == elder.household_id
    return session.scalars(select(Case.id).where(mine, Case.state.not_in(OPEN))).all()


def _others_at_home(session: Session, elder: Elder) -> bool:
    erased = exists().where(ErasedPerson.elder_id == Elder.id)
    others = select(Elder.id).where(Elder.household_id == elder.household_id, Elder.id != elder.id, ~erased).limit(1)
    return session.scalar(others) is not None


def restrict(session: Session, case_ids: Sequence[int], now: datetime, why: str) -> int:
    """Nobody is shown what was said and written in these closed cases. How many that were not shut before."""
    if not case_ids:
        return 0
    known = set(session.scalars(select(RestrictedCase.case_id).where(RestrictedCase.case_id.in_(case_ids))))
    fresh = [case_id for case_id in case_ids if case_id not in known]
    session.add_all(RestrictedCase(case_id=case_id, at=now, why=why) for case_id in fresh)
    past_the_session(
        session,
        update(Case).where(Case.id.in_(fresh)).values(text=None, caller=None, caller_index=None, caller_masked=None),
    )
    session.execute(delete(Draft).where(Draft.case_id.in_(fresh)))
    past_the_session(
        session, update(Call).where(Call.case_id.in_(fresh)).values(caller=None, recording_url=None, events={})
    )
    past_the_session(
        session,
        update(Message)
        .where(Message.case_id.in_(fresh), Message.state.not_in(UNSENT))
        .values(phone="", label="", body="", receipt={}),
    )
    return len(fresh)


def _blank_contacts(session: Session, elder: Elder) -> int:
    """They stay as rows, because messages say which of them was called; whose they were is gone."""
    values = {"name": ANONYMOUS, "phone": "", "phone_index": None, "minutes_away": None, "has_key": False}
    return past_the_session(session, update(Contact).where(Contact.elder_id == elder.id).values(values))


def _blank_records(session: Session, elder: Elder) -> None:
    for table, values in (
        (Assessment, {"answers": {}, "note": None}),
        (ElderTag, {"evidence": None, "due_at": None}),
        (CareForm, {"reason": ""}),
        (Consent, {"by": "", "read_by": None, "document": None}),
        (Sharing, {"note": None}),
    ):
        session.execute(update(table).where(table.elder_id == elder.id).values(values))
    session.execute(update(Device).where(Device.elder_id == elder.id).values(elder_id=None))


def _blank_home(session: Session, elder: Elder) -> None:
    if _others_at_home(session, elder):
        return
    home = session.get_one(Household, elder.household_id)
    area = session.get_one(Area, home.area_id)
    home.address = home.address_short = area.name[:80]
    home.lat = home.lon = home.access_notes = None
    home.keys = []


def past_the_session(session: Session, statement: Any) -> int:
    """Write without mirroring it on loaded objects: that compares columns, and sealed ones refuse. How many rows."""
    return _rows(session.execute(statement, execution_options={"synchronize_session": False}))


def _rows(result: Any) -> int:
    return int(result.rowcount)
