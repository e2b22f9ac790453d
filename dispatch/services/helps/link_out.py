"""A link by which one offer is answered once: made, and sent by short message. What it opens is in ``links``."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferLink
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre
from dispatch.services.helps import offer_words, outbox

GOOD_FOR = timedelta(minutes=15)
BYTES = 12
"""96 bits for a quarter of an hour, so that the link has room in a short message."""


class NoPublicAddress(Conflict):
    code = "no-public-address"


@dataclass(frozen=True)
class Made:
    token: str
    expires_at: datetime


def make(session: Session, offer: Offer, now: datetime) -> Made:
    made = Made(secrets.token_urlsafe(BYTES), now + GOOD_FOR)
    row = OfferLink(offer_id=offer.id, made_at=now, expires_at=made.expires_at)
    row.token_digest = digest(made.token)
    session.add(row)
    return made


def send(session: Session, centre: Centre, offer: Offer, now: datetime) -> Made:
    """To the telephone of the offer, a new one each time. Raises ``NoPublicAddress``: a link would lead nowhere."""
    if not centre.public_url:
        raise NoPublicAddress("nobody outside reaches this centre: set DISPATCH_PUBLIC_URL")
    made = make(session, offer, now)
    text = offer_words.plain(centre, "offer_link", code=offer.code, url=f"{centre.public_url}/o/{made.token}")
    key = digest(made.token)[:16]
    case = session.get_one(Case, offer.case_id)
    outbox.send(session, case, offer, outbox.Words("offer_link", text, now, key=key))
    return made
