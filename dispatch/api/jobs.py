"""A helper's own page: what they are asked, where they go, and what they report from there."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import allowed, centre, idempotency_key, now
from dispatch.api.schemas import Id, Model, Note, Problem, Short, When
from dispatch.domain.helps.assignments import Fix
from dispatch.domain.helps.geography import Point
from dispatch.domain.permissions import May
from dispatch.services.helps import myjobs, visiting
from dispatch.services.helps.working import Report
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


class PositionIn(Model):
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    accuracy_m: float | None = Field(None, ge=0, le=100_000)


class ReportIn(Model):
    client_uuid: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    """The same for every try of one report."""
    at: When
    """The telephone's own time."""
    position: PositionIn | None = None

    def report(self, **more: Any) -> Report:
        there = self.position
        fix = None if there is None else Fix(Point(there.lat, there.lon), there.accuracy_m)
        return Report(self.client_uuid, self.at, fix, **more)


class EvidenceIn(Model):
    done: list[Done] = Field([], max_length=30)
    ok: bool | None = None
    """The elder was well."""
    note: Note | None = None


class DeedIn(ReportIn):
    evidence: EvidenceIn = Field(default_factory=EvidenceIn)

    def said(self) -> Report:
        return self.report(done=tuple(self.evidence.done), ok=self.evidence.ok, note=self.evidence.note)


class TakeBackIn(Model):
    reason: Short
    no_show: bool = False


def _act() -> Act:
    return Act(allowed(May.JOBS, May.CASES_WORK), now(), key=idempotency_key())


@api.get("/my/jobs", summary="What I am asked, and where I go", responses={404: Problem})
def get_my_jobs() -> Response:
    return jsonify(myjobs.jobs(centre(), allowed(May.JOBS), now()))


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


@api.post("/assignments/<assignment_id>/cancel", summary="Whoever accepted does not come", responses=REFUSED)
def post_cancel(path: JobPath, body: TakeBackIn) -> Response:
    doing = Act(allowed(May.CASES_WORK), now(), key=idempotency_key())
    return jsonify(visiting.take_back(centre(), path.id, doing, reason=body.reason, no_show=body.no_show))
