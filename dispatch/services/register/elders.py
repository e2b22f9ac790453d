"""Elders come into the register, their file changes, and they leave it; nobody is ever deleted here."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain import identity
from dispatch.domain.case import ACTIVE, Kind
from dispatch.domain.errors import Conflict, Invalid
from dispatch.models.cases import Case
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.care.reach import Answer, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.ordering import planning, standing
from dispatch.services.phone_numbers import normal_number
from dispatch.services.register import doubles, edits, households
from dispatch.services.register.households import Home
from dispatch.services.register.names import called
from dispatch.services.visits import absences, month
from dispatch.services.work import Act


@dataclass(frozen=True)
class Person:
    name: str
    sex: str
    birth_date: date
    phone: str | None = None
    identity_number: str | None = None
    languages: tuple[str, ...] = ()
    dialect: str | None = None
    hearing: str | None = None


@dataclass(frozen=True)
class Absence:
    kind: str
    """``hospital`` or ``away``."""
    until: datetime | None = None
    note: str | None = None


FIELDS = ("name", "sex", "birth_date", "phone", "identity_number", "languages", "dialect", "hearing")


def register(centre: Centre, act: Act, person: Person, home: Home | int, *, even_if_double: bool) -> Answer:
    """A new elder, in a new home or in one that is there.

    Raises ``Invalid``, ``NotFound`` for a home that is not the actor's, and ``LooksDouble``.
    """

    def work(session: Session) -> Answer:
        place = _place(session, act, home)
        elder = Elder(household_id=place.id, flags=[], **_columns({f: getattr(person, f) for f in FIELDS}))
        _check(elder, today(centre, act.now))
        session.add(elder)
        session.flush()
        edits.touch(session, act, elder, edits.of_elder(elder, "elder_registered", {}))
        elder.version = 1
        doubles.refuse(session, [elder.id], act, even_if_double=even_if_double)
        return {"id": str(elder.id), "version": elder.version}

    return once(centre, act, "elders:new", work)


def change(
    centre: Centre,
    elder_id: int,
    act: Act,
    wanted: Mapping[str, Any],
    *,
    move_to: Home | int | None = None,
    even_if_double: bool = False,
) -> Answer:
    """Set the fields of ``wanted`` (those of ``Person``); ``move_to`` another home, which leaves the old one as it is.

    Raises ``VersionConflict`` with who was quicker, ``Invalid``, and ``LooksDouble`` for a pair that is new.
    """

    def work(session: Session) -> Answer:
        elder = _locked(session, elder_id, act)
        told = edits.apply(elder, _columns({name: wanted[name] for name in FIELDS if name in wanted}))
        if move_to is not None:
            told |= _move(session, act, elder, move_to)
        _check(elder, today(centre, act.now))
        if told:
            edits.touch(session, act, elder, edits.of_elder(elder, "elder_changed", told))
            session.flush()
            doubles.refuse(session, [elder.id], act, even_if_double=even_if_double)
            if "household_id" in told or "birth_date" in told:
                month.of_elder(session, centre, elder.id, act.now)
        return {"id": str(elder.id), "version": elder.version}

    return once(centre, act, f"elder:{elder_id}:change", work)


def _move(session: Session, act: Act, elder: Elder, home: Home | int) -> dict[str, Any]:
    return edits.apply(elder, {"household_id": _place(session, act, home).id})


def _place(session: Session, act: Act, home: Home | int) -> Household:
    return households.within(session, home, act.actor) if isinstance(home, int) else households.add(session, act, home)


def _columns(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """As the register writes them: names without blanks around, one form of a number, the sound of the name."""
    columns = dict(wanted)
    if "name" in columns:
        columns |= called(" ".join(unicodedata.normalize("NFKC", columns["name"]).split()))
    if "phone" in columns:
        columns["phone"] = normal_number(columns["phone"] or None)
    if columns.get("identity_number"):
        columns["identity_number"] = unicodedata.normalize("NFKC", columns["identity_number"]).upper().strip()
    elif "identity_number" in columns:
        columns["identity_number"] = None
    if "languages" in columns:
        columns["languages"] = list(dict.fromkeys(columns["languages"]))
    return columns


def _check(elder: Elder, day: date) -> None:
    if not elder.name:
        raise Invalid("name", "missing", "an elder has a name")
    if elder.sex not in ("F", "M"):
        raise Invalid("sex", "unknown", "F or M, as on the identity card")
    if not identity.OLDEST <= elder.birth_date <= day:
        raise Invalid("birth_date", "range", f"a day between {identity.OLDEST} and today")
    number = elder.identity_number
    if number is None:
        return
    reason = identity.fault(number, day) or identity.disagreement(number, elder.birth_date, elder.sex)
    if reason is not None:
        raise Invalid("identity_number", reason, identity.REASONS[reason])


def _locked(session: Session, elder_id: int, act: Act) -> Elder:
    """Raises ``NotFound``, ``VersionConflict``, and ``Conflict`` for somebody who has left the register."""
    elder = elder_within(session, elder_id, act.actor, lock=True)
    if elder.merged_into is not None:
        raise Conflict("this file was merged into another: change that one", merged_into=str(elder.merged_into))
    edits.check_version(session, act, elder, "elder")
    if elder.archived_at is not None:
        raise Conflict("this elder has left the register: take them back in first")
    return elder


def archive(centre: Centre, elder_id: int, act: Act, reason: str, kind: str | None = None) -> Answer:
    """Out of lists, searches and counts; the file stays. ``kind``: ``died`` or ``moved``, which the rate of check-in
    visits tells apart. Raises ``Conflict`` while an emergency of theirs is open.
    """

    def work(session: Session) -> Answer:
        elder = _locked(session, elder_id, act)
        active = select(Case.id).where(Case.elder_id == elder.id, Case.kind == Kind.EMERGENCY, Case.state.in_(ACTIVE))
        if (case_id := session.scalar(active.limit(1))) is not None:
            raise Conflict(f"emergency {case_id} of this elder is open: close it first", case=str(case_id))
        elder.archived_at, elder.archive_reason, elder.archive_kind = act.now, reason, kind
        standing.end_all(session, centre, elder.id, act, reason="archived")
        edits.touch(session, act, elder, edits.of_elder(elder, "elder_archived", {}))
        month.of_elder(session, centre, elder.id, act.now)
        return {"id": str(elder.id), "version": elder.version}

    return once(centre, act, f"elder:{elder_id}:archive", work)


def restore(centre: Centre, elder_id: int, act: Act) -> Answer:
    """Back into the register. Raises ``Conflict`` for a file that was merged into another."""

    def work(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        if elder.merged_into is not None:
            raise Conflict("this file was merged into another and stays there", merged_into=str(elder.merged_into))
        edits.check_version(session, act, elder, "elder")
        if elder.archived_at is not None:
            elder.archived_at = elder.archive_reason = elder.archive_kind = None
            edits.touch(session, act, elder, edits.of_elder(elder, "elder_restored", {}))
            month.of_elder(session, centre, elder.id, act.now)
        return {"id": str(elder.id), "version": elder.version}

    return once(centre, act, f"elder:{elder_id}:restore", work)


def set_absence(centre: Centre, elder_id: int, act: Act, absence: Absence | None) -> Answer:
    """In hospital or away, until then or until somebody says that they are back (None)."""
    if absence is not None and absence.until is not None and absence.until <= act.now:
        raise Invalid("until", "past", "the end of an absence lies ahead; without one it lasts")

    def work(session: Session) -> Answer:
        elder = _locked(session, elder_id, act)
        wanted = absence or Absence("")
        columns = {
            "absence_kind": wanted.kind or None,
            "absence_until": wanted.until,
            "absence_note": wanted.note,
        }
        told = edits.apply(elder, columns)
        if told:
            action = "absence_set" if absence else "absence_ended"
            edits.touch(session, act, elder, edits.of_elder(elder, action, told))
            session.flush()
            absences.follow(session, elder, act)
            month.of_elder(session, centre, elder.id, act.now)
            planning.of_elder(session, centre, elder.id, act.actor, act.now)
        return {"id": str(elder.id), "version": elder.version}

    return once(centre, act, f"elder:{elder_id}:absence", work)
