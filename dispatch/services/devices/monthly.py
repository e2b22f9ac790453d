"""Every home presses its button once a month: which did, which did not, and a reminder for those who forgot.

A home with several buttons has done it when any of them was pressed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.privacy import mask_address
from dispatch.domain.supervision import month_of, month_span
from dispatch.models.devices import Device, Signal
from dispatch.models.outbox import Message, MessageState
from dispatch.models.people import Elder
from dispatch.models.places import Area
from dispatch.services.areas_asked import inside_asked
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.devices import conditions, register
from dispatch.services.devices.scope import seen
from dispatch.services.duty.rounds import begin, is_due
from dispatch.services.rows import stamp
from dispatch.services.transact import transact

ROUND = "reminders"
EVERY = timedelta(hours=1)
BATCH = 500
PROOFS = ("heartbeat", "low_battery", "fault")
"""Kinds of signal that nobody had to press for."""


@dataclass(frozen=True)
class Month:
    first: date
    area_id: int | None = None


def _not_pressed(centre: Centre, month: Month, now: datetime) -> ColumnElement[bool]:
    since, until = month_span(month.first, centre.zone)
    if month.first == month_of(now, centre.zone):
        return conditions.untested(centre, since)
    proof = (
        select(Signal.id)
        .where(
            Signal.device_id == Device.id,
            Signal.received_at >= since,
            Signal.received_at < until,
            Signal.kind.not_in(PROOFS),
        )
        .exists()
    )
    return ~proof


def _buttons(centre: Centre, month: Month) -> ColumnElement[bool]:
    """Those that stood in a home in that month."""
    _, until = month_span(month.first, centre.zone)
    return and_(
        Device.model.in_(centre.devices.tested_monthly()),
        Device.household_id.is_not(None),
        Device.retired_at.is_(None),
        or_(Device.registered_at.is_(None), Device.registered_at < until),
    )


def _homes(centre: Centre, month: Month, now: datetime) -> Select[int | None]:
    """The homes with buttons of which none was pressed in the month."""
    pressed = case((_not_pressed(centre, month, now), 0), else_=1)
    return (
        select(Device.household_id)
        .where(_buttons(centre, month))
        .group_by(Device.household_id)
        .having(func.max(pressed) == 0)
        .correlate(None)
    )


def _one_each(centre: Centre, month: Month, now: datetime) -> ColumnElement[bool]:
    """The first button of each such home, which stands for it in the list."""
    return Device.id.in_(_homes(centre, month, now).with_only_columns(func.min(Device.id)))


def _inside(session: Session, statement: Select[*tuple[Any, ...]], area_id: int | None) -> Select[*tuple[Any, ...]]:
    if area_id is None:
        return statement
    return statement.where(inside_asked(session, area_id))


def missing(centre: Centre, actor: Actor, month: Month, page: PageOf, now: datetime) -> dict[str, Any]:
    """The homes that pressed no button in the month, with how many there are and how many did."""
    with centre.database.reads() as session:
        base = _inside(session, register.cards().where(_buttons(centre, month), seen(actor)), month.area_id)
        homes = base.where(_one_each(centre, month, now))
        total = session.scalar(base.with_only_columns(func.count(Device.household_id.distinct()))) or 0
        missing_ = session.scalar(homes.with_only_columns(func.count(Device.id))) or 0
        by_area = session.execute(
            homes.with_only_columns(Area.id, Area.name, func.count(Device.id))
            .group_by(Area.id, Area.name)
            .order_by(func.count(Device.id).desc(), Area.id)
            .limit(50)
        ).all()
        if page.before is not None:
            homes = homes.where(Device.id > page.before)
        found = session.execute(homes.order_by(Device.id).limit(page.limit + 1)).all()
        items = [register.card(row, centre, now) for row in found[: page.limit]]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "total": missing_,
        "homes": total,
        "pressed": total - missing_,
        "areas": [{"area": {"id": str(i), "name": name}, "missing": number} for i, name, number in by_area],
        "month": month.first.isoformat()[:7],
    }


def export(centre: Centre, actor: Actor, month: Month, now: datetime) -> Iterator[list[str]]:
    """The whole list, row by row, with a heading: codes and numbers, no telephone and no door."""
    yield ["device", "location", "elder", "address", "area", "last_test_at", "last_alarm_at"]
    with centre.database.reads() as session:
        base = _inside(session, register.cards().where(_buttons(centre, month), seen(actor)), month.area_id)
        statement = base.where(_one_each(centre, month, now)).order_by(Area.path, Device.id)
        for device, home, area, elder, _gateway in session.execute(statement.execution_options(yield_per=500)):
            yield [
                device.number,
                device.location or "",
                elder.name if elder else "",
                (mask_address(home.address_short) or "") if home else "",
                area.name if area else "",
                stamp(device.last_test_at) or "",
                stamp(device.last_alarm_at) or "",
            ]


def tick(centre: Centre, now: datetime) -> None:
    """On the days that the centre chose, one short message to each home that has pressed no button yet."""
    if not centre.devices.reminder_days or not is_due(centre, ROUND, now):
        return
    local = now.astimezone(centre.zone)
    wanted = local.day in centre.devices.reminder_days and local.hour >= centre.devices.reminder_hour

    def work(session: Session) -> bool:
        return begin(session, ROUND, EVERY, now)

    if transact(centre, work) and wanted:
        _remind(centre, local.date(), now)


def _remind(centre: Centre, today: date, now: datetime) -> None:
    """In batches, each in its own transaction; by its reference it is one message a day and home."""
    month, after = Month(today.replace(day=1)), 0
    dialect = postgresql if centre.database.is_postgresql else sqlite
    while True:
        with centre.database.sessions.begin() as session:
            found = session.execute(
                select(Device.id, Device.household_id, Elder.id, Elder.phone)
                .join(Elder, Elder.id == Device.elder_id)
                .where(
                    _buttons(centre, month),
                    Device.household_id.in_(_homes(centre, month, now)),
                    Device.id > after,
                    Elder.phone.is_not(None),
                )
                .order_by(Device.id)
                .limit(BATCH)
            ).all()
            words = {"signature": centre.messages["signature"]}
            body = centre.messages["button_test"]["sms"].format_map(words)
            rows = [
                {
                    **_reminder(body, now),
                    "reference": f"button:{h}:{today.isoformat()}",
                    "phone": p,
                    "label": f"elder {e}",
                }
                for _, h, e, p in found
            ]
            if rows:
                session.execute(dialect.insert(Message).on_conflict_do_nothing(), rows)
        if len(found) < BATCH:
            return
        after = found[-1][0]


def _reminder(body: str, now: datetime) -> dict[str, Any]:
    return {
        "channel": "sms",
        "purpose": "button_test",
        "body": body,
        "template": "button_test",
        "parameters": {},
        "case_id": None,
        "case_round": 0,
        "state": MessageState.PENDING.value,
        "created_at": now,
        "next_try_at": now,
        "attempts": 0,
        "handed_over": 0,
        "receipt": {},
    }
