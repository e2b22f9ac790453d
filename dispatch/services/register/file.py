"""One elder with all that is known: person, home, those who stand by, devices, open cases, assessments, consents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from dispatch.domain.actor import Actor
from dispatch.domain.case import OPEN
from dispatch.domain.errors import NotFound
from dispatch.domain.privacy import mask_identity, mask_phone
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.care.assessments import assessments_of
from dispatch.services.care.consents import consents_of, forms_of
from dispatch.services.care.groups import tags_of
from dispatch.services.centre import Centre
from dispatch.services.desk import contact_json, device_json, elder_card
from dispatch.services.helps import circles
from dispatch.services.privacy import sight
from dispatch.services.register import doubles
from dispatch.services.register.households import home_json, veiled
from dispatch.services.rows import row_of, row_statement, stamp

ASSESSMENTS = 5
"""The newest; all stand under GET /elders/{id}/assessments."""


def elder_file(centre: Centre, elder_id: int, actor: Actor, now: datetime) -> dict[str, Any]:
    """Masked, but for whoever owns an open emergency of the home. Raises ``NotFound`` outside of the actor's areas."""
    with centre.database.reads() as session:
        elder = _elder(session, elder_id)
        if elder is None or not elder.household.area.path.startswith(actor.paths):
            raise NotFound(f"there is no elder {elder_id} in your areas")
        clear = sight.unmasked(session, actor, elder.household_id)
        home = home_json(session, elder.household)
        devices = session.scalars(
            select(Device).where(Device.household_id == elder.household_id, Device.retired_at.is_(None))
        )
        open_rows = session.execute(
            row_statement().where(Case.household_id == elder.household_id, Case.state.in_(OPEN)).order_by(Case.id)
        )
        return {
            "masked": not clear,
            "elder": _person(session, centre, elder, now, clear=clear),
            "household": home if clear else veiled(home),
            "circle": circles.of_home(session, elder.household_id),
            "contacts": [_contact(contact, clear=clear) for contact in elder.contacts],
            "devices": [device_json(device, now) for device in devices],
            "cases": [row_of(found, centre, now) for found in open_rows],
            "assessments": assessments_of(session, centre, elder.id, now)[:ASSESSMENTS],
            "consents": consents_of(session, centre, elder.id),
            "duplicates": doubles.count(session, elder.id),
        }


def _elder(session: Session, elder_id: int) -> Elder | None:
    return session.scalar(
        select(Elder)
        .where(Elder.id == elder_id)
        .options(
            selectinload(Elder.contacts),
            selectinload(Elder.facts),
            joinedload(Elder.household).joinedload(Household.area),
        )
    )


def _person(session: Session, centre: Centre, elder: Elder, now: datetime, *, clear: bool) -> dict[str, Any]:
    card = elder_card(elder, centre, now)
    form = next(iter(forms_of(session, elder.id)), None)
    return {
        **(card if clear else sight.veil_elder(card)),
        "version": elder.version,
        "pinyin": elder.pinyin,
        "initials": elder.initials,
        "phone_masked": mask_phone(elder.phone),
        "identity_masked": mask_identity(elder.identity_number),
        **({"identity_number": elder.identity_number} if clear else {}),
        "dialect": elder.dialect,
        "service_form": form or (elder.service_form and {"form": elder.service_form, "reason": None}),
        "tags": [tag for tag in tags_of(session, centre, elder.id, now) if tag["ended_at"] is None],
        "updated_at": stamp(elder.updated_at),
        "archived_at": stamp(elder.archived_at),
        "archive_reason": elder.archive_reason,
        "merged_into": elder.merged_into and str(elder.merged_into),
    }


def _contact(contact: Contact, *, clear: bool) -> dict[str, Any]:
    card = contact_json(contact) | {"phone_masked": mask_phone(contact.phone)}
    return card if clear else sight.veil_contact(card)
