"""Who of the register is asked for: filters as conditions, on as few tables as can be. Lists and counts share them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, literal_column, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.models.care import AssessmentState, ElderTag
from dispatch.models.circle import HomeCircle
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household, inside
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.register import search
from dispatch.services.register.search import ROWS, Matches

Condition = ColumnElement[bool]
OfId = Callable[[ColumnElement[int]], Condition]
NONE = "none"
"""Stands for those of whom a level or a form of care is not known."""


@dataclass(frozen=True)
class ElderFilter:
    q: str = ""
    area_id: int | None = None
    tag: str | None = None
    level: str | None = None
    """``0`` to ``4`` or ``none``."""
    form: str | None = None
    absent: bool | None = None
    missing: str | None = None
    archived: bool = False
    """Those alone who are in the register no more."""


@dataclass(frozen=True)
class Narrowed:
    """Who is asked for, as conditions on what each table knows."""

    archived: bool
    areas: tuple[Condition, ...]
    """On ``ROWS``; none where it is everywhere."""
    areas_of_homes: tuple[Condition, ...]
    """The same, on ``Household``."""
    matches: Matches
    of_id: list[OfId] = field(default_factory=list)
    """On an elder's id, in whichever table it stands: what other tables say of them."""
    where: list[Condition] = field(default_factory=list)
    """On ``Elder``."""
    at_home: list[Condition] = field(default_factory=list)
    """On ``Household``."""

    @property
    def in_rows(self) -> bool:
        """Whether the rows of the search know. They are read many times as fast as those of elders."""
        return bool(self.matches) or not (self.where or self.at_home)

    @property
    def everybody(self) -> bool:
        """All who are in the register."""
        return not (self.archived or self.areas or self.matches or self.of_id or self.where or self.at_home)

    @property
    def key(self) -> ColumnElement[int]:
        return ROWS.c.elder_id if self.in_rows else Elder.id.expression

    def ids(self, *, by_index: bool = True) -> Select[Any]:
        return self.of(ROWS if self.in_rows else Elder, self.key, by_index=by_index)

    def of(self, known_to: Any, *columns: Any, by_index: bool = True) -> Select[Any]:
        """``columns`` of ``ROWS`` or ``Elder``, from as few tables as can be; ``by_index``: whether the search uses its
        own.
        """
        rows = known_to is ROWS or bool(self.matches)
        at_home = [*self.at_home, *(() if rows else self.areas_of_homes)]
        elders = known_to is Elder or bool(self.where or self.at_home)
        key = ROWS.c.elder_id if rows else Elder.id.expression
        statement = select(*columns).where(*(condition(key) for condition in self.of_id))
        if rows:
            statement = statement.select_from(ROWS).where(ROWS.c.archived == _said(self.archived), *self.areas)
            statement = statement.where(*(self.matches.indexed if by_index else ()), *self.matches.decided)
            if elders:
                statement = statement.join(Elder, Elder.id == ROWS.c.elder_id)
        else:
            left = Elder.archived_at.is_not(None) if self.archived else Elder.archived_at.is_(None)
            statement = statement.select_from(Elder).where(left)
        if at_home:
            statement = statement.join(Household, Household.id == Elder.household_id)
        return statement.where(*self.where, *at_home)


def _said(archived: bool) -> Condition:
    """Within the statement: with the value beside it no plan for all values may use the index of who is here."""
    return true() if archived else false()


def narrow(session: Session, centre: Centre, actor: Actor, wanted: ElderFilter, now: datetime) -> Narrowed:
    """Raises ``Invalid`` for an unknown area, level or kind of gap."""
    day = today(centre, now)
    of_id: list[OfId] = []
    where: list[Condition] = []
    at_home: list[Condition] = []
    if wanted.level is not None:
        where.append(_level(wanted.level))
    if wanted.form is not None:
        where.append(Elder.service_form.is_(None) if wanted.form == NONE else Elder.service_form == wanted.form)
    if wanted.tag is not None:
        tag = and_(ElderTag.code == wanted.tag, holds(day))
        of_id.append(lambda key: exists().where(ElderTag.elder_id == key, tag))
    if wanted.absent is not None:
        of_id.append(partial(_away if wanted.absent else _not_away, now))
    match wanted.missing:
        case None:
            pass
        case missing if missing in OF_ID:
            of_id.append(partial(OF_ID[missing], day))
        case "form":
            where.append(Elder.service_form.is_(None))
        case missing if missing in OF_THE_HOME:
            at_home.append(_gap_of_home(missing, centre.matching.circle.minutes))
        case _:
            raise Invalid("missing", "unknown", f"choose of {', '.join(MISSING)}")
    here = _placed(session, actor, wanted.area_id)
    areas, homes = (
        () if here is None else (search.among(session, key, here),)
        for key in (ROWS.c.area_id, Household.area_id.expression)
    )
    return Narrowed(wanted.archived, areas, homes, search.look(session, wanted.q), of_id, where, at_home)


def _placed(session: Session, actor: Actor, area_id: int | None) -> list[int] | None:
    """The areas where the actor may look. Nothing to check where that is everywhere."""
    within = inside(actor.paths)
    if area_id is not None:
        within = and_(within, inside_asked(session, area_id))
    if session.scalar(select(Area.id).where(not_(within)).limit(1)) is None:
        return None
    return list(session.scalars(select(Area.id).where(within)))


def _level(level: str) -> Condition:
    if level == NONE:
        return Elder.ability_level.is_(None)
    if not (level.isascii() and level.isdigit() and len(level) == 1):
        raise Invalid("level", "unknown", "a level is a digit, or none")
    return Elder.ability_level == int(level)


def holds(day: date) -> Condition:
    """Memberships of a group that are valid on ``day``."""
    return and_(
        ElderTag.ended_at.is_(None),
        ElderTag.valid_from <= day,
        or_(ElderTag.valid_to.is_(None), ElderTag.valid_to >= day),
    )


def _away(now: datetime, key: ColumnElement[int]) -> Condition:
    """The same as ``Elder.absence``: an absence is over when its end has come, whether somebody notes it or not."""
    someone = aliased(Elder)
    lasting = or_(someone.absence_until.is_(None), someone.absence_until > now)
    gone = and_(someone.absence_kind.is_not(None), someone.absence_kind != "", lasting)
    return exists().where(someone.id == key, gone)


def _not_away(now: datetime, key: ColumnElement[int]) -> Condition:
    return not_(_away(now, key))


def _no_assessment(day: date, key: ColumnElement[int]) -> Condition:
    return not_(exists().where(AssessmentState.elder_id == key, AssessmentState.next_due_on > day))


def _no_contact(_: date, key: ColumnElement[int]) -> Condition:
    return not_(exists().where(Contact.elder_id == key))


def _no_key(_: date, key: ColumnElement[int]) -> Condition:
    """Few homes have a key written down, and an index knows them: asked of those, not of each home."""
    resident, home = aliased(Elder), aliased(Household)
    at_home = exists().where(resident.id == key, home.id == resident.household_id, home.keys != literal_column("'[]'"))
    return and_(not_(exists().where(Contact.elder_id == key, Contact.has_key.is_(true()))), not_(at_home))


def _no_doctor(_: date, key: ColumnElement[int]) -> Condition:
    return not_(exists().where(Fact.elder_id == key, Fact.kind == "doctor"))


def _no_phone(_: date, key: ColumnElement[int]) -> Condition:
    someone = aliased(Elder)
    return exists().where(someone.id == key, someone.phone.is_(None))


def _no_identity(_: date, key: ColumnElement[int]) -> Condition:
    someone = aliased(Elder)
    return exists().where(someone.id == key, someone.identity_number.is_(None))


OF_ID: dict[str, Callable[[date, ColumnElement[int]], Condition]] = {
    "assessment": _no_assessment,
    "contact": _no_contact,
    "key": _no_key,
    "doctor": _no_doctor,
    "phone": _no_phone,
    "identity_number": _no_identity,
}
"""What an index knows of the id alone, so that no row of an elder is read."""
NEAR_BY = {"near_station": HomeCircle.station_minutes} | {
    f"near_{kind.value}": getattr(HomeCircle, kind.value) for kind in WorkerKind
}
"""Nothing of this kind in the 15-minute circle of the home."""
OF_THE_HOME = frozenset({"point", *NEAR_BY})
MISSING = ("assessment", "phone", "identity_number", "contact", "key", "doctor", "point", "form", *NEAR_BY)


def _gap_of_home(what: str, minutes: int) -> Condition:
    if what == "point":
        return or_(Household.lat.is_(None), Household.lon.is_(None))
    outside = or_(NEAR_BY[what].is_(None), NEAR_BY[what] > minutes)
    return exists().where(HomeCircle.household_id == Household.id, outside)
