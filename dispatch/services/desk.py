"""What people look at: a case with everything around it, its timeline, lists and searches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN, State
from dispatch.domain.errors import NotFound
from dispatch.domain.privacy import mask_phone
from dispatch.models.cases import Case, CaseEvent, Draft
from dispatch.models.devices import Device, Signal
from dispatch.models.people import Contact, DutyPhone, Elder
from dispatch.models.places import Area, Household, ids_in, inside
from dispatch.models.privacy import RestrictedCase
from dispatch.services.areas_asked import inside_asked
from dispatch.services.centre import Centre
from dispatch.services.devices.messages import newest_first, raw_of
from dispatch.services.duty.on_duty import reach
from dispatch.services.intake import ON_TEST
from dispatch.services.opening import STANDING
from dispatch.services.privacy import sight
from dispatch.services.register import search
from dispatch.services.rows import Row, must_see, row_of, row_statement, stamp, visible
from dispatch.services.whereabouts import newest_place, without_place

ONLINE_WITHIN = timedelta(hours=26)
COUNT_UP_TO = 10_000


@dataclass(frozen=True)
class CaseFilter:
    state: str | None = None
    priority: int | None = None
    kind: str | None = None
    help: str | None = None
    elder_id: int | None = None
    area_id: int | None = None
    owner: str | None = None
    """``me``, ``none`` or an id."""
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    q: str | None = None


@dataclass(frozen=True)
class PageOf:
    limit: int
    before: int | None
    """The id after which the last page ended; lists run from the newest down."""


def case_detail(centre: Centre, case_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Everything that an operator needs while somebody waits, in one answer. Raises ``NotFound``."""
    with centre.database.reads() as session:
        found = session.execute(visible(row_statement().where(Case.id == case_id), actor)).first()
        if found is None:
            raise NotFound(f"there is no case {case_id} in your areas")
        case = session.get_one(Case, case_id)
        elder = _elder(session, case.elder_id)
        who = _who(session, case, elder, elder_card(elder, centre, now) if elder else None, actor)
        return {
            "row": row_of(found, centre, now),
            "text": case.text,
            **who,
            "duty_phones": [_duty_json(p) for p in reach(session, centre, case.area_id, now).phones],
            "device": _device(session, case.origin_device, now),
            **_signals(session, case, actor, who),
            "policy": case.policy,
            "outcome": case.outcome,
            "hold_reason": case.hold_reason,
            "follow_up_at": stamp(case.follow_up_at),
            "merged_into": case.merged_into and str(case.merged_into),
            **_drafts(session, case.id, actor),
            "past_cases_30d": _past(session, case, now),
            "open_in_household": _others(session, case),
            "restricted": session.get(RestrictedCase, case.id) is not None,
        }


def _who(
    session: Session, case: Case, elder: Elder | None, card: dict[str, Any] | None, actor: Actor
) -> dict[str, Any]:
    """Person and home, in clear for the operator who owns an open emergency of this home and for nobody else."""
    clear = sight.unmasked(session, actor, case.household_id)
    home = _household(session, case.household_id)
    contacts = [contact_json(c) for c in elder.contacts] if elder else []
    return {
        "masked": not clear,
        "caller_number": case.caller if sight.sees_caller(actor, case, clear) else mask_phone(case.caller),
        "elder": card if clear else card and sight.veil_elder(card),
        "household": home if clear else home and sight.veil_household(home),
        "contacts": contacts if clear else [sight.veil_contact(c) for c in contacts],
    }


def timeline(centre: Centre, case_id: int, actor: Actor, limit: int, after: int | None) -> dict[str, Any]:
    """The history of a case, oldest first."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        statement = select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.id > (after or 0))
        events = session.scalars(statement.order_by(CaseEvent.id).limit(limit + 1)).all()
        shut = session.get(RestrictedCase, case_id) is not None
    more = len(events) > limit
    items = [_shut(event_json(e)) if shut else event_json(e) for e in events[:limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if more else None, "restricted": shut}


def _shut(event: dict[str, Any]) -> dict[str, Any]:
    """Of a case whose time is over: that something happened and when, and none of its words."""
    return event | {"actor": {"kind": event["actor"]["kind"], "id": "", "name": ""}, "text": None, "data": {}}


def event_json(event: CaseEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "at": stamp(event.at),
        "kind": event.kind,
        "actor": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_name},
        "channel": event.channel,
        "text": event.text,
        "data": event.data,
    }


def cases(centre: Centre, actor: Actor, wanted: CaseFilter, page: PageOf, now: datetime) -> dict[str, Any]:
    """Cases newest first, with the number of all that match (counted up to 10,000)."""
    with centre.database.reads() as session:
        matching = _matching(session, wanted, actor)
        ids = visible(matching.outerjoin(Area, Area.id == Case.area_id), actor)
        total = session.scalar(select(func.count()).select_from(ids.limit(COUNT_UP_TO).subquery()))
        if page.before is not None:
            ids = ids.where(Case.id < page.before)
        chosen = list(session.scalars(ids.order_by(Case.id.desc()).limit(page.limit + 1)))
        found = session.execute(row_statement().where(Case.id.in_(chosen[: page.limit])).order_by(Case.id.desc()))
        rows: list[Row] = [row_of(f, centre, now) for f in found]
    more = len(chosen) > page.limit
    return {"items": rows, "next_cursor": rows[-1]["id"] if more else None, "total": total}


def _matching(session: Session, wanted: CaseFilter, actor: Actor) -> Select[Any]:
    statement: Select[Any] = select(Case.id)
    exact = {
        Case.state: wanted.state,
        Case.priority: wanted.priority,
        Case.kind: wanted.kind,
        Case.help: wanted.help,
        Case.elder_id: wanted.elder_id,
    }
    for column, value in exact.items():
        if value is not None:
            statement = statement.where(column == value)
    if wanted.state is None and wanted.elder_id is None:  # a city's lunches of the coming week would be the whole list
        statement = statement.where(Case.state != State.PLANNED)
    if wanted.area_id is not None:
        statement = statement.where(Case.area_id.in_(select(Area.id).where(inside_asked(session, wanted.area_id))))
    if wanted.owner is not None:
        owner = actor.user_id if wanted.owner == "me" else None if wanted.owner == "none" else int(wanted.owner)
        statement = statement.where(Case.owner_id == owner if owner is not None else Case.owner_id.is_(None))
    if wanted.opened_from is not None:
        statement = statement.where(Case.opened_at >= wanted.opened_from)
    if wanted.opened_to is not None:
        statement = statement.where(Case.opened_at < wanted.opened_to)
    if wanted.q:
        statement = statement.where(_text_match(session, wanted.q))
    return statement


def _text_match(session: Session, q: str) -> Any:
    """The number of a case or of the device that opened it, or whatever finds its elder; else a part of its address."""
    number = int(q) if q.isascii() and q.isdigit() and len(q) <= 18 else None
    return or_(
        Case.id == number if number is not None else false(),
        Case.elder_id.in_(search.look(session, q).ids),
        select(Household.id)
        .where(Household.id == Case.household_id, Household.address.contains(q, autoescape=True))
        .correlate(Case)
        .exists(),
        Case.origin_device == q,
    )


def signals(centre: Centre, actor: Actor, understood: bool | None, limit: int, cursor: str | None) -> dict[str, Any]:
    """Messages newest first; ``understood=False``: those that nobody could read, for a person to look at."""
    unplaced = true() if actor.sight.unplaced else false()
    elsewhere = (
        select(Device.id)
        .outerjoin(Household, Household.id == Device.household_id)
        .outerjoin(Area, Area.id == func.coalesce(Household.area_id, Device.area_id))
        .where(or_(and_(Area.id.is_(None), not_(unplaced)), not_(inside(actor.paths))))
    )
    statement = select(Signal).where(
        or_(and_(Signal.device_id.is_(None), unplaced), Signal.device_id.not_in(elsewhere))
    )
    if understood is not None:
        statement = statement.where(Signal.understood.is_(understood))
    with centre.database.reads() as session:
        found = session.scalars(newest_first(session, statement, cursor).limit(limit + 1)).all()
    items = [without_place(_signal_json(s)) | _unread(s, actor) for s in found[:limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > limit else None}


def _unread(signal: Signal, actor: Actor) -> dict[str, Any]:
    return {"source": signal.source, "reason": signal.reason, **raw_of(signal, actor, clear=False)}


def _elder(session: Session, elder_id: int | None) -> Elder | None:
    if elder_id is None:
        return None
    # The row was loaded without its collections before: a plain get() would return it as it is.
    return session.scalar(
        select(Elder)
        .where(Elder.id == elder_id)
        .options(
            selectinload(Elder.contacts),
            selectinload(Elder.facts),
            joinedload(Elder.household).joinedload(Household.area),
        )
        .execution_options(populate_existing=True)
    )


def elder_card(elder: Elder, centre: Centre, now: datetime) -> dict[str, Any]:
    absence = elder.absence(now)
    return {
        "id": str(elder.id),
        "name": elder.name,
        "sex": elder.sex,
        "birth_date": elder.birth_date.isoformat(),
        "age": elder.age(now.astimezone(centre.zone).date()),
        "phone": elder.phone,
        "flags": elder.flags,
        "languages": elder.languages,
        "hearing": elder.hearing,
        "ability_level": elder.ability_level,
        "absence": {"kind": absence, "until": stamp(elder.absence_until), "note": elder.absence_note}
        if absence
        else None,
        "facts": [
            {
                "id": str(f.id),
                "kind": f.kind,
                "text": f.text,
                "source": f.source,
                "confirmed_at": stamp(f.confirmed_at),
            }
            for f in elder.facts
        ],
    }


def contact_json(contact: Contact) -> dict[str, Any]:
    return {
        "id": str(contact.id),
        "name": contact.name,
        "relation": contact.relation,
        "phone": contact.phone,
        "minutes_away": contact.minutes_away,
        "has_key": contact.has_key,
        "order": contact.position,
        "answered": contact.answered,
        "tried": contact.tried,
    }


def _duty_json(phone: DutyPhone) -> dict[str, Any]:
    return {"id": str(phone.id), "label": phone.label, "phone": phone.phone}


def _household(session: Session, household_id: int | None) -> dict[str, Any] | None:
    if household_id is None:
        return None
    household = session.scalars(
        select(Household)
        .where(Household.id == household_id)
        .options(joinedload(Household.area))
        .execution_options(populate_existing=True)
    ).one()
    return household_json(household, path_names(session, household.area.path))


def path_names(session: Session, path: str) -> list[str]:
    return list(session.scalars(select(Area.name).where(Area.id.in_(ids_in(path))).order_by(Area.path)))


def household_json(household: Household, path_names: list[str]) -> dict[str, Any]:
    return {
        "id": str(household.id),
        "address": household.address,
        "address_short": household.address_short,
        "area": {"id": str(household.area_id), "name": household.area.name, "path_names": path_names},
        "lat": household.lat,
        "lon": household.lon,
        "access_notes": household.access_notes,
    }


def _device(session: Session, number: str | None, now: datetime) -> dict[str, Any] | None:
    if number is None:
        return None
    device = session.scalar(select(Device).where(Device.number == number))
    if device is None:
        return {"id": None, "number": number, "model": None, "online": None}
    return device_json(device, now)


def device_json(device: Device, now: datetime) -> dict[str, Any]:
    seen = device.last_seen_at
    return {
        "id": str(device.id),
        "number": device.number,
        "model": device.model,
        "protocol": device.protocol,
        "location": device.location,
        "battery_percent": device.battery_percent,
        "low_battery_at": stamp(device.low_battery_at),
        "fault_at": stamp(device.fault_at),
        "last_seen_at": stamp(seen),
        "last_test_at": stamp(device.last_test_at),
        "on_test": on_test(device, now),
        "online": seen is not None and now - seen < ONLINE_WITHIN,
    }


def on_test(device: Device, now: datetime) -> dict[str, Any] | None:
    """Until when what it sends pages nobody, and why."""
    if device.on_test_until is None or device.on_test_until <= now:
        return None
    return {
        "since": stamp(device.on_test_since),
        "until": stamp(device.on_test_until),
        "reason": device.on_test_reason,
    }


def _signals(session: Session, case: Case, actor: Actor, who: dict[str, Any]) -> dict[str, Any]:
    """What devices said, and the place of the alarm: for whoever sees the home, or owns a case that has none."""
    statement = select(Signal).where(Signal.case_id == case.id).order_by(Signal.received_at.desc()).limit(20)
    found = [_signal_json(s) for s in session.scalars(statement)]
    if not sight.sees_caller(actor, case, not who["masked"]):
        return {"signals": [without_place(one) for one in found], "place": None}
    return {"signals": found, "place": newest_place(found, who["household"])}


def _signal_json(signal: Signal) -> dict[str, Any]:
    return {
        "id": str(signal.id),
        "kind": signal.kind,
        "device": signal.device_number,
        "received_at": stamp(signal.received_at),
        "occurred_at": stamp(signal.occurred_at),
        "clock_off": signal.clock_off,
        "spooled": signal.spooled,
        "test": signal.reason == ON_TEST,
        "case_id": signal.case_id and str(signal.case_id),
        "data": signal.data,
    }


def _drafts(session: Session, case_id: int, actor: Actor) -> dict[str, Any]:
    """What this person is still writing, by window; ``my_draft`` is the newest."""
    statement = select(Draft).where(Draft.case_id == case_id, Draft.user_id == actor.user_id)
    drafts = session.scalars(statement.order_by(Draft.updated_at.desc())).all() if actor.user_id else []
    return {
        "my_draft": drafts[0].text if drafts else None,
        "my_drafts": [{"tab": d.tab, "text": d.text, "at": stamp(d.updated_at)} for d in drafts],
    }


def _past(session: Session, case: Case, now: datetime) -> int:
    if case.household_id is None:
        return 0
    return (
        session.scalar(
            select(func.count(Case.id)).where(
                Case.household_id == case.household_id,
                Case.id != case.id,
                Case.opened_at > now - timedelta(days=30),
                Case.cause != STANDING,
            )
        )
        or 0
    )


def _others(session: Session, case: Case) -> list[str]:
    if case.household_id is None:
        return []
    statement = select(Case.id).where(Case.household_id == case.household_id, Case.id != case.id, Case.state.in_(OPEN))
    return [str(i) for i in session.scalars(statement)]
