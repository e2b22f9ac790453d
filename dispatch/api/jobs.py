"""A helper's own page: what they are asked, where they go, and what they report from there."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify, make_response, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, context, idempotency_key, now, photo_sent
from dispatch.api.schemas import Id, Model, Note, Problem, Short, When
from dispatch.domain.helps.assignments import Fix
from dispatch.domain.helps.geography import Point
from dispatch.domain.permissions import May
from dispatch.services.helps import myjobs, photos, visiting
from dispatch.services.helps.working import Report
from dispatch.services.visits import myround
from dispatch.services.work import Act

api = APIBlueprint(
    "jobs",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Done = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class JobPath(Model):
    assignment_id: Id

    @property
    def id(self) -> int:
        return int(self.assignment_id)


class PhotoPath(JobPath):
    photo_id: Id


class PositionIn(Model):
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    accuracy_m: float | None = Field(None, ge=0, le=100_000)


class ReportIn(Model):
    client_uuid: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    """The same for every try of one report."""
    at: When
    """When it happened: the telephone's own time, put right by the centre's where the page knows how."""
    device_at: When | None = None
    """What the telephone's clock itself said."""
    position: PositionIn | None = None

    def report(self, **more: Any) -> Report:
        there = self.position
        fix = None if there is None else Fix(Point(there.lat, there.lon), there.accuracy_m)
        return Report(self.client_uuid, self.at, fix, clock_at=self.device_at, **more)


class EvidenceIn(Model):
    done: list[Done] = Field([], max_length=30)
    ok: bool | None = None
    """The elder was well."""
    code: Annotated[str, StringConstraints(max_length=12)] | None = None
    """Of the sheet at the elder's home; a wrong one is flagged and never refused."""
    note: Note | None = None


class DeedIn(ReportIn):
    evidence: EvidenceIn = Field(default_factory=EvidenceIn)

    def said(self) -> Report:
        sent = self.evidence
        return self.report(done=tuple(sent.done), ok=sent.ok, note=sent.note, code=sent.code)


class TakeBackIn(Model):
    reason: Short
    no_show: bool = False


def _act() -> Act:
    return Act(allowed(May.JOBS, May.CASES_WORK), now(), key=idempotency_key())


@api.get("/my/jobs", summary="What I am asked, and where I go", responses={404: Problem})
def get_my_jobs() -> Response:
    # The number of the centre takes calls and short messages alike (config/sms.yaml, `sender`).
    actor = allowed(May.JOBS)
    mine = myjobs.jobs(centre(), actor, now())
    visits = myround.has_one(centre(), actor)
    return jsonify({**mine, "visits": visits, "hotline": context().settings.hotline, "build": context().build})


@api.post("/assignments/<assignment_id>/depart", summary="Under way", responses=REFUSED)
def post_depart(path: JobPath, body: DeedIn) -> Response:
    return jsonify(visiting.report(centre(), path.id, _act(), "depart", body.said()))


@api.post("/assignments/<assignment_id>/arrive", summary="There", responses=REFUSED)
def post_arrive(path: JobPath, body: DeedIn) -> Response:
    return jsonify(visiting.report(centre(), path.id, _act(), "arrive", body.said()))


@api.post("/assignments/<assignment_id>/complete", summary="Done", responses=REFUSED)
def post_complete(path: JobPath, body: DeedIn) -> Response:
    return jsonify(visiting.report(centre(), path.id, _act(), "complete", body.said()))


@api.post("/assignments/<assignment_id>/help", summary="The helper needs help: an urgent case", responses=REFUSED)
def post_help(path: JobPath, body: ReportIn) -> Response:
    return jsonify(visiting.cry(centre(), path.id, _act(), body.report()))


PHOTO = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["client_uuid", "at", "photo"],
                "properties": {
                    "client_uuid": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "photo": {"type": "string", "format": "binary"},
                },
            }
        }
    },
}


@api.post(
    "/assignments/<assignment_id>/photos",
    summary="A picture from the visit, as a small JPEG",
    responses=REFUSED,
    openapi_extensions={"requestBody": PHOTO},
)
def post_photo(path: JobPath) -> Response:
    doing = _act()
    said = ReportIn.model_validate(request.form.to_dict())
    picture = photos.Picture(said.client_uuid, said.at, photo_sent())
    return jsonify(photos.keep(centre(), path.id, doing, picture))


@api.get(
    "/assignments/<assignment_id>/photos", summary="The pictures that came from the visit", responses={404: Problem}
)
def get_photos(path: JobPath) -> Response:
    return jsonify(photos.of_job(centre(), path.id, allowed(May.CASES_READ)))


@api.get("/assignments/<assignment_id>/photos/<photo_id>", summary="One of them", responses={404: Problem})
def get_photo(path: PhotoPath) -> Response:
    actor = allowed(May.CASES_READ)
    answer = make_response(photos.content(centre(), path.id, int(path.photo_id), actor, now()))
    answer.mimetype = "image/jpeg"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.post("/assignments/<assignment_id>/cancel", summary="Whoever accepted does not come", responses=REFUSED)
def post_cancel(path: JobPath, body: TakeBackIn) -> Response:
    doing = Act(allowed(May.CASES_WORK), now(), key=idempotency_key())
    return jsonify(visiting.take_back(centre(), path.id, doing, reason=body.reason, no_show=body.no_show))
