"""What was asked for: changed, moved, cancelled; again and again; on the calendar; and counted by the ten helps."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag
from pydantic import Field, StringConstraints, model_validator

from dispatch.api.context import act, allowed, centre, now
from dispatch.api.schemas import (
    ApplicantIn,
    CasePath,
    CaseRow,
    ElderPath,
    Id,
    Item,
    Model,
    Note,
    Page,
    Problem,
    Short,
    Versioned,
    When,
)
from dispatch.domain.case import Channel, Help
from dispatch.domain.permissions import May
from dispatch.services.ordering import calendar, changing, counts, orders, standing
from dispatch.services.work import Act

api = APIBlueprint(
    "orders",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="helps")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
ROW: dict[Any, Any] = {200: CaseRow, 403: Problem, 404: Problem, 409: Problem}
REFUSED: dict[Any, Any] = {404: Problem, 409: Problem}
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""``11:30``, in the zone of the centre."""
Sex = Literal["F", "M"]


class StandingPath(Model):
    standing_id: Id

    @property
    def id(self) -> int:
        return int(self.standing_id)


class PausePath(StandingPath):
    pause_id: Id


class ChangeIn(Versioned):
    """What is left out stays as it is."""

    item: Item | None = None
    sex: Literal["F", "M", ""] | None = None
    """Empty: it does not matter any more."""
    worker_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,18}$")] | None = None
    """Whom the elder would like to come. Empty: nobody in particular."""
    text: Note | None = None


class MoveIn(Versioned):
    wanted_at: When
    wanted_until: When | None = None
    reason: Short | None = None
    ask_again: bool = True
    """Whoever was to come is asked for the new time first."""


class CancelIn(Versioned):
    reason: Short


class OrdersQuery(Page):
    begins: When = Field(alias="from")
    ends: When = Field(alias="to")
    help: Help | None = None
    stage: counts.Stage | None = None
    mark: counts.Mark | None = None
    area: Id | None = None
    worker: Id | None = None
    station: Id | None = None
    nobody: bool = False
    """Nobody has promised to go."""
    elder: Id | None = None
    standing: Id | None = None


class BoardQuery(Model):
    period: counts.Period = counts.Period.DAY
    day: date | None = None
    """None: today."""
    area: Id | None = None


class CalendarQuery(Model):
    unit: calendar.Unit = calendar.Unit.DAY
    by: calendar.By = calendar.By.WORKER
    day: date | None = None
    area: Id | None = None


class StandingIn(Versioned):
    item: Item
    weekdays: list[Annotated[int, Field(ge=0, le=6)]] = Field(min_length=1, max_length=7)
    """0 Monday .. 6 Sunday."""
    starts: Clock
    first: date
    every_weeks: int = Field(1, ge=1, le=12)
    until: Clock | None = None
    last: date | None = None
    skip_holidays: bool = False
    sex: Sex | None = None
    worker_id: Id | None = None
    agreed: bool = False
    """This helper has said yes to all of it, and is not asked each time."""
    remind: bool = False
    """The elder is reminded of each."""
    text: Note | None = None

    def shape(self) -> standing.Shape:
        return standing.Shape(
            item=self.item,
            weekdays=frozenset(self.weekdays),
            starts=self.starts,
            first=self.first,
            every_weeks=self.every_weeks,
            until=self.until,
            last=self.last,
            skip_holidays=self.skip_holidays,
            sex=self.sex,
            worker_id=_id(self.worker_id),
            agreed=self.agreed,
            remind=self.remind,
            text=self.text,
        )


class NewStandingIn(StandingIn):
    channel: Literal[
        Channel.HOTLINE, Channel.COUNTER, Channel.APP, Channel.VISIT, Channel.PROXY, Channel.PAPER, Channel.STATION
    ] = Channel.HOTLINE
    applicant: ApplicantIn | None = None


class PauseIn(Versioned):
    first: date
    last: date | None = None
    """Including this day; None: until somebody takes it back."""
    reason: Short | None = None

    @model_validator(mode="after")
    def _forward(self) -> PauseIn:
        if self.last is not None and self.last < self.first:
            raise ValueError("the last day lies before the first one")
        return self


class EndIn(Versioned):
    reason: Short


def _id(value: str | None) -> int | None:
    return int(value) if value else None


def _today(day: date | None) -> date:
    return day or now().astimezone(centre().zone).date()


def _reader() -> Act:
    return Act(allowed(May.CASES_READ), now())


# -- one order


@api.get("/cases/<case_id>/order", summary="What was asked for, when, by whom it is to be done", responses=REFUSED)
def get_order(path: CasePath) -> Response:
    return jsonify(orders.of_case(centre(), path.id, allowed(May.CASES_READ)))


@api.post("/cases/<case_id>/order/change", summary="Something else, or somebody else", responses=ROW)
def post_change(path: CasePath, body: ChangeIn) -> Response:
    worker = None if body.worker_id is None else int(body.worker_id or 0)
    changes = changing.Changes(body.item, body.sex, worker, body.text)
    return jsonify(changing.change(centre(), path.id, act(body.version, may=May.ORDERS), changes))


@api.post("/cases/<case_id>/order/move", summary="Another time; whoever was to come is told", responses=ROW)
def post_move(path: CasePath, body: MoveIn) -> Response:
    to = changing.To(body.wanted_at, body.wanted_until, body.reason, body.ask_again)
    return jsonify(changing.reschedule(centre(), path.id, act(body.version, may=May.ORDERS), to))


@api.post("/cases/<case_id>/order/cancel", summary="It is not wanted; everybody concerned is told", responses=ROW)
def post_cancel(path: CasePath, body: CancelIn) -> Response:
    return jsonify(changing.cancel(centre(), path.id, act(body.version, may=May.ORDERS), reason=body.reason))


# -- many of them


@api.get("/orders", summary="The orders behind a number, by the time at which they are to be")
def get_orders(query: OrdersQuery) -> Response:
    wanted = counts.Wanted(
        begins=query.begins,
        ends=query.ends,
        help=query.help,
        stage=query.stage,
        mark=query.mark,
        area_id=_id(query.area),
        worker_id=_id(query.worker),
        station_id=_id(query.station),
        nobody=query.nobody,
        elder_id=_id(query.elder),
        standing_id=_id(query.standing),
    )
    return jsonify(counts.orders(centre(), allowed(May.CASES_READ), wanted, query.limit, int(query.cursor or 0)))


@api.get("/orders/board", summary="The ten helps of a day, a week or a month, all ten, zero included")
def get_board(query: BoardQuery) -> Response:
    actor = allowed(May.CASES_READ)
    return jsonify(counts.board(centre(), actor, query.period, _today(query.day), _id(query.area)))


@api.get("/orders/calendar", summary="A week by days or a day by hours, for each helper, station or area")
def get_calendar(query: CalendarQuery) -> Response:
    actor = allowed(May.CASES_READ)
    view = calendar.View(_today(query.day), query.unit, query.by, _id(query.area))
    return jsonify(calendar.calendar(centre(), actor, view))


# -- again and again


@api.get("/elders/<elder_id>/standing-orders", summary="An elder's standing orders, with their next days")
def get_standing_of(path: ElderPath) -> Response:
    return jsonify(items=standing.of_elder(centre(), int(path.elder_id), _reader()))


@api.post("/elders/<elder_id>/standing-orders", summary="A new standing order", responses={201: None, **REFUSED})
def post_standing(path: ElderPath, body: NewStandingIn) -> Response:
    applicant = body.applicant.model_dump(exclude_none=True) if body.applicant else {}
    asked = standing.Asked(body.channel, applicant)
    answer = jsonify(standing.make(centre(), int(path.elder_id), act(may=May.ORDERS), body.shape(), asked))
    answer.status_code = 201
    return answer


@api.get("/standing-orders/<standing_id>", summary="One standing order", responses=REFUSED)
def get_standing(path: StandingPath) -> Response:
    return jsonify(standing.one(centre(), path.id, _reader()))


@api.put("/standing-orders/<standing_id>", summary="Change what was not promised yet", responses=REFUSED)
def put_standing(path: StandingPath, body: StandingIn) -> Response:
    return jsonify(standing.change(centre(), path.id, act(body.version, may=May.ORDERS), body.shape()))


@api.post("/standing-orders/<standing_id>/pauses", summary="Not wanted in these days", responses=REFUSED)
def post_pause(path: StandingPath, body: PauseIn) -> Response:
    doing = act(body.version, may=May.ORDERS)
    return jsonify(standing.pause(centre(), path.id, doing, (body.first, body.last), body.reason))


@api.delete("/standing-orders/<standing_id>/pauses/<pause_id>", summary="Wanted after all", responses=REFUSED)
def delete_pause(path: PausePath) -> Response:
    return jsonify(standing.resume(centre(), path.id, act(may=May.ORDERS), int(path.pause_id)))


@api.post("/standing-orders/<standing_id>/end", summary="No further ones", responses=REFUSED)
def post_end(path: StandingPath, body: EndIn) -> Response:
    return jsonify(standing.end(centre(), path.id, act(body.version, may=May.ORDERS), reason=body.reason))
