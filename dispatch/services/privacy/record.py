"""One person's whole record, to be handed to that person (articles 44 and 45)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from dispatch.domain.errors import Invalid
from dispatch.models.cases import Case, CaseEvent
from dispatch.models.devices import Device
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.privacy import RestrictedCase, RightsRequest, Sharing
from dispatch.models.trail import TrailEntry
from dispatch.services import desk, trail
from dispatch.services.care.assessments import assessments_of
from dispatch.services.care.consents import consents_of, forms_of
from dispatch.services.care.groups import tags_of
from dispatch.services.care.reach import Answer, elder_within
from dispatch.services.centre import Centre
from dispatch.services.ordering import standing
from dispatch.services.privacy.requests import checked_request
from dispatch.services.privacy.reveal import SEEN, entry_json
from dispatch.services.privacy.sharing import sharing_json
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import view
from dispatch.services.work import Act

MOST = 500
"""Cases, accesses and handings-on in one record, each from the newest; ``left_off`` says when there are more."""


VISITS = 120
"""Ten years of them."""


def export_record(centre: Centre, elder_id: int, act: Act, *, request_id: int, format_: str) -> Answer:
    """Everything the centre holds on one elder. It is handed out under a request whose asker was checked.

    Raises ``Conflict`` before that check. That it was handed out is written down in the same transaction.
    """
    if format_ not in ("json", "html"):
        raise Invalid("format", "unknown", "choose json or html")
    with centre.database.sessions.begin() as session:
        elder_within(session, elder_id, act.actor)
        request = checked_request(session, request_id, elder_id)
        record = _record(session, centre, elder_id, act)
        record["request"] = {"id": str(request.id), "kind": request.kind, "received_at": stamp(request.received_at)}
        data = {"request": request.id, "format": format_}
        trail.write(session, act.actor, Deed("record_exported", Subject("elder", elder_id), data=data), act.now)
    return record


def _record(session: Session, centre: Centre, elder_id: int, act: Act) -> Answer:
    elder = session.scalars(
        select(Elder)
        .where(Elder.id == elder_id)
        .options(
            selectinload(Elder.contacts),
            selectinload(Elder.facts),
            joinedload(Elder.household).joinedload(Household.area),
        )
        .execution_options(populate_existing=True)
    ).one()
    cases, more_cases = _cases(session, elder)
    seen, more_seen = _accesses(session, elder_id)
    shared = session.scalars(
        select(Sharing).where(Sharing.elder_id == elder_id).order_by(Sharing.id.desc()).limit(MOST)
    )
    asked = session.scalars(select(RightsRequest).where(RightsRequest.elder_id == elder_id).order_by(RightsRequest.id))
    return {
        "made_at": stamp(act.now),
        "elder": desk.elder_card(elder, centre, act.now)
        | {"identity_number": elder.identity_number, "pinyin": elder.pinyin},
        "household": desk.household_json(elder.household, [elder.household.area.name]),
        "contacts": [desk.contact_json(contact) for contact in elder.contacts],
        "devices": _devices(session, elder, act),
        "groups": tags_of(session, centre, elder_id, act.now),
        "assessments": assessments_of(session, centre, elder_id, act.now),
        "service_forms": forms_of(session, elder_id),
        "consents": consents_of(session, centre, elder_id),
        "cases": cases,
        "standing_orders": standing.seen_of(session, centre, elder_id, act.now),
        "checkin_visits": view.of_person(session, elder_id, VISITS),
        "shared_with": [sharing_json(sharing) for sharing in shared],
        "seen_by": seen,
        "requests": [
            {"kind": r.kind, "received_at": stamp(r.received_at), "state": r.state, "answer": r.answer} for r in asked
        ],
        "left_off": more_cases or more_seen,
    }


def _devices(session: Session, elder: Elder, act: Act) -> list[Answer]:
    statement = select(Device).where(Device.household_id == elder.household_id).order_by(Device.id)
    return [desk.device_json(device, act.now) for device in session.scalars(statement)]


def _cases(session: Session, elder: Elder) -> tuple[list[Answer], bool]:
    """Cases about this person, with their timelines; those that are shut away stay shut."""
    shut = select(RestrictedCase.case_id)
    found = session.scalars(
        select(Case).where(Case.elder_id == elder.id, Case.id.not_in(shut)).order_by(Case.id.desc()).limit(MOST + 1)
    ).all()
    ids = [case.id for case in found[:MOST]]
    events: dict[int, list[Any]] = {case_id: [] for case_id in ids}
    statement = select(CaseEvent).where(CaseEvent.case_id.in_(ids)).order_by(CaseEvent.id)
    for event in session.scalars(statement):
        events[event.case_id].append(desk.event_json(event))
    items = [
        {
            "number": str(case.id),
            "kind": case.kind,
            "help": case.help,
            "cause": case.cause,
            "opened_at": stamp(case.opened_at),
            "closed_at": stamp(case.closed_at),
            "outcome": case.outcome,
            "text": case.text,
            "timeline": events[case.id],
        }
        for case in found[:MOST]
    ]
    return items, len(found) > MOST


def _accesses(session: Session, elder_id: int) -> tuple[list[Answer], bool]:
    found = session.scalars(
        select(TrailEntry)
        .where(TrailEntry.subject_kind == "elder", TrailEntry.subject_id == str(elder_id), TrailEntry.action.in_(SEEN))
        .order_by(TrailEntry.id.desc())
        .limit(MOST + 1)
    ).all()
    return [entry_json(entry) for entry in found[:MOST]], len(found) > MOST
