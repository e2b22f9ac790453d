"""Who sees an elder without masks: whoever owns an open emergency of that home, as long as they own it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN
from dispatch.domain.privacy import Holding, mask_address, mask_phone, sees_unmasked
from dispatch.models.cases import Case

Card = dict[str, Any]


def unmasked(session: Session, actor: Actor, household_id: int | None) -> bool:
    """The rule of ``sees_unmasked`` over the cases that this actor owns."""
    return household_id is not None and household_id in homes_held(session, actor)


def homes_held(session: Session, actor: Actor) -> frozenset[int]:
    """The homes that this actor sees without masks, for a list that asks of many."""
    if actor.user_id is None:
        return frozenset()
    owned = select(Case.kind, Case.state, Case.owner_id, Case.household_id).where(
        Case.owner_id == actor.user_id, Case.household_id.is_not(None), Case.state.in_(OPEN)
    )
    held = [Holding(*row) for row in session.execute(owned)]
    homes = {one.household_id for one in held if one.household_id is not None}
    return frozenset(home for home in homes if sees_unmasked(actor.user_id, home, held))


def sees_caller(actor: Actor, case: Case, open_: bool) -> bool:
    """The number behind a case: whoever sees the home, and the owner of a case that no home is known for."""
    return open_ or (case.household_id is None and case.owner_id is not None and case.owner_id == actor.user_id)


def veil_elder(card: Card) -> Card:
    return card | {"phone": mask_phone(card["phone"])}


def veil_contact(card: Card) -> Card:
    return card | {"phone": mask_phone(card["phone"])}


def veil_household(card: Card) -> Card:
    return veil_place(card) | {"address_short": mask_address(card["address_short"])}


def veil_place(card: Card) -> Card:
    """Without entrance, floor and door, the way in, and the point on the map that would say as much."""
    return card | {
        "address": mask_address(card["address"]),
        "access_notes": None,
        "lat": None,
        "lon": None,
    }
