"""The report for the bureau says what the board says: as a workbook, masked and written down, and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from dispatch.domain.visits.closing import MonthFault
from dispatch.domain.visits.periods import month as month_named
from dispatch.models.trail import TrailEntry
from dispatch.services.visits import corrections, numbers, report, report_file
from dispatch.services.work import Act
from tests.flows.test_visit_board import lived_in
from tests.flows.test_visit_closing import DECEMBER, close
from tests.support.factories import PASSWORD, Town
from tests.support.visits import MONTH, generate
from tests.support.web import end, web


@pytest.fixture
def boss(town: Town, tmp_path: Path) -> Iterator[FlaskClient]:
    app = web(town, tmp_path / "data")
    client = app.test_client()
    assert client.post("/api/v1/session", json={"username": "boss", "password": PASSWORD}).status_code == 200
    yield client
    end(app)


def on_the_board(town: Town) -> dict[str, Any]:
    return numbers.numbers(town.centre, town.actor("boss"), month_named(MONTH), None, DECEMBER)


def sheets(body: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(body), read_only=True)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_the_workbook_has_the_numbers_of_the_board_with_rules_definitions_and_until_when(town: Town) -> None:
    lived_in(town)
    close(town)
    actor = town.actor("boss")
    found = report.taken(town.centre, actor, report.Wanted(month_named(MONTH)), DECEMBER)
    book = sheets(report_file.as_xlsx(found, report_file.Paper(town.centre, "en", actor.name, DECEMBER)))
    board = on_the_board(town)
    summary = {row[0]: row[1:2] for row in book["Summary"] if row}
    assert summary["Due"] == (board["numbers"]["counted"],)
    assert summary["Visited"] == (board["numbers"]["visited"],)
    assert summary["Monthly visit rate"] == (0.25,)
    assert summary["Data until"] == ("2026-12-01 09:00",)
    assert "A visit without meeting the elder never counts" in summary
    areas = {row[0].strip("\u3000"): row for row in book["By area"][2:]}
    for one in board["by_area"]:
        assert areas[one["name"]][2] == one["numbers"]["counted"]
        assert areas[one["name"]][3] == one["numbers"]["visited"]
    assert len(book["Not visited"][2:]) == board["numbers"]["open"] == 3
    assert not any("Zhao" in str(cell) for rows in book.values() for row in rows for cell in row)
    with town.centre.database.reads() as session:
        taken = session.scalars(select(TrailEntry).where(TrailEntry.action == "export")).one()
    assert (taken.actor_name, taken.subject_id, taken.data["masked"]) == ("Boss", MONTH, True)


def test_the_page_to_print_has_the_same_numbers_and_says_whether_they_still_change(
    town: Town, boss: FlaskClient
) -> None:
    lived_in(town)
    page = boss.get(f"/api/v1/visits/report/print?month={MONTH}&lang=en").text
    assert "Not closed" in page
    close(town)
    page = boss.get(f"/api/v1/visits/report/print?month={MONTH}&lang=en").text
    said = {code: int(n) for code, n in re.findall(r'data-number="(\w+)".*?class="n">(\d+)</td>', page)}
    board = on_the_board(town)["numbers"]
    assert said == {code: board[code] for code in said}
    assert len(said) == len(report_file.NUMBERS)
    assert "25.0 %" in page
    assert "signed: Boss" in page
    assert "Wang" not in page


def test_what_was_corrected_stands_in_the_report_of_the_month_that_found_it(town: Town) -> None:
    lived_in(town)
    close(town)
    act = Act(town.actor("boss"), DECEMBER)
    corrections.correct(
        town.centre, MONTH, act, corrections.Wrong(town.elders["Zhao"], MonthFault.OTHER, "moved in October")
    )
    generate(town, "2026-12", DECEMBER)
    november = report.report(town.centre, town.actor("boss"), report.Wanted(month_named(MONTH)), DECEMBER)
    december = report.report(town.centre, town.actor("boss"), report.Wanted(month_named("2026-12")), DECEMBER)
    assert (november["corrections"], november["later"]) == ([], 1)
    assert [one["reason"] for one in december["corrections"]] == ["moved in October"]
    assert november["numbers"] == on_the_board(town)["numbers"]


def test_whatever_somebody_wrote_a_correction_is_text_and_breaks_no_report(town: Town, boss: FlaskClient) -> None:
    lived_in(town)
    close(town)
    written = '=HYPERLINK("http://x")<script>alert(1)</script>\u0007\u202e' + "长" * 200
    act = Act(town.actor("boss"), DECEMBER)
    wrong = corrections.Wrong(town.elders["Zhao"], MonthFault.OTHER, written)
    corrections.correct(town.centre, MONTH, act, wrong)
    generate(town, "2026-12", DECEMBER)
    query = {"month": "2026-12", "lang": "zh"}
    book = sheets(boss.get("/api/v1/visits/report", query_string=query).data)
    (said,) = [cell for row in book["更正"] for cell in row if "HYPERLINK" in str(cell)]
    assert said.startswith("'=HYPERLINK")
    page = boss.get("/api/v1/visits/report/print", query_string=query).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    too_long = {"elder_id": str(town.elders["Sun"]), "kind": "other", "reason": "长" * 301}
    token = boss.get("/api/v1/session").json["csrf_token"]
    answer = boss.post(f"/api/v1/visits/months/{MONTH}/corrections", json=too_long, headers={"X-CSRF-Token": token})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "reason")
