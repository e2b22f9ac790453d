"""One elder's rights: masked values with a reason, who looked, what was given away, the whole record."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import Response, json, jsonify, render_template
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre
from dispatch.api.schemas import ElderPath, Id, Model, Page, Problem
from dispatch.domain.permissions import May
from dispatch.domain.privacy import Basis
from dispatch.services.desk import PageOf
from dispatch.services.privacy import record, reveal, sharing

api = APIBlueprint(
    "privacy",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="privacy")],
    abp_security=[{"cookie": []}, {"bearer": []}],
    abp_responses={403: Problem, 404: Problem, 409: Problem},
)

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RevealIn(Model):
    fields: list[Literal["phone", "identity_number", "address", "contacts", "callbacks"]] = Field(
        min_length=1, max_length=5
    )
    reason: Annotated[str, StringConstraints(min_length=2, max_length=200)]


class RecordIn(Model):
    request_id: Id
    """The request whose asker was checked."""
    format: Literal["json", "html"] = "html"
    language: Literal["zh", "en"] = "zh"


class SharingIn(Model):
    receiver: Name
    receiver_kind: Literal["rescue", "hospital", "provider", "family", "authority", "other"]
    purpose: Code
    kinds: list[Code] = Field(min_length=1, max_length=20)
    basis: Basis
    case_id: Id | None = None
    note: Annotated[str, StringConstraints(max_length=300)] | None = None

    def given(self, elder_id: int | None = None, persons: int = 1) -> sharing.Given:
        return sharing.Given(
            receiver=self.receiver,
            receiver_kind=self.receiver_kind,
            purpose=self.purpose,
            kinds=tuple(self.kinds),
            basis=self.basis,
            elder_id=elder_id,
            persons=persons,
            case_id=None if self.case_id is None else int(self.case_id),
            note=self.note,
        )


def page_of(query: Page) -> PageOf:
    return PageOf(query.limit, None if query.cursor is None else int(query.cursor))


@api.post("/elders/<elder_id>/reveal", summary="Masked values in clear, with a reason that is written down")
def post_reveal(path: ElderPath, body: RevealIn) -> Response:
    found = reveal.reveal(centre(), int(path.elder_id), act(may=May.REVEAL), body.fields, body.reason)
    return jsonify(found)


@api.get("/elders/<elder_id>/accesses", summary="Who looked at this elder without masks, and who was given something")
def get_accesses(path: ElderPath, query: Page) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(reveal.accesses(centre(), int(path.elder_id), who, page_of(query)))


@api.get("/elders/<elder_id>/sharings", summary="What was given to others about this elder")
def get_sharings(path: ElderPath, query: Page) -> Response:
    who = allowed(May.REGISTER_READ)
    return jsonify(sharing.list_sharings(centre(), who, page_of(query), int(path.elder_id)))


@api.post("/elders/<elder_id>/sharings", summary="Write down what was given to whom, why and on which ground")
def post_sharing(path: ElderPath, body: SharingIn) -> Response:
    given = body.given(elder_id=int(path.elder_id))
    answer = jsonify(sharing.record_sharing(centre(), act(may=May.REGISTER_EDIT), given))
    answer.status_code = 201
    return answer


@api.post("/elders/<elder_id>/record", summary="The whole record of one person, for that person")
def post_record(path: ElderPath, body: RecordIn) -> Response:
    """A file to save; handed out under a request whose asker was checked."""
    doing = act(may=May.PRIVACY)
    found = record.export_record(
        centre(), int(path.elder_id), doing, request_id=int(body.request_id), format_=body.format
    )
    if body.format == "json":
        answer = Response(json.dumps(found, indent=2), mimetype="application/json")
    else:
        answer = Response(render_template("record.html", record=found, zh=body.language == "zh"), mimetype="text/html")
    answer.headers["Content-Disposition"] = f'attachment; filename="record-{path.elder_id}.{body.format}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
