"""The list of elders: who is found, narrowed by what, page by page. Counts stand on the same conditions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, true
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.privacy import mask_address, mask_phone
from dispatch.models.care import AssessmentState, ElderTag
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Area, Household, inside
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import search
from dispatch.services.register.search import Matches
from dispatch.services.rows import stamp

NONE = "none"
"""Stands for those of whom a level or a form of care is not known."""
WINDOWS = (4_000, 40_000)
"""Rows that are read on, where thousands match, until a page is full; then all."""


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
    """Conditions on ``Elder``, and whether they need the home joined to it."""

    where: list[ColumnElement[bool]] = field(default_factory=list)
    at_home: list[ColumnElement[bool]] = field(default_factory=list)
    matches: Matches = field(default_factory=lambda: Matches((), few=True))

    def ids(self) -> Select[Any]:
        """Of all who meet the conditions but for those of a search."""
        statement = select(Elder.id).where(*self.where)
        if self.at_home:
            statement = statement.join(Household, Household.id == Elder.household_id).where(*self.at_home)
        return statement

    def few(self) -> Select[Any]:
        """Of the few who are found: their homes are looked up one by one, where a join would read all homes."""
        statement = select(Elder.id).where(*self.where, *self.matches.where)
        if self.at_home:
            home = select(and_(*self.at_home)).where(Household.id == Elder.household_id)
            statement = statement.where(home.correlate(Elder).scalar_subquery())
        return statement

    def after(self, before: int | None) -> Select[Any]:
        """As ``ids``, in their order. Elders of one area often stand together, far from the beginning: whoever sees
        some areas alone is given those first, and the order afterwards.
        """
        key: ColumnElement[int] = Elder.id.expression
        statement = self.ids()
        if self.at_home:
            key = statement.cte("here").prefix_with("MATERIALIZED", dialect="postgresql").c.id
            statement = select(key)
        return (statement if before is None else statement.where(key > before)).order_by(key)


def narrow(session: Session, centre: Centre, actor: Actor, wanted: ElderFilter, now: datetime) -> Narrowed:
    """Raises ``Invalid`` for an unknown area, level or kind of gap."""
    day = today(centre, now)
    where: list[ColumnElement[bool]] = [
        Elder.archived_at.is_not(None) if wanted.archived else Elder.archived_at.is_(None)
    ]
    if wanted.level is not None:
        where.append(_level(wanted.level))
    if wanted.form is not None:
        where.append(Elder.service_form.is_(None) if wanted.form == NONE else Elder.service_form == wanted.form)
    if wanted.tag is not None:
        where.append(exists().where(ElderTag.elder_id == Elder.id, ElderTag.code == wanted.tag, holds(day)))
    if wanted.absent is not None:
        away = is_absent(now)
        where.append(away if wanted.absent else not_(away))
    at_home = _placed(session, actor, wanted.area_id)
    if wanted.missing is not None:
        gap = _gap(wanted.missing, day)
        (at_home if wanted.missing in OF_THE_HOME else where).append(gap)
    return Narrowed(where, at_home, search.look(session, wanted.q))


def _placed(session: Session, actor: Actor, area_id: int | None) -> list[ColumnElement[bool]]:
    """Whose home lies where the actor may look. Nothing to check where that is everywhere: no home need be read."""
    within = inside(actor.paths)
    if area_id is not None:
        area = session.get(Area, area_id)
        if area is None:
            raise Invalid("area", "unknown", "there is no such area")
        within = and_(within, inside((area.path,)))
    if session.scalar(select(Area.id).where(not_(within)).limit(1)) is None:
        return []
    return [Household.area_id.in_(select(Area.id).where(within))]


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


OF_THE_HOME = frozenset({"key", "point"})
MISSING = ("assessment", "phone", "identity_number", "contact", "key", "doctor", "point", "form")


def _gap(what: str, day: date) -> ColumnElement[bool]:
    contact = exists().where(Contact.elder_id == Elder.id)
    gaps: dict[str, ColumnElement[bool]] = {
        "assessment": not_(exists().where(AssessmentState.elder_id == Elder.id, AssessmentState.next_due_on > day)),
        "phone": Elder.phone.is_(None),
        "identity_number": Elder.identity_number.is_(None),
        "contact": not_(contact),
        "key": and_(not_(contact.where(Contact.has_key.is_(true()))), _no_keys()),
        "doctor": not_(exists().where(Fact.elder_id == Elder.id, Fact.kind == "doctor")),
        "point": or_(Household.lat.is_(None), Household.lon.is_(None)),
        "form": Elder.service_form.is_(None),
    }
    if what not in gaps:
        raise Invalid("missing", "unknown", f"choose of {', '.join(MISSING)}")
    return gaps[what]


def _no_keys() -> ColumnElement[bool]:
    return Household.keys == []


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
    if not narrowed.matches.few:
        return _near(session, narrowed, page.before, most), None
    if narrowed.matches.where:  # some thousands at most: counting them would take as long as reading them
        ids = list(session.scalars(narrowed.few().order_by(Elder.id)))
        if page.before is None:
            return ids[:most], len(ids)
        return [one for one in ids if one > page.before][:most], None
    found = list(session.scalars(narrowed.after(page.before).limit(most)))
    if page.before is not None:
        return found, None
    return found, session.scalar(narrowed.ids().with_only_columns(func.count())) or 0


def _near(session: Session, narrowed: Narrowed, before: int | None, most: int) -> list[int]:
    found: list[int] = []
    for size in (*WINDOWS, None):
        window = narrowed.after(before).limit(size).subquery()
        near = select(Elder.id).join(window, window.c[0] == Elder.id).where(*narrowed.matches.where)
        found = list(session.scalars(near.order_by(Elder.id).limit(most)))
        if len(found) == most:
            break
    return found


def _items(session: Session, ids: Iterable[int], day: date, now: datetime) -> list[dict[str, Any]]:
    wanted = list(ids)
    found = session.execute(
        select(Elder, Household.address_short, Area.id, Area.name)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.id.in_(wanted))
        .order_by(Elder.id)
    ).all()
    tags: dict[int, list[str]] = {}
    held = select(ElderTag.elder_id, ElderTag.code).where(ElderTag.elder_id.in_(wanted), holds(day))
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
