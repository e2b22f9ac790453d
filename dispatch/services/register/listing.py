"""The list of elders, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.privacy import mask_address, mask_phone
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder, absent, completed_years
from dispatch.models.places import Area, Household
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.register import search
from dispatch.services.register.narrowing import ElderFilter, Narrowed, holds, narrow
from dispatch.services.rows import stamp

MANY = 2_000
"""Matches beyond which no total is said."""
NEAR = 20_000
"""Rows in their order that are sooner read than an index asked."""


def elders(centre: Centre, actor: Actor, wanted: ElderFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """By id. ``total`` on the first page, and none where a search finds thousands: the query must say more."""
    with centre.database.reads() as session:
        ids, total = page_of_ids(session, narrow(session, centre, actor, wanted, now), page)
        items = listed(session, ids[: page.limit], today(centre, now), now)
    more = len(ids) > page.limit
    return {"items": items, "next_cursor": items[-1]["id"] if more else None, "total": total}


def page_of_ids(session: Session, narrowed: Narrowed, page: PageOf) -> tuple[list[int], int | None]:
    """One id more than the page holds, if there is one, and how many there are, if that can be said."""
    most = page.limit + 1
    if narrowed.matches:
        return _found(session, narrowed, page.before, most)
    ids = _after(narrowed.ids(), narrowed.key, page.before)
    if narrowed.areas:
        found, total = _least(session, ids, most)
        return found, total if page.before is None else None
    found = list(session.scalars(ids.order_by(narrowed.key).limit(most)))
    if page.before is not None:
        return found, None
    if len(found) < most:
        return found, len(found)
    return found, session.scalar(narrowed.ids().with_only_columns(func.count())) or 0


def _found(session: Session, narrowed: Narrowed, before: int | None, most: int) -> tuple[list[int], int | None]:
    """Any of the matches, as many as are counted; if these are not all, the last of a page of them still is a bound:
    the page that is wanted ends there or earlier.
    """
    enough = max(MANY, most) + 1
    some = _after(narrowed.ids(), narrowed.key, before).limit(enough)
    ids, number = _least(session, some, most)
    if number < enough:
        return ids, number if before is None else None
    near = ids[-1] - (before or 0) < NEAR
    up_to = _after(narrowed.ids(by_index=not near), narrowed.key, before).where(narrowed.key <= ids[-1])
    if near:
        return list(session.scalars(up_to.order_by(narrowed.key).limit(most))), None
    return _least(session, up_to, most)[0], None


def _after(ids: Select[Any], key: Any, before: int | None) -> Select[Any]:
    return ids if before is None else ids.where(key > before)


def _least(session: Session, ids: Select[Any], most: int) -> tuple[list[int], int]:
    """The first of them in their order, and how many they are, all of them read before: PostgreSQL would else walk
    through everybody in that order, to meet some who stand far from the beginning.
    """
    here = ids.cte("here").prefix_with("MATERIALIZED", dialect="postgresql")
    number = select(func.count()).select_from(here).scalar_subquery()
    found = session.execute(select(here.c[0], number).order_by(here.c[0]).limit(most)).all()
    return [key for key, _ in found], found[0][1] if found else 0


SHOWN = (
    Elder.id,
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
"""As columns and not as elders, which would be made and watched for nothing; and no identity number is opened."""


def listed(session: Session, ids: Iterable[int], day: date, now: datetime) -> list[dict[str, Any]]:
    wanted = list(ids)
    found = session.execute(
        select(*SHOWN, Household.address_short, Household.area_id, Area.name.label("area_name"))
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(search.among(session, Elder.id.expression, wanted))
        .order_by(Elder.id)
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
            "age": completed_years(elder.birth_date, day),
            "flags": elder.flags,
            "tags": tags.get(elder.id, []),
            "ability_level": elder.ability_level,
            "service_form": elder.service_form,
            "phone_masked": mask_phone(elder.phone),
            "phone_tail": elder.phone[-4:] if elder.phone else None,
            "address_short": mask_address(elder.address_short),
            "area": {"id": str(elder.area_id), "name": elder.area_name},
            "absence": _absence(elder, now),
            "archived_at": stamp(elder.archived_at),
            "updated_at": stamp(elder.updated_at),
        }
        for elder in found
    ]


def _absence(elder: Any, now: datetime) -> dict[str, Any] | None:
    kind = absent(elder.absence_kind, elder.absence_until, now)
    return None if kind is None else {"kind": kind, "until": stamp(elder.absence_until), "note": elder.absence_note}
