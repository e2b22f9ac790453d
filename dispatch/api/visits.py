"""The monthly check-in visits: generated, listed, recorded, and the rate that the city's plan binds us to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints

from dispatch.api.context import act, allowed, centre, idempotency_key, now
from dispatch.api.schemas import ElderPath, Id, Model, Page, Problem, Short, Versioned
from dispatch.domain.permissions import May
from dispatch.domain.visits.visit import Excuse, VisitState
from dispatch.services.desk import PageOf
from dispatch.services.visits import coverage, extra, generating, listing, refusing, told, trying
from dispatch.services.work import Act

api = APIBlueprint(
    "visits",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""``2026-11``, in the zone of the centre."""
Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")]


class VisitPath(Model):
    visit_id: Id

    @property
    def id(self) -> int:
        return int(self.visit_id)


class RefusalPath(Model):
    elder_id: Id
    refusal_id: Id


class GenerateIn(Model):
    month: Month


class MonthQuery(Model):
    month: Month | None = None
    """None: this one."""

    def chosen(self) -> str:
        return self.month or f"{now().astimezone(centre().zone):%Y-%m}"


class VisitsQuery(MonthQuery, Page):
    area: Id | None = None
    state: VisitState | None = None
    group: Code | None = None
    worker: Id | None = None
    elder: Id | None = None
    extra_round: Id | None = None
    at_risk: bool = False
    """Nothing is booked, and few days are left."""


class CoverageQuery(MonthQuery):
    area: Id | None = None


class InListQuery(CoverageQuery, Page):
    group: Code | None = None
    standing: Code | None = None


class RefusalsQuery(CoverageQuery, Page):
    pass


class RoundPath(Model):
    round_id: Id


class RoundIn(Model):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    reason: extra.Reason
    area_id: Id
    groups: list[Code] = Field(default=[], max_length=30)
    """Also others than those of the list; empty: whoever is in the list."""
    first: date
    last: date

    def round(self) -> extra.NewRound:
        return extra.NewRound(self.name, self.reason, int(self.area_id), self.first, self.last, tuple(self.groups))


class EndIn(Versioned):
    reason: Short


class RunsQuery(Model):
    month: Month | None = None


class RefuseIn(Versioned):
    said_by: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The name of who said it: the elder, or somebody of the family."""
    on: date | None = None
    """None: today."""
    lasting: bool = False
    note: Annotated[str, StringConstraints(max_length=300)] | None = None


class WellIn(Versioned):
    how: Short
    """Who has seen or heard the elder, and when."""


class ExcuseIn(Versioned):
    why: Excuse
    reason: Short


def _id(value: str | None) -> int | None:
    return int(value) if value else None


def _reader() -> Act:
    return Act(allowed(May.VISITS_READ), now())


def _page(query: Page) -> PageOf:
    return PageOf(query.limit, _id(query.cursor))


@api.post("/visits/generate", summary="The visits of a month; safe to repeat")
def post_generate(body: GenerateIn) -> Response:
    return jsonify(generating.generate(centre(), act(may=May.VISITS_PLAN), body.month, lambda: datetime.now(UTC)))


@api.get("/visits/runs", summary="What was generated and topped up, with how far each has come")
def get_runs(query: RunsQuery) -> Response:
    allowed(May.VISITS_READ)
    return jsonify(items=listing.runs(centre(), query.month), next_cursor=None)


@api.get("/visits", summary="The visits of a month, by the last day on which each must be")
def get_visits(query: VisitsQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    wanted = listing.Wanted(
        month=generating.month_asked(query.chosen()),
        area_id=_id(query.area),
        state=query.state,
        group=query.group,
        worker_id=_id(query.worker),
        elder_id=_id(query.elder),
        extra_round_id=_id(query.extra_round),
        at_risk=query.at_risk,
    )
    return jsonify(listing.visits(centre(), actor, wanted, _page(query), now()))


@api.get("/visits/coverage", summary="The binding rate, each number with its list, and the rules next to it")
def get_coverage(query: CoverageQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    month = generating.month_asked(query.chosen())
    return jsonify(coverage.coverage(centre(), actor, month, _id(query.area), now()))


@api.get("/visits/elders", summary="The elders of the list of a month: the list behind each number")
def get_listed(query: InListQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    month = generating.month_asked(query.chosen())
    wanted = listing.InList(month, _id(query.area), query.group, query.standing)
    return jsonify(listing.elders(centre(), actor, wanted, _page(query)))


@api.get("/visits/extra-rounds", summary="Extra rounds, the newest first")
def get_rounds(query: Page) -> Response:
    return jsonify(extra.listed(centre(), allowed(May.VISITS_READ), _page(query)))


@api.post("/visits/extra-rounds", summary="A cold wave, a festival: visits of their own", responses={201: None})
def post_round(body: RoundIn) -> Response:
    doing = act(may=May.VISITS_PLAN)
    answer = jsonify(generating.order_round(centre(), doing, body.round(), lambda: datetime.now(UTC)))
    answer.status_code = 201
    return answer


@api.post("/visits/extra-rounds/<round_id>/end", summary="What is open of it need not be", responses=REFUSED)
def post_end_round(path: RoundPath, body: EndIn) -> Response:
    return jsonify(extra.end(centre(), int(path.round_id), act(body.version, may=May.VISITS_PLAN), body.reason))


@api.get("/visits/refusals", summary="Who refused on the days of a month, as it was said")
def get_refusals(query: RefusalsQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    month = generating.month_asked(query.chosen())
    return jsonify(listing.refusals(centre(), actor, month, _id(query.area), _page(query)))


@api.get("/visits/reminders", summary="What was said of open visits, when and to whom")
def get_reminders(query: MonthQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    return jsonify(items=told.reminders(centre(), actor, generating.month_asked(query.chosen())), next_cursor=None)


@api.get("/elders/<elder_id>/visits", summary="An elder's visits, newest first, with refusals and absences")
def get_of_elder(path: ElderPath, query: Page) -> Response:
    return jsonify(told.of_elder(centre(), int(path.elder_id), _reader(), _page(query)))


@api.post("/visits/<visit_id>/refuse", summary="The elder does not want it: who said so, and when", responses=REFUSED)
def post_refuse(path: VisitPath, body: RefuseIn) -> Response:
    doing = Act(allowed(May.VISITS_WORK, May.JOBS), now(), body.version, idempotency_key())
    on = body.on or now().astimezone(centre().zone).date()
    no = refusing.No(body.said_by, on, body.lasting, body.note)
    return jsonify(refusing.refuse(centre(), path.id, doing, no))


@api.post("/visits/<visit_id>/found-well", summary="Seen or heard: nobody is called any more", responses=REFUSED)
def post_found_well(path: VisitPath, body: WellIn) -> Response:
    doing = act(body.version, may=May.VISITS_WORK)
    return jsonify(trying.found_well(centre(), path.id, doing, body.how))


@api.post("/visits/<visit_id>/excuse", summary="It need not be, and why", responses=REFUSED)
def post_excuse(path: VisitPath, body: ExcuseIn) -> Response:
    doing = act(body.version, may=May.VISITS_WORK)
    return jsonify(refusing.excuse(centre(), path.id, doing, body.why, body.reason))


@api.delete("/elders/<elder_id>/visit-refusals/<refusal_id>", summary="May be visited after all", responses=REFUSED)
def delete_refusal(path: RefusalPath) -> Response:
    doing = act(may=May.VISITS_WORK)
    return jsonify(refusing.withdraw(centre(), int(path.elder_id), int(path.refusal_id), doing))
