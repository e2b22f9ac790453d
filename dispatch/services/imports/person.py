"""The columns of elders and contacts for rows that the ORM does not write: indexed, with the sound of the name."""

from __future__ import annotations

from typing import Any

from dispatch.models.people import sealed_identity, sealed_phone
from dispatch.models.sealed import phone_index
from dispatch.services.register.names import called

named = called


def with_phone(phone: str | None) -> dict[str, Any]:
    return sealed_phone(phone)


def with_identity(number: str | None) -> dict[str, Any]:
    return sealed_identity(number)


def contact_phone(phone: str) -> dict[str, Any]:
    return {"phone": phone, "phone_index": phone_index(phone)}
