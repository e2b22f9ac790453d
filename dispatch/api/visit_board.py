"""The supervisor's side of the monthly check-in visits: the board of a month."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from dispatch.api.context import allowed, centre, now
from dispatch.api.schemas import Id, Page
from dispatch.api.visits import Code, CoverageQuery, MonthQuery
from dispatch.domain.permissions import May
from dispatch.domain.visits.visit import VisitState
from dispatch.services.desk import PageOf
from dispatch.services.visits import board, generating

api = APIBlueprint(
    "visit_board",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


class BoardQuery(MonthQuery, Page):
    area: Id | None = None
    group: Code | None = None
    only: Code | None = None
    """One of the numbers: its list."""
    state: VisitState | None = None
    worker: Id | None = None


@api.get("/visits/board", summary="The month as a table: a line for each elder of its list")
def get_board(query: BoardQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    wanted = board.OnBoard(
        month=generating.month_asked(query.chosen()),
        area_id=_id(query.area),
        group=query.group,
        only=query.only,
        state=query.state,
        worker_id=_id(query.worker),
    )
    return jsonify(board.board(centre(), actor, wanted, PageOf(query.limit, _id(query.cursor)), now()))


@api.get("/visits/board/numbers", summary="The numbers above the board, of each area below and of each group")
def get_numbers(query: CoverageQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    month = generating.month_asked(query.chosen())
    return jsonify(board.numbers(centre(), actor, month, _id(query.area), now()))


def _id(value: str | None) -> int | None:
    return int(value) if value else None
