"""Say so when somebody who is written down looks like one who is there already, before there are two of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.errors import LooksDouble
from dispatch.domain.privacy import mask_address
from dispatch.models.imports import Double
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household
from dispatch.services.imports import find_doubles
from dispatch.services.work import Act


def refuse(session: Session, elder_ids: Iterable[int], act: Act, *, even_if_double: bool) -> None:
    """Compare these elders with all others, in the caller's transaction.

    Raises ``LooksDouble`` for pairs that nobody has seen yet; with ``even_if_double`` they are proposed for a look
    instead, as those are that an import finds.
    """
    ids = list(elder_ids)
    if not find_doubles.of(session, ids, act.now) or even_if_double:
        return
    fresh = select(Double).where(
        or_(Double.elder_a.in_(ids), Double.elder_b.in_(ids)), Double.state == "proposed", Double.found_at == act.now
    )
    candidates = [
        _candidate(session, act, pair.elder_b if pair.elder_a in ids else pair.elder_a, pair.reasons)
        for pair in session.scalars(fresh)
    ]
    raise LooksDouble("this may be somebody who is in the register already: look at them first", candidates=candidates)


def _candidate(session: Session, act: Act, elder_id: int, reasons: list[str]) -> dict[str, Any]:
    """Of somebody in an area that is not the actor's: only that they are there."""
    elder, home, area = session.execute(
        select(Elder, Household, Area)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.id == elder_id)
    ).one()
    if not area.path.startswith(act.actor.paths):
        return {"id": None, "reasons": reasons, "elsewhere": True}
    return {
        "id": str(elder.id),
        "name": elder.name,
        "sex": elder.sex,
        "birth_date": elder.birth_date.isoformat(),
        "address_short": mask_address(home.address_short),
        "area": {"id": str(area.id), "name": area.name},
        "reasons": reasons,
        "elsewhere": False,
    }


def count(session: Session, elder_id: int) -> int:
    """Pairs with this elder that wait for a look."""
    pairs = select(Double.id).where(
        or_(Double.elder_a == elder_id, Double.elder_b == elder_id), Double.state == "proposed"
    )
    return len(session.scalars(pairs.limit(100)).all())
