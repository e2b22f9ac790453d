"""The supervisor's side of the monthly check-in visits: the board of a month."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from flask import Response, jsonify, make_response, render_template
from flask_openapi3 import APIBlueprint, Tag
from pydantic import StringConstraints

from dispatch.api.context import act, allowed, centre, now, visit
from dispatch.api.schemas import Id, Model, Note, Page, Versioned
from dispatch.api.visits import REFUSED, Code, CoverageQuery, Month, MonthQuery
from dispatch.domain.errors import Forbidden
from dispatch.domain.permissions import May
from dispatch.domain.visits.closing import MonthFault, SnapshotPurpose
from dispatch.domain.visits.visit import VisitState
from dispatch.services.desk import PageOf
from dispatch.services.visits import (
    board,
    closing,
    corrections,
    generating,
    numbers,
    report,
    report_file,
    report_words,
    snapshots,
)

api = APIBlueprint(
    "visit_board",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="visits")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)


Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class MonthPath(Model):
    month: Annotated[str, StringConstraints(max_length=7)]


class SnapshotPath(Model):
    snapshot_id: Id


class CloseIn(Versioned):
    signature: Name
    """The name of who closes, typed."""
    password: Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=200)]
    """Their own, once more."""
    note: Note | None = None


class CorrectionIn(Model):
    elder_id: Id
    kind: MonthFault
    day: date | None = None
    reason: Annotated[str, StringConstraints(min_length=2, max_length=300)]


class CorrectionsQuery(Page):
    month: Month | None = None
    """The closed one."""
    said_in: Month | None = None
    """The one in whose report they stand."""


class SnapshotIn(Model):
    name: Name
    purpose: SnapshotPurpose
    first: Month
    last: Month


class ReportQuery(CoverageQuery):
    lang: Literal["zh", "en"] = "zh"


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
    return jsonify(numbers.numbers(centre(), actor, month, _id(query.area), now()))


@api.get("/visits/months", summary="The months that were generated, and which of them are closed")
def get_months(query: Page) -> Response:
    return jsonify(closing.months(centre(), allowed(May.VISITS_READ), PageOf(query.limit, _id(query.cursor))))


@api.post("/visits/months/<month>/close", summary="Shut the list and every number, signed", responses=REFUSED)
def post_close(path: MonthPath, body: CloseIn) -> Response:
    """From the first of the next month on. What is wrong afterwards is said in a later month."""
    if allowed(May.VISITS_PLAN).user_id is None:
        raise Forbidden("only a signed-in person can sign; a token cannot")
    signing = closing.Signing(body.signature, body.password, body.note, body.version)
    return jsonify(closing.close(centre(), visit(), path.month, signing, now))


@api.get("/visits/months/<month>/check", summary="Whether what was signed is still there", responses=REFUSED)
def get_check(path: MonthPath) -> Response:
    allowed(May.VISITS_READ)
    return jsonify(closing.check(centre(), path.month))


@api.get("/visits/corrections", summary="What was found to be wrong in closed months")
def get_corrections(query: CorrectionsQuery) -> Response:
    actor = allowed(May.VISITS_READ)
    asked = corrections.Asked(of=query.month, said_in=query.said_in)
    return jsonify(corrections.listed(centre(), actor, asked, PageOf(query.limit, _id(query.cursor))))


@api.post("/visits/months/<month>/corrections", summary="Something in a closed month was wrong", responses=REFUSED)
def post_correction(path: MonthPath, body: CorrectionIn) -> Response:
    """It stands in the report of the month that runs. The closed month stays as it was signed."""
    wrong = corrections.Wrong(int(body.elder_id), body.kind, body.reason, body.day)
    answer = jsonify(corrections.correct(centre(), path.month, act(may=May.VISITS_PLAN), wrong))
    answer.status_code = 201
    return answer


@api.get("/visits/snapshots", summary="Numbers of closed months under a name")
def get_snapshots(query: Page) -> Response:
    allowed(May.VISITS_READ)
    return jsonify(snapshots.listed(centre(), PageOf(query.limit, _id(query.cursor))))


@api.post("/visits/snapshots", summary="Keep the numbers of closed months for an evaluation", responses=REFUSED)
def post_snapshot(body: SnapshotIn) -> Response:
    wanted = snapshots.Wanted(body.name, body.purpose, body.first, body.last)
    answer = jsonify(snapshots.make(centre(), act(may=May.VISITS_PLAN), wanted))
    answer.status_code = 201
    return answer


@api.get("/visits/snapshots/<snapshot_id>", summary="One of them, with its numbers", responses=REFUSED)
def get_snapshot(path: SnapshotPath) -> Response:
    allowed(May.VISITS_READ)
    return jsonify(snapshots.one(centre(), int(path.snapshot_id)))


@api.get("/visits/report", summary="The month for the bureau as a workbook, masked; always written down")
def get_report(query: ReportQuery) -> Response:
    actor, at = allowed(May.EXPORT), now()
    found = report.taken(centre(), actor, _wanted(query), at)
    body = report_file.as_xlsx(found, report_file.Paper(centre(), query.lang, actor.name, at))
    answer = Response(body, mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename=visits-{query.chosen()}.xlsx"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.get("/visits/report/print", summary="The month for the bureau as a page to print: numbers, and no elder")
def get_report_page(query: ReportQuery) -> Response:
    actor, at = allowed(May.VISITS_READ), now()
    found = report.report(centre(), actor, _wanted(query), at)
    paper = report_file.Paper(centre(), query.lang, actor.name, at)
    body = render_template(
        "visit_report.html",
        report=found,
        language=query.lang,
        say=paper.say,
        said=report_words.CODES[query.lang],
        moment=paper.moment,
        state=report_file.state_said(found, paper),
        rate=report_file.rate,
        codes=report_words.NUMBERS,
        rules=list(report_words.rules_said(centre(), found["rules"], query.lang)),
        tables=report_file.tables(found, paper),
    )
    answer = make_response(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted(query: ReportQuery) -> report.Wanted:
    return report.Wanted(generating.month_asked(query.chosen()), _id(query.area))


def _id(value: str | None) -> int | None:
    return int(value) if value else None
