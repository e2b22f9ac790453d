"""Whom to ask for a case, the offers that were made, and the answers to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify, url_for
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, idempotency_key, now
from dispatch.api.schemas import CasePath, Id, Item, Model, Page, Problem, Short, Versioned
from dispatch.api.workforce import page_of
from dispatch.domain.case import Help
from dispatch.domain.helps.offers import Decline, Mode
from dispatch.domain.permissions import May
from dispatch.services.helps import candidates, links, offering, services, view
from dispatch.services.rows import stamp
from dispatch.services.work import Act

api = APIBlueprint(
    "offers",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}


class OfferPath(Model):
    offer_id: Id

    @property
    def id(self) -> int:
        return int(self.offer_id)


class ServicesQuery(Page):
    limit: int = Field(200, ge=1, le=200)
    """All of them, as a rule: the catalogue is short, and whoever asks wants to choose from it."""
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    help: Help | None = None


class CandidatesQuery(Model):
    item: Item | None = None
    """Asks about another item than the one that was ordered."""


class OffersIn(Versioned):
    mode: Mode
    workers: list[Id] = Field([], max_length=offering.LONGEST_QUEUE)
    """In the order in which they are asked; none: the best ones."""
    reason: Short | None = None
    item: Item | None = None


class LinkIn(Model):
    send: bool = False
    """By short message to the helper; else it is in the answer, to be handed over by hand."""


class ReasonIn(Model):
    reason: Short


class AcceptIn(Model):
    channel: Literal["app", "operator"] | None = None
    """For the reader of the request: who answers is known by the sign-in."""


class DeclineIn(AcceptIn):
    reason: Decline | None = None


@api.get("/services", summary="What can be ordered under the ten helps; the catalogue is a file, so only to be read")
def get_services(query: ServicesQuery) -> Response:
    allowed(May.CASES_READ, May.REGISTER_READ, May.JOBS, May.WORKFORCE_READ)
    return jsonify(services.services(centre(), services.Sought(query.q, query.help), page_of(query), now()))


@api.get("/cases/<case_id>/candidates", summary="Whom to ask, best first; who is left out, and why", responses=REFUSED)
def get_candidates(path: CasePath, query: CandidatesQuery) -> Response:
    actor = allowed(May.CASES_WORK)
    return jsonify(candidates.candidates(centre(), path.id, actor, now(), item=query.item))


@api.get("/cases/<case_id>/offers", summary="Who was asked, who goes, and what happens next", responses=REFUSED)
def get_offers(path: CasePath) -> Response:
    return jsonify(view.of_case(centre(), path.id, allowed(May.CASES_READ)))


@api.post("/cases/<case_id>/offers", summary="Ask helpers whether they go", responses={201: None, **REFUSED})
def post_offers(path: CasePath, body: OffersIn) -> Response:
    doing = act(body.version)
    wanted = offering.Offers(body.mode, tuple(map(int, body.workers)), body.reason, body.item)
    offering.offer(centre(), path.id, doing, wanted)
    seen = view.of_case(centre(), path.id, doing.actor)
    answer = jsonify({"offers": [one for one in seen["items"] if one["state"] == "offered"], **seen})
    answer.status_code = 201
    return answer


@api.post("/cases/<case_id>/offers/stop", summary="Nobody is asked any more for this case", responses=REFUSED)
def post_stop(path: CasePath, body: ReasonIn) -> Response:
    doing = act()
    offering.stop_asking(centre(), path.id, doing, reason=body.reason)
    return jsonify(view.of_case(centre(), path.id, doing.actor))


@api.post(
    "/offers/<offer_id>/link",
    summary="A link by which the helper answers once without a sign-in; sent, or shown this once; good for 15 minutes",
    responses={201: None, **REFUSED},
)
def post_link(path: OfferPath, body: LinkIn) -> Response:
    made = (links.send if body.send else links.make)(centre(), path.id, act())
    url = None if body.send else url_for("offer_link.show", token=made.token, _external=True)
    answer = jsonify(url=url, sent=body.send, expires_at=stamp(made.expires_at))
    answer.status_code = 201
    return answer


@api.post("/offers/<offer_id>/withdraw", summary="This helper is not asked any more", responses=REFUSED)
def post_withdraw(path: OfferPath, body: ReasonIn) -> Response:
    doing = act()
    case_id = offering.withdraw(centre(), path.id, doing, reason=body.reason)
    return jsonify(view.of_case(centre(), case_id, doing.actor))


def _helper_or_desk() -> Act:
    actor = allowed(May.JOBS, May.CASES_WORK)
    return Act(actor, now(), key=idempotency_key())


@api.post(
    "/offers/<offer_id>/accept",
    summary="Yes: the helper's own, or heard by an operator",
    responses={409: Problem, 410: Problem},
)
def post_accept(path: OfferPath, body: AcceptIn) -> Response:
    job_id = offering.accept(centre(), path.id, _helper_or_desk())
    return jsonify({"assignment": view.one_assignment(centre(), job_id)})


@api.post(
    "/offers/<offer_id>/decline",
    summary="No, or not any more: the helper's own, or heard by an operator",
    responses={409: Problem, 410: Problem},
)
def post_decline(path: OfferPath, body: DeclineIn) -> Response:
    offering.decline(centre(), path.id, _helper_or_desk(), reason=body.reason)
    return jsonify({"offer": view.one_offer(centre(), path.id)})
