"""A link by which one helper answers one offer, once, on any telephone: without a sign-in and without a script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from dispatch.domain.errors import Conflict, NotFound, OfferExpired
from dispatch.domain.helps.offers import OfferState
from dispatch.domain.privacy import mask_address
from dispatch.models.cases import Case
from dispatch.models.helps import Offer, OfferLink
from dispatch.models.workforce import Worker
from dispatch.services.accounts import digest
from dispatch.services.centre import Centre
from dispatch.services.helps import answering, link_out, offer_words
from dispatch.services.helps.answering import Said, as_worker
from dispatch.services.helps.link_out import Made
from dispatch.services.helps.orders import help_of, wanted_of
from dispatch.services.rows import must_see
from dispatch.services.transact import transact
from dispatch.services.work import Act


@dataclass(frozen=True)
class Shown:
    """What the page says of an offer: as little as the short message does."""

    code: str
    help: str
    priority: int
    who: str
    need: str
    address: str | None
    distance_m: int | None
    eta_minutes: int | None
    expires_at: datetime


def make(centre: Centre, offer_id: int, act: Act) -> Made:
    """To be handed over by hand. Raises ``NotFound``, and ``OfferExpired`` for an offer that nobody waits for."""
    return transact(centre, lambda session: link_out.make(session, _asked(session, offer_id, act), act.now))


def send(centre: Centre, offer_id: int, act: Act) -> Made:
    """By short message, to whoever is asked. Raises what ``make`` raises, and ``NoPublicAddress``."""
    return transact(centre, lambda session: link_out.send(session, centre, _asked(session, offer_id, act), act.now))


def _asked(session: Session, offer_id: int, act: Act) -> Offer:
    offer = session.get(Offer, offer_id)
    if offer is None:
        raise NotFound(f"there is no offer {offer_id}")
    must_see(session, offer.case_id, act.actor)
    if offer.state != OfferState.OFFERED:
        raise OfferExpired("nobody waits for an answer to this offer any more", state=offer.state)
    return offer


def look(centre: Centre, token: str, now: datetime) -> Shown:
    """Raises ``NotFound`` for a link that was used, is over, or never was; ``OfferExpired`` for an offer that is."""
    with centre.database.reads() as session:
        offer = session.get_one(Offer, _good(session, token, now).offer_id)
        if offer.state != OfferState.OFFERED:
            raise OfferExpired("nobody waits for an answer to this offer any more", state=offer.state)
        case = session.get_one(Case, offer.case_id)
        home = offer_words.home_of(session, case)
        return Shown(
            code=offer.code,
            help=help_of(case).value,
            priority=case.priority,
            who=offer_words.called(offer_words.elder_of(session, case)),
            need=offer_words.need_of(centre, case, wanted_of(session, centre, case)),
            address=mask_address(home.address_short) if home is not None else None,
            distance_m=offer.distance_m,
            eta_minutes=offer.eta_minutes,
            expires_at=offer.expires_at,
        )


def answer(centre: Centre, token: str, now: datetime, *, yes: bool, reason: str | None = None) -> None:
    """The link is used up by the answer that counts. Raises what ``look`` and ``answering`` raise."""

    def once(session: Session) -> None:
        link = _good(session, token, now)
        offer = session.get_one(Offer, link.offer_id)
        worker = session.get_one(Worker, offer.worker_id)
        case = session.get_one(Case, offer.case_id, with_for_update=True, populate_existing=True)
        session.refresh(offer, with_for_update=True)
        if offer.case_id != case.id:
            raise Conflict("the case was merged in the meantime: look at the other one")
        used = session.execute(
            update(OfferLink)
            .where(OfferLink.token_digest == link.token_digest, OfferLink.used_at.is_(None))
            .values(used_at=now),
            execution_options={"synchronize_session": False},
        )
        if used.rowcount != 1:  # type: ignore[attr-defined]
            raise NotFound("this link was used")
        said = Said(case, offer, worker, as_worker(worker), "link", now)
        if yes:
            answering.accept(session, centre, said)
        else:
            answering.decline(session, centre, said, reason)

    transact(centre, once)


def _good(session: Session, token: str, now: datetime) -> OfferLink:
    link = session.get(OfferLink, digest(token))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise NotFound("this link was used, or its time is over")
    return link
