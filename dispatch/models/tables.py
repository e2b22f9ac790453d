"""All tables in one place, for whoever must know every one: importing a file of models makes its tables known."""

from __future__ import annotations

from dispatch.models import (
    access,
    care,
    cases,
    circle,
    devices,
    duty,
    elder_links,
    engine,
    floor,
    followup,
    helps,
    imports,
    outbox,
    people,
    places,
    privacy,
    response,
    rounds,
    simnet,
    sms,
    standing,
    trail,
    visits,
    workforce,
)
from dispatch.models.base import Base

FILES = (
    access,
    care,
    cases,
    circle,
    devices,
    duty,
    elder_links,
    engine,
    floor,
    followup,
    helps,
    imports,
    outbox,
    people,
    places,
    privacy,
    response,
    rounds,
    simnet,
    sms,
    standing,
    trail,
    visits,
    workforce,
)
METADATA = Base.metadata
