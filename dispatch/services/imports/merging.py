"""Two files of one person become one: what hangs on the other moves, and the other stays, archived, pointing here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, delete, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN
from dispatch.domain.doubles import address_key
from dispatch.domain.errors import Conflict, Invalid, VersionConflict
from dispatch.models.base import Base
from dispatch.models.care import AssessmentState, CareForm
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.imports import Double, ElderOrigin
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.care import assessments
from dispatch.services.centre import Centre
from dispatch.services.imports import doubles
from dispatch.services.lifecycle import record
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.visits import month
from dispatch.services.work import Act

STAYS = {
    ("elders", "merged_into"),
    ("doubles", "elder_a"),
    ("doubles", "elder_b"),
    # These are handled by name, because not everything of them moves.
    ("assessment_states", "elder_id"),
    ("elder_origins", "elder_id"),
    ("contacts", "elder_id"),
    ("cases", "elder_id"),
}
FILLED = ("dialect", "hearing", "ability_level", "service_form")
ABSENCE = ("absence_kind", "absence_until", "absence_note")
REASON = "merged"


@dataclass(frozen=True)
class Merge:
    double_id: int
    keep: int
    versions: dict[int, int]


@dataclass
class Moved:
    """How many rows of each table, and how many could not: those of a kind that the kept elder has already."""

    moved: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


def merge(centre: Centre, actor: Actor, wanted: Merge, now: datetime) -> dict[str, Any]:
    """One transaction. Raises ``VersionConflict`` when one of the two is not what was seen, ``Conflict`` afterwards."""
    with centre.database.sessions.begin() as session:
        pair = doubles.one(session, actor, wanted.double_id, lock=True)
        if pair.state != "proposed":
            raise Conflict("somebody has decided on this pair already", state=pair.state)
        if wanted.keep not in (pair.elder_a, pair.elder_b):
            raise Invalid("keep", "unknown", "keep one of the two")
        keep, other = _both(session, pair, wanted)
        counts = Moved()
        for case in _move_cases(session, keep, other, counts):
            told = {"from": str(other.id), "into": str(keep.id)}
            record(session, case, "elder_merged", actor, now, data=told)
        _move_contacts(session, keep, other, counts)
        _move_origin(session, keep, other)
        _move_devices(session, keep, other)
        for table, column in references():
            if (table.name, column.name) not in STAYS:
                _move(session, table, column, (keep.id, other.id), counts)
        _fill(keep, other)
        _archive(keep, other, now)
        _follow(session, centre, keep, other, Act(actor, now))
        for elder in (keep, other):
            month.of_elder(session, centre, elder.id, now)
        _settle(session, actor, pair, other.id, now)
        data = {"moved": counts.moved, "left": counts.left, "double": str(pair.id)}
        write(
            session, actor, Deed("elder_merged", Subject("elder", keep.id), data={**data, "from": str(other.id)}), now
        )
        write(session, actor, Deed("elder_archived", Subject("elder", other.id), REASON, {"into": str(keep.id)}), now)
        session.flush()
        return {"id": str(pair.id), "state": pair.state, "keep": str(keep.id), "other": str(other.id), **data}


def references() -> list[tuple[Table, Column[Any]]]:
    """Every column that points to an elder, of every table that there is: nobody who adds one has to remember this."""
    return [
        (table, column)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "elders" for key in column.foreign_keys)
    ]


def _both(session: Session, pair: Double, wanted: Merge) -> tuple[Elder, Elder]:
    statement = select(Elder).where(Elder.id.in_((pair.elder_a, pair.elder_b))).order_by(Elder.id).with_for_update()
    one, two = session.scalars(statement.execution_options(populate_existing=True)).all()
    keep, other = (one, two) if one.id == wanted.keep else (two, one)
    for elder in (keep, other):
        if elder.archived_at is not None:
            raise Conflict("one of the two is archived already")
        if wanted.versions.get(elder.id, elder.version) != elder.version:
            raise VersionConflict("one of the two has changed: look at both again", elder=str(elder.id))
    return keep, other


def _move_cases(session: Session, keep: Elder, other: Elder, counts: Moved) -> list[Case]:
    """Every case, open or over, is the kept elder's from now on; the timelines stay. Answers those that are open."""
    cases = session.scalars(select(Case).where(Case.elder_id == other.id).order_by(Case.id).with_for_update()).all()
    for case in cases:
        case.elder_id = keep.id
    if cases:
        counts.moved["cases"] = len(cases)
    session.flush()
    return [case for case in cases if case.state in OPEN]


def _move_contacts(session: Session, keep: Elder, other: Elder, counts: Moved) -> None:
    """After those that are there, in their order; who is called at the same number already is not called twice."""
    there = list(session.scalars(select(Contact).where(Contact.elder_id == keep.id)))
    phones = {contact.phone for contact in there}
    last = max((contact.position for contact in there), default=0)
    for contact in session.scalars(select(Contact).where(Contact.elder_id == other.id).order_by(Contact.position)):
        if contact.phone in phones:
            counts.left["contacts"] = counts.left.get("contacts", 0) + 1
            continue
        last += 1
        contact.elder_id, contact.position = keep.id, last
        phones.add(contact.phone)
        counts.moved["contacts"] = counts.moved.get("contacts", 0) + 1
    session.flush()


def _move_origin(session: Session, keep: Elder, other: Elder) -> None:
    """The number of the other system goes along where the kept elder has none; else both numbers find the kept one."""
    mine, theirs = session.get(ElderOrigin, keep.id), session.get(ElderOrigin, other.id)
    if theirs is None or theirs.external_id is None or (mine is not None and mine.external_id is not None):
        return
    number, theirs.external_id = theirs.external_id, None
    session.flush()
    if mine is None:
        mine = ElderOrigin(elder_id=keep.id, import_id=theirs.import_id)
        session.add(mine)
    mine.external_id = number
    session.flush()


def _move_devices(session: Session, keep: Elder, other: Elder) -> None:
    """Where the two homes are one door, what hangs on its walls hangs in the kept one; else it stays where it is."""
    if keep.household_id == other.household_id:
        return
    here, there = (session.get_one(Household, elder.household_id) for elder in (keep, other))
    if (here.area_id, address_key(here.address)) != (there.area_id, address_key(there.address)):
        return
    others = select(Elder.id).where(Elder.household_id == there.id, Elder.id != other.id, Elder.archived_at.is_(None))
    if session.scalar(others.limit(1)) is None:
        session.execute(update(Device).where(Device.household_id == there.id).values(household_id=here.id))


def _move(session: Session, table: Table, column: Column[Any], elders: tuple[int, int], counts: Moved) -> None:
    keep, other = elders
    keys = list(table.primary_key.columns)
    name = table.name if column.name == "elder_id" else f"{table.name}.{column.name}"
    for key in session.execute(select(*keys).where(column == other)).all():
        same = [k == value for k, value in zip(keys, key, strict=True)]
        try:
            with session.begin_nested():
                session.execute(update(table).where(*same).values({column: keep}))
            counts.moved[name] = counts.moved.get(name, 0) + 1
        except DBAPIError:
            # The kept elder has one of this kind, or the row may never change: it stays with the archived file.
            counts.left[name] = counts.left.get(name, 0) + 1


def _fill(keep: Elder, other: Elder) -> None:
    """What only the other file knew. An identity number moves, so that it finds the one who is kept."""
    for key in FILLED:
        if getattr(keep, key) is None:
            setattr(keep, key, getattr(other, key))
    keep.flags = [*keep.flags, *(flag for flag in other.flags if flag not in keep.flags)]
    keep.languages = [*keep.languages, *(one for one in other.languages if one not in keep.languages)]
    if keep.absence_kind is None:
        for key in ABSENCE:
            setattr(keep, key, getattr(other, key))
    if keep.phone is None:
        keep.phone = other.phone
    if keep.identity_number is None:
        keep.identity_number, other.identity_number = other.identity_number, None


def _follow(session: Session, centre: Centre, keep: Elder, other: Elder, act: Act) -> None:
    """Level, due date, groups, flags and form of care come from the records of both, which are now those of one."""
    session.execute(delete(AssessmentState).where(AssessmentState.elder_id == other.id))
    session.flush()
    assessments.follow(session, centre, keep, act)
    newest = select(CareForm.form).where(CareForm.elder_id == keep.id).order_by(CareForm.decided_at.desc())
    keep.service_form = session.scalar(newest.limit(1)) or keep.service_form


def _archive(keep: Elder, other: Elder, now: datetime) -> None:
    other.merged_into = keep.id
    other.archived_at = now
    other.archive_reason = REASON
    for elder in (keep, other):
        elder.version += 1
        elder.updated_at = now


def _settle(session: Session, actor: Actor, pair: Double, other_id: int, now: datetime) -> None:
    """The pair is decided, and with it every other pair of the file that is no more."""
    mine = or_(Double.elder_a == other_id, Double.elder_b == other_id)
    for one in session.scalars(select(Double).where(Double.state == "proposed", mine)):
        doubles.decide(one, "merged", actor, now, REASON if one.id != pair.id else None)
