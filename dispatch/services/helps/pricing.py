"""What a visit costs: the catalogue's price until somebody goes, then their provider's, of the day of the order."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.helps.prices import own_price
from dispatch.models.helps import Order
from dispatch.models.workforce import Organisation, Station, Worker
from dispatch.services.centre import Centre


def settle_price(session: Session, centre: Centre, order: Order, worker: Worker) -> None:
    """Whoever goes in the end is paid by their own list; a list that changes later changes no order."""
    item = centre.catalogue.items.get(order.item)
    if item is None:
        return
    lists = select(Organisation.prices).join(Station, Station.organisation_id == Organisation.id)
    prices = session.scalar(lists.where(Station.id == worker.station_id)) if worker.station_id is not None else None
    day = order.ordered_at.astimezone(centre.zone).date()
    own = own_price(prices or {}, order.item, day)
    price = own if own is not None else item.price(day)
    if order.price_fen != price:
        order.price_fen = price
        order.version += 1
