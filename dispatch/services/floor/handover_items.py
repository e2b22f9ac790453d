"""What stands in a handover: looked up from the rows themselves, so that nobody forgets to write it down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.case import ACTIVE
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.floor import CallBack, Handover, HandoverItem
from dispatch.models.followup import FollowUp
from dispatch.models.people import Elder
from dispatch.models.places import Area, Household, inside
from dispatch.services.centre import Centre
from dispatch.services.followup.desk import due_by
from dispatch.services.rows import row_of, row_statement, stamp

UNFINISHED = ("draft", "offered")
SETTLE_THEMSELVES = ("case", "held", "callback", "follow_up")
MOST_DEVICES = 50
MOST_ABSENT = 50
MOST_FOLLOW_UPS = 50
NEXT_SHIFT = timedelta(hours=8)
"""Whom somebody has to ask in it how it was belongs to what is handed over; who has a day more does not."""


def fill(session: Session, centre: Centre, found: Handover, now: datetime) -> None:
    """Add what is not in the list yet, and take out untouched items that have settled themselves. Never removes what
    somebody has ticked or written on."""
    wanted = dict(_wanted(session, found, now))
    items = session.scalars(select(HandoverItem).where(HandoverItem.handover_id == found.id)).all()
    known = {(item.kind, item.ref) for item in items}
    for (kind, ref), more in wanted.items():
        if (kind, ref) not in known:
            session.add(HandoverItem(handover_id=found.id, kind=kind, ref=ref, keep=False, **more))
    for item in items:
        gone = item.kind in SETTLE_THEMSELVES and (item.kind, item.ref) not in wanted
        if gone:
            session.delete(item)
    session.flush()


def _wanted(session: Session, found: Handover, now: datetime) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    mine = select(Case.id, Case.held_until).where(Case.owner_id == found.from_id, Case.state.in_(ACTIVE))
    for case_id, held_until in session.execute(mine.order_by(Case.priority, Case.id)):
        yield ("held" if held_until else "case", str(case_id)), {}
    if found.kind != "shift":
        return
    promised = select(CallBack.id).where(CallBack.promised_by == found.from_id, CallBack.state == "open")
    for callback_id in session.scalars(promised.order_by(CallBack.due_at)):
        yield ("callback", str(callback_id)), {}
    for follow_up_id in session.scalars(due_by(found.paths, now + NEXT_SHIFT).limit(MOST_FOLLOW_UPS)):
        yield ("follow_up", str(follow_up_id)), {}
    for device_id in session.scalars(_faulty(found)):
        yield ("device", str(device_id)), {}
    for elder_id in session.scalars(_absent(found, now)):
        yield ("absent", str(elder_id)), {}
    for item in _kept(session, found):
        more = {"text": item.text, "root_id": item.root_id or item.id}
        yield (item.kind, item.ref if item.kind != "note" else f"kept.{item.root_id or item.id}"), more


def _faulty(found: Handover) -> Any:
    return (
        select(Device.id)
        .join(Household, Household.id == Device.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Device.fault_at.is_not(None), inside(found.paths))
        .order_by(Device.fault_at.desc())
        .limit(MOST_DEVICES)
    )


def _absent(found: Handover, now: datetime) -> Any:
    return (
        select(Elder.id)
        .join(Household, Household.id == Elder.household_id)
        .join(Area, Area.id == Household.area_id)
        .where(Elder.absence_kind.is_not(None), or_(Elder.absence_until.is_(None), Elder.absence_until > now))
        .where(inside(found.paths))
        .order_by(Elder.id)
        .limit(MOST_ABSENT)
    )


def _kept(session: Session, found: Handover) -> list[HandoverItem]:
    """Items of accepted handovers of the same areas that are to come again: of each the latest, until it is cleared."""
    kept = session.execute(
        select(HandoverItem, Handover.paths)
        .join(Handover, Handover.id == HandoverItem.handover_id)
        .where(HandoverItem.keep, HandoverItem.cleared_at.is_(None), Handover.state == "accepted")
        .order_by(HandoverItem.id)
    )
    latest: dict[int, HandoverItem] = {}
    for item, paths in kept:
        if item.kind in ("note", "device", "absent") and all(path.startswith(tuple(found.paths)) for path in paths):
            latest[item.root_id or item.id] = item
    return list(latest.values())


def view(session: Session, centre: Centre, found: Handover, actor: Actor, now: datetime) -> dict[str, Any]:
    items = session.scalars(
        select(HandoverItem).where(HandoverItem.handover_id == found.id).order_by(HandoverItem.id)
    ).all()
    about = _About(session, centre, now)
    return {
        "id": str(found.id),
        "kind": found.kind,
        "state": found.state,
        "version": found.version,
        "from": {"id": str(found.from_id), "name": found.from_name},
        "to": found.to_name and {"id": str(found.to_id), "name": found.to_name},
        "mine": found.from_id == actor.user_id,
        "note": found.note,
        "created_at": stamp(found.created_at),
        "offered_at": stamp(found.offered_at),
        "returned_reason": found.returned_reason,
        "ended_at": stamp(found.ended_at),
        "items": [_item_json(item, about) for item in items],
    }


def _item_json(item: HandoverItem, about: _About) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "kind": item.kind,
        "ref": item.ref,
        "text": item.text,
        "keep": item.keep,
        "again": item.root_id is not None,
        "cleared_at": stamp(item.cleared_at),
        "given_at": stamp(item.given_at),
        "opened_at": stamp(item.opened_at),
        "taken_at": stamp(item.taken_at),
        "question": item.question,
        "answer": item.answer,
        "about": about.item(item),
    }


class _About:
    """What an item is about, as it is now."""

    def __init__(self, session: Session, centre: Centre, now: datetime) -> None:
        self._session = session
        self._centre = centre
        self._now = now

    def item(self, item: HandoverItem) -> dict[str, Any] | None:
        match item.kind:
            case "case" | "held":
                return self._case(int(item.ref))
            case "callback":
                return self._callback(int(item.ref))
            case "follow_up":
                return self._follow_up(int(item.ref))
            case "device":
                return self._device(int(item.ref))
            case "absent":
                return self._absent(int(item.ref))
        return None

    def _case(self, case_id: int) -> dict[str, Any] | None:
        statement = row_statement().add_columns(Case.hold_reason).where(Case.id == case_id)
        found = self._session.execute(statement).first()
        if found is None:
            return None
        row = row_of(found, self._centre, self._now)
        return {"row": row, "reason": found.hold_reason if found.held_until else None}

    def _callback(self, callback_id: int) -> dict[str, Any] | None:
        found = self._session.get(CallBack, callback_id)
        if found is None:
            return None
        case = self._session.get_one(Case, found.case_id)
        elder = self._session.get(Elder, case.elder_id) if case.elder_id else None
        return {
            "case_id": str(found.case_id),
            "who": elder.name if elder else None,
            "due_at": stamp(found.due_at),
            "note": found.note,
        }

    def _follow_up(self, follow_up_id: int) -> dict[str, Any] | None:
        found = self._session.get(FollowUp, follow_up_id)
        if found is None:
            return None
        case = self._session.get_one(Case, found.case_id)
        elder = self._session.get(Elder, case.elder_id) if case.elder_id else None
        return {
            "follow_up_id": str(found.id),
            "who": elder.name if elder else None,
            "case_kind": case.kind,
            "help": case.help,
            "cause": case.cause,
            "due_at": stamp(found.due_at),
            "unhappy": found.unhappy_at is not None,
            "tries": found.tries,
            "most_tries": self._centre.followup.tries,
        }

    def _device(self, device_id: int) -> dict[str, Any] | None:
        device = self._session.get(Device, device_id)
        if device is None:
            return None
        home = self._session.get(Household, device.household_id) if device.household_id else None
        return {
            "number": device.number,
            "model": device.model,
            "location": device.location,
            "fault_at": stamp(device.fault_at),
            "address_short": mask_address(home.address_short) if home else None,
        }

    def _absent(self, elder_id: int) -> dict[str, Any] | None:
        elder = self._session.get(Elder, elder_id)
        if elder is None:
            return None
        return {"who": elder.name, "kind": elder.absence_kind, "until": stamp(elder.absence_until)}
