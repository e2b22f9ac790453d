"""The duty screen: who is on duty now, the week, what is wrong with it, and who may be put there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.privacy import mask_phone
from dispatch.domain.roster import warnings
from dispatch.models.duty import DutyGap, Shift, ShiftPattern
from dispatch.models.people import DutyPhone, User
from dispatch.models.places import Area, ids_in, inside
from dispatch.services.centre import Centre
from dispatch.services.duty.coverage import ahead, as_on_duty, needs
from dispatch.services.duty.on_duty import current, reach
from dispatch.services.rows import stamp

LONGEST = 1000
"""Shifts shown at once at most."""


def seen(actor: Actor) -> ColumnElement[bool]:
    """Areas of the actor, and those around them: whoever is on duty for the whole city stands for this district too."""
    around = {area_id for path in actor.paths for area_id in ids_in(path)}
    return or_(inside(actor.paths), Area.id.in_(around))


def _shifts() -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = (
        select(Shift, User.name, DutyPhone.label, Area.name, Area.path)
        .join(Area, Area.id == Shift.area_id)
        .outerjoin(User, User.id == Shift.user_id)
        .outerjoin(DutyPhone, DutyPhone.id == Shift.phone_id)
        .where(Shift.cancelled_at.is_(None))
        .order_by(Shift.starts_at, Shift.id)
    )
    return statement


def _shift(found: Any) -> dict[str, Any]:
    shift, name, label, area_name, _path = found
    return {
        "id": str(shift.id),
        "version": shift.version,
        "role": shift.role,
        "area": {"id": str(shift.area_id), "name": area_name},
        "user_id": shift.user_id and str(shift.user_id),
        "phone_id": shift.phone_id and str(shift.phone_id),
        "name": name or label,
        "starts_at": stamp(shift.starts_at),
        "ends_at": stamp(shift.ends_at),
        "pattern_id": shift.pattern_id and str(shift.pattern_id),
        "changed": shift.changed,
    }


def shifts(centre: Centre, actor: Actor, first: datetime, last: datetime) -> dict[str, Any]:
    """The shifts that touch this time, and what looks wrong with them."""
    with centre.database.reads() as session:
        statement = _shifts().where(seen(actor), Shift.ends_at > first, Shift.starts_at < last)
        found = session.execute(statement.limit(LONGEST)).all()
    wrong = warnings([as_on_duty(row[0], row[4]) for row in found], centre.duty.shortest_rest)
    return {
        "items": [_shift(row) for row in found],
        "next_cursor": None,
        "warnings": [{"code": w.code, "first": str(w.first.id), "second": str(w.second.id)} for w in wrong],
    }


def shift(centre: Centre, actor: Actor, shift_id: int) -> dict[str, Any]:
    with centre.database.reads() as session:
        return _shift(session.execute(_shifts().where(Shift.id == shift_id, seen(actor))).one())


def now_on_duty(centre: Centre, actor: Actor, now: datetime) -> dict[str, Any]:
    """By area: who is on duty in each role, where nobody is, and where nobody will be within the next hours."""
    with centre.database.reads() as session:
        on_duty = session.execute(_shifts().where(seen(actor), current(now))).all()
        wanted = [need for need in needs(session, centre) if need.area.path.startswith(actor.paths)]
        areas: dict[int, dict[str, Any]] = {}
        for need in wanted:
            entry = areas.setdefault(need.area.id, {"area": _area(need.area), "roles": []})
            people = [_shift(row) for row in on_duty if row[0].role == need.role and need.area.path.startswith(row[4])]
            entry["roles"].append({"role": need.role, "people": people})
        return {
            "rostered": bool(wanted),
            "areas": list(areas.values()),
            "on_duty": [_shift(row) for row in on_duty],
            "gaps": _gaps(session, actor),
            "ahead": [
                {"area": _area(a.area), "role": a.role, "starts_at": stamp(a.starts_at), "ends_at": stamp(a.ends_at)}
                for a in ahead(session, centre, now)
                if a.area.path.startswith(actor.paths)
            ],
            "paged": _paged(session, centre, actor, now),
        }


def _area(area: Area) -> dict[str, str]:
    return {"id": str(area.id), "name": area.name}


def _gaps(session: Session, actor: Actor) -> list[dict[str, Any]]:
    found = session.execute(
        select(DutyGap, Area)
        .join(Area, Area.id == DutyGap.area_id)
        .where(DutyGap.ended_at.is_(None), inside(actor.paths))
        .order_by(DutyGap.since, DutyGap.id)
    )
    return [
        {"area": _area(area), "role": gap.role, "since": stamp(gap.since), "told": gap.pages} for gap, area in found
    ]


def _paged(session: Session, centre: Centre, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Whose telephones would ring now, for each of the actor's own areas."""
    own = session.scalars(
        select(Area).where(Area.path.in_(actor.paths) | (Area.parent_id.is_(None) & inside(actor.paths)))
    )
    answer = []
    for area in own.unique():
        found = reach(session, centre, area.id, now)
        answer.append(
            {"area": _area(area), "last_resort": found.last_resort, "phones": [p.label for p in found.phones]}
        )
    return answer


def patterns(centre: Centre, actor: Actor) -> dict[str, Any]:
    with centre.database.reads() as session:
        found = session.execute(
            select(ShiftPattern, User.name, DutyPhone.label, Area.name)
            .join(Area, Area.id == ShiftPattern.area_id)
            .outerjoin(User, User.id == ShiftPattern.user_id)
            .outerjoin(DutyPhone, DutyPhone.id == ShiftPattern.phone_id)
            .where(ShiftPattern.ended_at.is_(None), seen(actor))
            .order_by(ShiftPattern.role, ShiftPattern.id)
        ).all()
    items = [
        {
            "id": str(p.id),
            "version": p.version,
            "role": p.role,
            "area": {"id": str(p.area_id), "name": area_name},
            "user_id": p.user_id and str(p.user_id),
            "phone_id": p.phone_id and str(p.phone_id),
            "name": name or label,
            "weekdays": p.weekdays,
            "starts": p.starts,
            "ends": p.ends,
            "valid_from": p.valid_from.isoformat(),
            "valid_to": p.valid_to and p.valid_to.isoformat(),
            "exceptions": p.exceptions,
        }
        for p, name, label, area_name in found
    ]
    return {"items": items, "next_cursor": None}


def people(centre: Centre, actor: Actor) -> dict[str, Any]:
    """Who can be put on duty, where, and as what."""
    with centre.database.reads() as session:
        areas = list(session.scalars(select(Area).where(inside(actor.paths), Area.level <= 4).order_by(Area.path)))
        phones = list(
            session.execute(
                select(DutyPhone, Area.name)
                .join(Area, Area.id == DutyPhone.area_id)
                .where(seen(actor))
                .order_by(DutyPhone.id)
            )
        )
        mine = {area.id for area in session.scalars(select(Area).where(seen(actor)))}
        users = [
            user
            for user in session.scalars(select(User).where(User.active).order_by(User.name, User.id))
            if mine & set(user.area_ids)
        ]
    carried = {phone.user_id for phone, _ in phones if phone.active}
    return {
        "roles": [{"code": role, "paged": role in centre.duty.paged} for role in centre.duty.roles],
        "areas": [{**_area(area), "level": area.level} for area in areas],
        "users": [{"id": str(u.id), "name": u.name, "roles": u.roles, "can_be_paged": u.id in carried} for u in users],
        "phones": [phone_json(phone, name) for phone, name in phones],
    }


def phone_json(phone: DutyPhone, area_name: str) -> dict[str, Any]:
    return {
        "id": str(phone.id),
        "label": phone.label,
        "phone": mask_phone(phone.phone),
        "area": {"id": str(phone.area_id), "name": area_name},
        "user_id": phone.user_id and str(phone.user_id),
        "active": phone.active,
        "last_resort": phone.last_resort,
    }
