"""The privacy desk: requests with their deadlines, whom to tell, what was shared, retention, incidents, assessments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.privacy import Code, Name, SharingIn, page_of
from dispatch.api.schemas import Id, Model, Note, Page, Problem, Short, Versioned, When
from dispatch.domain.permissions import May
from dispatch.domain.privacy import Asker, Right
from dispatch.services.privacy import ledger, requests, retention, reveal, sharing, telling

api = APIBlueprint(
    "privacy_desk",
    __name__,
    url_prefix="/api/v1/privacy",
    abp_tags=[Tag(name="privacy desk")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)
REVEALS_COUNTED = timedelta(days=7)
Long = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class ListSharingIn(SharingIn):
    persons: int = Field(ge=1, le=1_000_000)


class RequestIn(Model):
    elder_id: Id
    kind: Right
    asker: Asker = Asker.SELF
    asker_name: Name | None = None
    channel: Literal["telephone", "counter", "paper", "visit", "app"]
    text: Note | None = None


class RequestPath(Model):
    request_id: Id


class RequestsQuery(Page):
    state: Literal["open", "done"] = "open"


class CheckIn(Versioned):
    how: Short
    """Which paper was seen, or which questions were answered."""


class DecideIn(Versioned):
    granted: bool
    answer: Note


class WithdrawIn(Versioned):
    reason: Short


class DutyPath(Model):
    duty_id: Id


class DutiesQuery(Page):
    done: bool = False


class ToldIn(Model):
    how: Short


class IncidentIn(Model):
    title: Short
    discovered_at: When
    occurred_at: When | None = None
    kinds: list[Code] = Field(min_length=1, max_length=20)
    persons: int | None = Field(None, ge=0, le=10_000_000)
    cause: Long
    harm: Long
    measures: Long
    advice: Long
    contact: Short


class IncidentPath(Model):
    incident_id: Id


class IncidentChangeIn(Versioned):
    persons: int | None = Field(None, ge=0, le=10_000_000)
    cause: Long | None = None
    harm: Long | None = None
    measures: Long | None = None
    advice: Long | None = None
    authority_told_at: When | None = None
    persons_told_at: When | None = None
    not_told_reason: Long | None = None
    closed_at: When | None = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True, exclude_none=True, exclude={"version"})


class ImpactIn(Model):
    title: Short
    trigger: Literal["sensitive", "automated", "entrusting", "sharing", "abroad", "other"]
    lawful: Long
    impact: Long
    measures: Long
    assessed_on: date
    assessed_by: Name
    document: Annotated[str, StringConstraints(max_length=300)] | None = None
    review_on: date | None = None


def _created(body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.status_code = 201
    return answer


@api.get("/requests", summary="Requests of persons: open ones by deadline, or those that are done")
def get_requests(query: RequestsQuery) -> Response:
    who = allowed(May.PRIVACY)
    return jsonify(requests.list_requests(centre(), who, query.state, page_of(query), now()))


@api.post("/requests", summary="Somebody asks about their data; at the desk or by telephone")
def post_request(body: RequestIn) -> Response:
    asked = requests.Asked(int(body.elder_id), body.kind, body.asker, body.channel, body.asker_name, body.text)
    return _created(requests.receive(centre(), act(may=May.REGISTER_EDIT), asked))


@api.post("/requests/<request_id>/check", summary="The asker is who they say")
def post_check(path: RequestPath, body: CheckIn) -> Response:
    doing = act(body.version, may=May.PRIVACY)
    return jsonify(requests.check_identity(centre(), int(path.request_id), doing, body.how))


@api.post("/requests/<request_id>/decide", summary="Grant or refuse; a granted deletion is done at once")
def post_decide(path: RequestPath, body: DecideIn) -> Response:
    doing = act(body.version, may=May.PRIVACY)
    verdict = requests.Verdict(body.granted, body.answer)
    return jsonify(requests.decide(centre(), int(path.request_id), doing, verdict))


@api.post("/requests/<request_id>/withdraw", summary="The asker took it back")
def post_withdraw(path: RequestPath, body: WithdrawIn) -> Response:
    doing = act(body.version, may=May.PRIVACY)
    return jsonify(requests.withdraw(centre(), int(path.request_id), doing, body.reason))


@api.get("/duties", summary="Whom to tell after an emergency use without consent")
def get_duties(query: DutiesQuery) -> Response:
    who = allowed(May.PRIVACY)
    return jsonify(telling.list_duties(centre(), who, page_of(query), now(), done=query.done))


@api.post("/duties/<duty_id>/done", summary="The elder was told")
def post_told(path: DutyPath, body: ToldIn) -> Response:
    return jsonify(telling.told(centre(), int(path.duty_id), act(may=May.PRIVACY), body.how))


@api.get("/sharings", summary="Who outside was given what, newest first")
def get_all_sharings(query: Page) -> Response:
    who = allowed(May.PRIVACY)
    return jsonify(sharing.list_sharings(centre(), who, page_of(query)))


@api.post("/sharings", summary="Write down that a list of persons was given away")
def post_list_sharing(body: ListSharingIn) -> Response:
    return _created(sharing.record_sharing(centre(), act(may=May.PRIVACY), body.given(persons=body.persons)))


@api.get("/reveals", summary="What was looked at lately without masks, and who looked how often this week")
def get_reveals(query: Page) -> Response:
    who = allowed(May.PRIVACY, May.TRAIL_READ)
    return jsonify(reveal.last_reveals(centre(), who, page_of(query), now() - REVEALS_COUNTED))


@api.get("/retention", summary="What the next night's run would do, and what the last ones did")
def get_retention() -> Response:
    allowed(May.PRIVACY)
    return jsonify(retention.preview(centre(), now()))


@api.get("/incidents", summary="Leaks, losses and changes, newest first")
def get_incidents(query: Page) -> Response:
    who = allowed(May.PRIVACY)
    return jsonify(ledger.list_incidents(centre(), who, page_of(query)))


@api.post("/incidents", summary="Write down an incident with the items of article 57")
def post_incident(body: IncidentIn) -> Response:
    doing = act(may=May.PRIVACY)
    values = body.model_dump() | {"kinds": tuple(body.kinds)}
    return _created(ledger.report_incident(centre(), doing, ledger.NewIncident(**values)))


@api.patch("/incidents/<incident_id>", summary="What became known, who was told, and its end")
def patch_incident(path: IncidentPath, body: IncidentChangeIn) -> Response:
    doing = act(body.version, may=May.PRIVACY)
    return jsonify(ledger.change_incident(centre(), int(path.incident_id), doing, body.changes()))


@api.get("/impact-assessments", summary="The register of impact assessments, newest first")
def get_impacts(query: Page) -> Response:
    allowed(May.PRIVACY)
    return jsonify(ledger.list_impacts(centre(), page_of(query)))


@api.post("/impact-assessments", summary="Register an impact assessment; kept three years at least")
def post_impact(body: ImpactIn) -> Response:
    doing = act(may=May.PRIVACY)
    return _created(ledger.register_impact(centre(), doing, ledger.NewImpact(**body.model_dump())))
