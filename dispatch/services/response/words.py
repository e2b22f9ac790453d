"""The few words that go out: at most 70 characters by short message, no full name of the elder and no illness."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from dispatch.domain.messages import Text
from dispatch.models.cases import Case
from dispatch.models.places import Household
from dispatch.services.centre import Centre

LONGEST_SMS = 70
CUT = "…"
SHORTEST = 4
"""Characters that a shortened name or address keeps."""


def about(session: Session, centre: Centre, case: Case) -> dict[str, Any]:
    household = session.get(Household, case.household_id) if case.household_id is not None else None
    return {
        "signature": centre.messages["signature"],
        "cause": centre.messages["causes"].get(case.cause, case.cause),
        "address": household.address_short if household else (case.origin_device or "?"),
    }


def body(centre: Centre, purpose: str, channel: str, words: dict[str, Any]) -> Text:
    """The text of ``config/messages.yaml``. A short message that would be too long loses the end of a name or of the
    address: the street stays, and whoever knows the home knows the rest.
    """
    return fitted(centre.messages[purpose][channel], channel, words, ("who", "address")).named(purpose)


def fitted(template: str, channel: str, words: dict[str, Any], shorten: tuple[str, ...]) -> Text:
    """``template`` with ``words``, of which those in ``shorten`` lose their ends until a short message fits."""
    text = template.format_map(words)
    for name in shorten:
        over = len(text) - LONGEST_SMS
        if channel != "sms" or over <= 0 or name not in words:
            continue
        keep = max(SHORTEST, len(words[name]) - over - len(CUT))
        if keep < len(words[name]):
            words = {**words, name: words[name][:keep] + CUT}
            text = template.format_map(words)
    return Text(text[:LONGEST_SMS] if channel == "sms" else text, values=words)
