"""How it was afterwards: the queue of return calls, complaints, and how one helper's work goes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import CasePath, CaseRow, Id, Model, Note, Page, Problem, When
from dispatch.domain.followup import Result, Then, Tried
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.followup import coaching, complaint_desk, desk, satisfaction
from dispatch.services.followup.complaint_desk import Solution, ToldBy, Verdict
from dispatch.services.work import Told

api = APIBlueprint(
    "follow_ups",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="follow-up")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Code = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class QueueQuery(Page):
    view: Literal["open", "late", "unhappy", "done"] = "open"


class FollowUpPath(Model):
    follow_up_id: Id

    @property
    def id(self) -> int:
        return int(self.follow_up_id)


class TriedIn(Model):
    outcome: Tried


class AnswerIn(Model):
    result: Result
    text: Note | None = None
    answers: dict[Code, Literal["yes", "no"]] = Field(default_factory=dict, max_length=30)
    """To the questions of ``config/followup.yaml``, by their codes."""
    then: Then | None = None
    """What follows from what was not good; a "not satisfied" must say it."""


class PeriodQuery(Model):
    from_: When = Field(alias="from")
    to: When
    by: satisfaction.By = satisfaction.By.HELP


class ComplaintsQuery(Page):
    solved: bool = False


class ComplaintIn(Model):
    text: Note


class ComplaintAnswerIn(ComplaintIn):
    told: ToldBy


class SolutionIn(ComplaintAnswerIn):
    result: Verdict


class WorkerPath(Model):
    worker_id: Id


class DaysQuery(Model):
    days: int = Field(90, ge=1, le=366)


def _page(query: Page) -> PageOf:
    return PageOf(query.limit, None if query.cursor is None else int(query.cursor))


@api.get("/follow-ups", summary="Whom to ask how it was, the most pressing first")
def get_follow_ups(query: QueueQuery) -> Response:
    return jsonify(desk.queue(centre(), allowed(May.CASES_READ), now(), query.view, _page(query)))


@api.get("/follow-ups/satisfaction", summary="How satisfied people are, by help, area or month")
def get_satisfaction(query: PeriodQuery) -> Response:
    actor = allowed(May.CASES_READ)
    return jsonify(items=satisfaction.satisfaction(centre(), actor, (query.from_, query.to), query.by))


@api.get("/follow-ups/<follow_up_id>", summary="One, with its questions and what was tried", responses=REFUSED)
def get_follow_up(path: FollowUpPath) -> Response:
    return jsonify(desk.one(centre(), path.id, allowed(May.CASES_READ), now()))


@api.post("/follow-ups/<follow_up_id>/tries", summary="A call that brought no answer", responses=REFUSED)
def post_try(path: FollowUpPath, body: TriedIn) -> Response:
    return jsonify(desk.tried(centre(), path.id, act(), body.outcome))


@api.post("/follow-ups/<follow_up_id>/answer", summary="What the elder said; it ends the case", responses=REFUSED)
def post_answer(path: FollowUpPath, body: AnswerIn) -> Response:
    told = Told(body.result, body.text, body.answers, body.then)
    return jsonify(desk.answered(centre(), path.id, act(), told))


@api.get("/cases/<case_id>/after", summary="What comes after a case: return call, complaints, done again")
def get_after(path: CasePath) -> Response:
    return jsonify(desk.of_one_case(centre(), path.id, allowed(May.CASES_READ), now()))


@api.get("/complaints", summary="Complaints, the next deadline first")
def get_complaints(query: ComplaintsQuery) -> Response:
    actor = allowed(May.CASES_READ)
    return jsonify(complaint_desk.complaints_of(centre(), actor, now(), _page(query), solved=query.solved))


@api.post(
    "/cases/<case_id>/complaints",
    summary="Somebody complains of this case: a case of its own",
    responses={201: CaseRow, **REFUSED},
)
def post_complaint(path: CasePath, body: ComplaintIn) -> Response:
    answer = jsonify(complaint_desk.complain(centre(), path.id, act(), body.text))
    answer.status_code = 201
    return answer


@api.post("/cases/<case_id>/complaint/answer", summary="The first answer to a complaint", responses=REFUSED)
def post_complaint_answer(path: CasePath, body: ComplaintAnswerIn) -> Response:
    return jsonify(complaint_desk.answer(centre(), path.id, act(), text=body.text, told=body.told))


@api.post("/cases/<case_id>/complaint/solve", summary="What was found, and how it was told", responses=REFUSED)
def post_solution(path: CasePath, body: SolutionIn) -> Response:
    return jsonify(complaint_desk.solve(centre(), path.id, act(), Solution(body.result, body.text, body.told)))


@api.get("/workers/<worker_id>/coaching", summary="How one helper's work goes; never a ranking", responses=REFUSED)
def get_coaching(path: WorkerPath, query: DaysQuery) -> Response:
    actor = allowed(May.QUALITY)
    return jsonify(coaching.of_worker(centre(), int(path.worker_id), actor, now(), query.days))


@api.get("/my/coaching", summary="How my own work goes", responses={404: Problem})
def get_my_coaching(query: DaysQuery) -> Response:
    return jsonify(coaching.of_myself(centre(), allowed(May.JOBS), now(), query.days))
