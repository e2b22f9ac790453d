"""What a case asks for: the item of the catalogue, how long, at which price; kept from the first time it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import Help, Kind
from dispatch.domain.errors import Invalid
from dispatch.domain.helps.catalogue import Item
from dispatch.models.cases import Case
from dispatch.models.helps import Order
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre


@dataclass(frozen=True)
class Wanted:
    item: Item
    minutes: int
    sex: str | None


def order_of(session: Session, case_id: int) -> Order | None:
    return session.scalar(select(Order).where(Order.case_id == case_id))


def wanted_of(session: Session, centre: Centre, case: Case, item: str | None = None) -> Wanted:
    """What was ordered, or what is usual for the help of the case; ``item`` asks about another one.

    Raises ``Invalid`` for an item that is not in the catalogue.
    """
    return wanted_by(centre, case, order_of(session, case.id), item)


def wanted_by(centre: Centre, case: Case, order: Order | None, item: str | None = None) -> Wanted:
    """As ``wanted_of``, for whoever has read the order already."""
    if item is None and order is not None and order.item in centre.catalogue.items:
        return Wanted(centre.catalogue.items[order.item], order.minutes, order.sex)
    found = named(centre, item) if item is not None else centre.catalogue.usual(help_of(case))
    return Wanted(found, found.minutes, order.sex if order is not None else None)


def help_of(case: Case) -> Help:
    """An emergency is emergency help, whatever else was asked for; a visit without a help is a talk."""
    if case.kind == Kind.EMERGENCY:
        return Help.EMERGENCY
    return Help(case.help) if case.help else Help.CHAT


def named(centre: Centre, code: str) -> Item:
    """Raises ``Invalid``."""
    item = centre.catalogue.items.get(code)
    if item is None:
        raise Invalid("item", "unknown", "choose an item of GET /services")
    return item


def keep(session: Session, centre: Centre, case: Case, wanted: Wanted, now: datetime) -> Order:
    """The order of the case as it is wanted now; its price is the one of the day on which it was first ordered."""
    order = order_of(session, case.id)
    if order is None:
        day = now.astimezone(centre.zone).date()
        order = Order(
            case_id=case.id,
            item=wanted.item.code,
            minutes=wanted.minutes,
            price_fen=wanted.item.price(day),
            sex=wanted.sex,
            ordered_at=now,
        )
        session.add(order)
    elif order.item != wanted.item.code:
        day = order.ordered_at.astimezone(centre.zone).date()
        order.item, order.minutes, order.price_fen = wanted.item.code, wanted.minutes, wanted.item.price(day)
        order.version += 1
    session.flush()
    return order


LONGEST_WINDOW = timedelta(hours=12)


def check_window(begins: datetime | None, ends: datetime | None) -> None:
    """Raises ``Invalid``."""
    if ends is None:
        return
    if begins is None or not begins < ends <= begins + LONGEST_WINDOW:
        raise Invalid("wanted_until", "out-of-range", "the window ends after it begins, and within 12 hours")


def check_worker(session: Session, actor: Actor, worker_id: int | None) -> int | None:
    """The helper who is asked for by name. Raises ``Invalid`` for somebody who is not there or works elsewhere."""
    if worker_id is None:
        return None
    statement = select(Worker.id).join(Area, Area.id == Worker.area_id)
    if session.scalar(statement.where(Worker.id == worker_id, Worker.active, inside(actor.paths))) is None:
        raise Invalid("worker_id", "unknown", "there is no such helper in your areas")
    return worker_id


def remind_next(centre: Centre, order: Order, case: Case, now: datetime) -> None:
    """When the next reminder of this order comes, if one still can. An emergency needs none."""
    found = None
    if case.kind == Kind.SERVICE and case.wanted_at is not None:
        found = centre.orders.next_reminder(case.wanted_at, now, centre.zone)
    order.remind_at, order.remind = found if found is not None else (None, None)
