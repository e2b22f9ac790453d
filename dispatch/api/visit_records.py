"""What came of a check-in visit: its record, what was urgent, pictures, what is kept; and a visitor's own round."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from flask import Response, jsonify, make_response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, idempotency_key, now, photo_sent
from dispatch.api.jobs import PositionIn
from dispatch.api.schemas import Id, Model, Note, Page, Problem, Short, Versioned, When
from dispatch.api.visits import VisitPath
from dispatch.domain.case import Help
from dispatch.domain.helps.assignments import Fix
from dispatch.domain.helps.geography import Point
from dispatch.domain.permissions import May
from dispatch.domain.visits.form import Grade, Need, Sheet
from dispatch.domain.visits.tries import Why
from dispatch.domain.visits.visit import Mode
from dispatch.services.desk import PageOf
from dispatch.services.visits import findings, moving, myround, pictures, recording, reports, view
from dispatch.services.visits.attempts import Attempt
from dispatch.services.visits.proof import Proof
from dispatch.services.work import Act

api = APIBlueprint(
    "visit_records",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Uuid = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(max_length=30, pattern=r"^[a-z_]+$")]


class PicturePath(VisitPath):
    picture_id: Id


class NeedIn(Model):
    help: Help
    text: Short | None = None


class SheetIn(Model):
    """What was seen, by the form of ``GET /visits/form``."""

    items: dict[Code, Grade] = Field(max_length=60)
    economy: Code | None = None
    supporter: Code | None = None
    policy: bool | None = None
    """Policy was explained."""
    needs: list[NeedIn] = Field([], max_length=10)
    """Each becomes a request for one of the ten helps."""
    urgent: Note | None = None
    """It becomes an emergency."""
    next_on: date | None = None

    def sheet(self) -> Sheet:
        needs = {need.help: Need(need.help, need.text) for need in self.needs}
        return Sheet(
            items=self.items,
            economy=self.economy,
            supporter=self.supporter,
            policy=self.policy,
            needs=tuple(needs.values()),
            urgent=self.urgent,
            next_on=self.next_on,
        )


class RecordIn(Versioned):
    met: bool
    """The elder was met, or spoken to. Without it there was no visit."""
    mode: Mode = Mode.HOME
    started_at: When
    ended_at: When | None = None
    worker_id: Id | None = None
    why: Why = Why.NO_ANSWER
    """Why the elder was not met, and in words."""
    reason: Short | None = None
    note: Note | None = None
    client_uuid: Uuid | None = None
    sheet: SheetIn | None = None
    """None: it is only known that the elder was met."""
    position: PositionIn | None = None
    """Where the telephone was when the visit began."""
    device_at: When | None = None
    """What its clock itself said at the end."""
    code: Annotated[str, StringConstraints(max_length=12)] | None = None
    """Of the sheet at the elder's home; a wrong one is flagged and never refused."""
    late_reason: Short | None = None
    """Why it was not written down in time."""

    def attempt(self) -> Attempt:
        there = self.position
        return Attempt(
            met=self.met,
            mode=self.mode,
            started_at=self.started_at,
            ended_at=self.ended_at or self.started_at,
            worker_id=None if self.worker_id is None else int(self.worker_id),
            why=self.why,
            reason=self.reason,
            note=self.note,
            client_uuid=self.client_uuid,
            sheet=None if self.sheet is None else self.sheet.sheet(),
            proof=Proof(
                fix=None if there is None else Fix(Point(there.lat, there.lon), there.accuracy_m),
                clock_at=self.device_at,
                code=self.code,
            ),
            late_reason=self.late_reason,
        )


class UrgentIn(Model):
    client_uuid: Uuid
    at: When
    text: Note | None = None
    danger: bool = False
    """The visitor is in danger, and not the elder."""


class ConfirmTimeIn(Versioned):
    by: Short
    """Who said so: the elder, or somebody of the family."""


class MoveIn(Versioned):
    planned_at: When
    worker_id: Id | None = None
    """None: whoever was to come."""
    by: Short | None = None
    """Who agreed to it on the telephone."""


class ReportsQuery(Page):
    view: Literal["waiting", "done"] = "waiting"


class ReportPath(Model):
    report_id: Id


class DecideIn(Model):
    counts: bool
    """It was so, and becomes what it says: the record, a try, a refusal."""
    reason: Short | None = None


class PictureIn(Model):
    client_uuid: Uuid
    at: When
    kind: Literal["photo", "signature"] = "photo"
    consent: bool = False
    """The elder agreed to sign."""


def doing(version: int | None = None) -> Act:
    """Whoever works on visits, or a visitor at one of their own."""
    return Act(allowed(May.VISITS_WORK, May.JOBS), now(), version, idempotency_key())


@api.get("/my/visits", summary="My round of today, and whom else I am to visit", responses={404: Problem})
def get_my_visits() -> Response:
    return jsonify(myround.of(centre(), allowed(May.JOBS), now()))


@api.get("/visits/form", summary="What the record of a visit asks")
def get_form() -> Response:
    allowed(May.VISITS_READ, May.JOBS)
    return jsonify(view.form_json(centre().visits.form))


@api.get("/visits/<visit_id>", summary="One visit, with everything that came of it", responses={404: Problem})
def get_visit(path: VisitPath) -> Response:
    return jsonify(view.visit(centre(), path.id, Act(allowed(May.VISITS_READ), now())))


@api.post("/visits/<visit_id>/record", summary="The elder was met, or why not", responses=REFUSED)
def post_record(path: VisitPath, body: RecordIn) -> Response:
    return jsonify(recording.record(centre(), path.id, doing(body.version), body.attempt()))


@api.post("/visits/<visit_id>/urgent", summary="Something there cannot wait: an urgent case", responses=REFUSED)
def post_urgent(path: VisitPath, body: UrgentIn) -> Response:
    matter = findings.Matter(body.client_uuid, body.at, body.text, body.danger)
    return jsonify(findings.report(centre(), path.id, doing(), matter))


@api.get("/visit-reports", summary="Reports that could not become the record: kept until somebody decides")
def get_reports(query: ReportsQuery) -> Response:
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(reports.listed(centre(), allowed(May.VISITS_READ), query.view, page))


@api.post("/visit-reports/<report_id>/decide", summary="By somebody else: it was so, or it was not", responses=REFUSED)
def post_decision(path: ReportPath, body: DecideIn) -> Response:
    who = act(may=May.VISITS_WORK)
    return jsonify(reports.decide(centre(), int(path.report_id), who, counts=body.counts, reason=body.reason))


@api.post("/visits/<visit_id>/confirm", summary="The elder or the family says that the time is well", responses=REFUSED)
def post_confirm(path: VisitPath, body: ConfirmTimeIn) -> Response:
    return jsonify(moving.confirm(centre(), path.id, act(body.version, may=May.VISITS_WORK), body.by))


@api.post("/visits/<visit_id>/move", summary="To another time, or to somebody else", responses=REFUSED)
def post_move(path: VisitPath, body: MoveIn) -> Response:
    who = act(body.version, may=May.VISITS_WORK)
    wanted = moving.Move(body.planned_at, None if body.worker_id is None else int(body.worker_id), body.by)
    return jsonify(moving.move(centre(), path.id, who, wanted))


PICTURE = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["client_uuid", "at", "photo"],
                "properties": {
                    "client_uuid": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "kind": {"type": "string", "enum": ["photo", "signature"]},
                    "consent": {"type": "boolean"},
                    "photo": {"type": "string", "format": "binary"},
                },
            }
        }
    },
}


@api.post(
    "/visits/<visit_id>/pictures",
    summary="A small JPEG from there, or the elder's signature as PNG, with consent",
    responses=REFUSED,
    openapi_extensions={"requestBody": PICTURE},
)
def post_picture(path: VisitPath) -> Response:
    who = doing()
    said = PictureIn.model_validate(request.form.to_dict())
    picture = pictures.Picture(said.client_uuid, said.kind, said.at, photo_sent(), said.consent)
    return jsonify(pictures.keep(centre(), path.id, who, picture))


@api.get("/visits/<visit_id>/pictures/<picture_id>", summary="One picture", responses={404: Problem})
def get_picture(path: PicturePath) -> Response:
    reader = Act(allowed(May.VISITS_READ), now())
    content, kind = pictures.content(centre(), path.id, int(path.picture_id), reader)
    answer = make_response(content)
    answer.mimetype = kind
    answer.headers["Cache-Control"] = "no-store"
    return answer
