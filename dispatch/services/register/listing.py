"""The list of elders: who is found, narrowed by what, page by page. Counts stand on the same conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, not_, or_, select, true
from sqlalchemy.orm import Session, aliased, load_only

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.helps.catalogue import WorkerKind
from dispatch.domain.privacy import mask_address, mask_phone
from dispatch.models.care import AssessmentState, ElderTag
from dispatch.models.circle import HomeCircle
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household, inside
from dispatch.services.areas_asked import inside_asked
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import search
from dispatch.services.register.search import ROWS, Matches
from dispatch.services.rows import stamp

NONE = "none"
"""Stands for those of whom a level or a form of care is not known."""
MANY = 2_000
"""Matches beyond which no total is said."""
NEAR = 20_000
"""Rows in their order that are sooner read than an index asked."""


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
    areas: tuple[ColumnElement[bool], ...]
    """On ``ROWS``; none where it is everywhere."""
    areas_of_homes: tuple[ColumnElement[bool], ...]
    """The same, on ``Household``."""
    matches: Matches
    where: list[ColumnElement[bool]] = field(default_factory=list)
    """On ``Elder``."""
    at_home: list[ColumnElement[bool]] = field(default_factory=list)
    """On ``Household``."""

    @property
    def in_rows(self) -> bool:
        """Whether it takes the rows of the search to know."""
        return bool(self.areas or self.matches)

    @property
    def everybody(self) -> bool:
        """All who are in the register."""
        return not (self.archived or self.in_rows or self.where or self.at_home)

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
        statement = select(*columns)
        if rows:
            statement = statement.select_from(ROWS).where(ROWS.c.archived == self.archived, *self.areas)
            statement = statement.where(*(self.matches.indexed if by_index else ()), *self.matches.decided)
            if elders:
                statement = statement.join(Elder, Elder.id == ROWS.c.elder_id)
        else:
            left = Elder.archived_at.is_not(None) if self.archived else Elder.archived_at.is_(None)
            statement = statement.select_from(Elder).where(left)
        if at_home:
            statement = statement.join(Household, Household.id == Elder.household_id)
        return statement.where(*self.where, *at_home)


def narrow(session: Session, centre: Centre, actor: Actor, wanted: ElderFilter, now: datetime) -> Narrowed:
    """Raises ``Invalid`` for an unknown area, level or kind of gap."""
    day = today(centre, now)
    where: list[ColumnElement[bool]] = []
    at_home: list[ColumnElement[bool]] = []
    if wanted.level is not None:
        where.append(_level(wanted.level))
    if wanted.form is not None:
        where.append(Elder.service_form.is_(None) if wanted.form == NONE else Elder.service_form == wanted.form)
    if wanted.tag is not None:
        where.append(exists().where(ElderTag.elder_id == Elder.id, ElderTag.code == wanted.tag, holds(day)))
    if wanted.absent is not None:
        away = is_absent(now)
        where.append(away if wanted.absent else not_(away))
    if wanted.missing is not None:
        gap = _gap(wanted.missing, day, centre.matching.circle.minutes)
        (at_home if wanted.missing in OF_THE_HOME else where).append(gap)
    here = _placed(session, actor, wanted.area_id)
    areas, homes = (
        () if here is None else (search.among(session, key, here),)
        for key in (ROWS.c.area_id, Household.area_id.expression)
    )
    return Narrowed(wanted.archived, areas, homes, search.look(session, wanted.q), where, at_home)


def _placed(session: Session, actor: Actor, area_id: int | None) -> list[int] | None:
    """The areas where the actor may look. Nothing to check where that is everywhere."""
    within = inside(actor.paths)
    if area_id is not None:
        within = and_(within, inside_asked(session, area_id))
    if session.scalar(select(Area.id).where(not_(within)).limit(1)) is None:
        return None
    return list(session.scalars(select(Area.id).where(within)))


def _level(level: str) -> ColumnElement[bool]:
    if level == NONE:
        return Elder.ability_level.is_(None)
    if not (level.isascii() and level.isdigit() and len(level) == 1):
        raise Invalid("level", "unknown", "a level is a digit, or none")
    return Elder.ability_level == int(level)


def holds(day: date) -> ColumnElement[bool]:
    """Memberships of a group that are valid on ``day``."""
    return and_(
        ElderTag.ended_at.is_(None),
        ElderTag.valid_from <= day,
        or_(ElderTag.valid_to.is_(None), ElderTag.valid_to >= day),
    )


def is_absent(now: datetime) -> ColumnElement[bool]:
    """The same as ``Elder.absence``: an absence is over when its end has come, whether somebody notes it or not."""
    lasting = or_(Elder.absence_until.is_(None), Elder.absence_until > now)
    return and_(func.coalesce(Elder.absence_kind, "") != "", lasting)


NEAR_BY = {"near_station": HomeCircle.station_minutes} | {
    f"near_{kind.value}": getattr(HomeCircle, kind.value) for kind in WorkerKind
}
"""Nothing of this kind in the 15-minute circle of the home."""
OF_THE_HOME = frozenset({"point", *NEAR_BY})
MISSING = ("assessment", "phone", "identity_number", "contact", "key", "doctor", "point", "form", *NEAR_BY)


def _gap(what: str, day: date, minutes: int) -> ColumnElement[bool]:
    if what in NEAR_BY:
        outside = or_(NEAR_BY[what].is_(None), NEAR_BY[what] > minutes)
        return exists().where(HomeCircle.household_id == Household.id, outside)
    contact = exists().where(Contact.elder_id == Elder.id)
    gaps: dict[str, ColumnElement[bool]] = {
        "assessment": not_(exists().where(AssessmentState.elder_id == Elder.id, AssessmentState.next_due_on > day)),
        "phone": Elder.phone.is_(None),
        "identity_number": Elder.identity_number.is_(None),
        "contact": not_(contact),
        "key": and_(not_(contact.where(Contact.has_key.is_(true()))), not_(_home_has_keys())),
        "doctor": not_(exists().where(Fact.elder_id == Elder.id, Fact.kind == "doctor")),
        "point": or_(Household.lat.is_(None), Household.lon.is_(None)),
        "form": Elder.service_form.is_(None),
    }
    if what not in gaps:
        raise Invalid("missing", "unknown", f"choose of {', '.join(MISSING)}")
    return gaps[what]


def _home_has_keys() -> ColumnElement[bool]:
    """Asked of the few homes with one, by their index: not whether each home has none."""
    home = aliased(Household)
    return exists().where(home.id == Elder.household_id, home.keys != literal_column("'[]'"))


def elders(centre: Centre, actor: Actor, wanted: ElderFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """By id. ``total`` on the first page, and none where a search finds thousands: the query must say more."""
    with centre.database.reads() as session:
        ids, total = _page(session, narrow(session, centre, actor, wanted, now), page)
        items = _items(session, ids[: page.limit], today(centre, now), now)
    more = len(ids) > page.limit
    return {"items": items, "next_cursor": items[-1]["id"] if more else None, "total": total}


def _page(session: Session, narrowed: Narrowed, page: PageOf) -> tuple[list[int], int | None]:
    """One id more than the page holds, if there is one, and how many there are, if that can be said."""
    most = page.limit + 1
    if narrowed.matches:
        return _found(session, narrowed, page.before, most)
    ids = _after(narrowed.ids(), narrowed.key, page.before)
    found = list(session.scalars(_least(ids, most) if narrowed.areas else ids.order_by(narrowed.key).limit(most)))
    if page.before is not None:
        return found, None
    return found, session.scalar(narrowed.ids().with_only_columns(func.count())) or 0


def _found(session: Session, narrowed: Narrowed, before: int | None, most: int) -> tuple[list[int], int | None]:
    """Any of the matches, as many as are counted; if these are not all, the last of a page of them still is a bound:
    the page that is wanted ends there or earlier.
    """
    enough = max(MANY, most) + 1
    some = _after(narrowed.ids(), narrowed.key, before).limit(enough)
    found = session.execute(_least(some, most).add_columns(func.count().over())).all()
    ids = [key for key, _ in found]
    number = found[0][1] if found else 0
    if number < enough:
        return ids, number if before is None else None
    near = ids[-1] - (before or 0) < NEAR
    up_to = _after(narrowed.ids(by_index=not near), narrowed.key, before).where(narrowed.key <= ids[-1])
    return list(session.scalars(up_to.order_by(narrowed.key).limit(most) if near else _least(up_to, most))), None


def _after(ids: Select[Any], key: ColumnElement[int], before: int | None) -> Select[Any]:
    return ids if before is None else ids.where(key > before)


def _least(ids: Select[Any], most: int) -> Select[Any]:
    """The first of them in their order, all of them read before: PostgreSQL would else walk through everybody in that
    order, to meet some who stand far from the beginning.
    """
    key = ids.cte("here").prefix_with("MATERIALIZED", dialect="postgresql").c[0]
    return select(key).order_by(key).limit(most)


SHOWN = (
    Elder.name,
    Elder.sex,
    Elder.birth_date,
    Elder.flags,
    Elder.ability_level,
    Elder.service_form,
    Elder.phone,
    Elder.absence_kind,
    Elder.absence_until,
    Elder.absence_note,
    Elder.archived_at,
    Elder.updated_at,
)
"""A hundred identity numbers would be opened for nothing."""


def _items(session: Session, ids: Iterable[int], day: date, now: datetime) -> list[dict[str, Any]]:
    wanted = list(ids)
    found = session.execute(
        select(Elder, Household.address_short, Area.id, Area.name)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(search.among(session, Elder.id.expression, wanted))
        .order_by(Elder.id)
        .options(load_only(*SHOWN))
    ).all()
    tags: dict[int, list[str]] = {}
    held = select(ElderTag.elder_id, ElderTag.code).where(
        search.among(session, ElderTag.elder_id.expression, wanted), holds(day)
    )
    for elder_id, code in session.execute(held.order_by(ElderTag.id)):
        tags.setdefault(elder_id, []).append(code)
    return [
        {
            "id": str(elder.id),
            "name": elder.name,
            "sex": elder.sex,
            "age": elder.age(day),
            "flags": elder.flags,
            "tags": tags.get(elder.id, []),
            "ability_level": elder.ability_level,
            "service_form": elder.service_form,
            "phone_masked": mask_phone(elder.phone),
            "phone_tail": elder.phone[-4:] if elder.phone else None,
            "address_short": mask_address(address),
            "area": {"id": str(area_id), "name": area_name},
            "absence": absence_json(elder, now),
            "archived_at": stamp(elder.archived_at),
            "updated_at": stamp(elder.updated_at),
        }
        for elder, address, area_id, area_name in found
    ]


def absence_json(elder: Elder, now: datetime) -> dict[str, Any] | None:
    kind = elder.absence(now)
    return None if kind is None else {"kind": kind, "until": stamp(elder.absence_until), "note": elder.absence_note}
