"""The report of a month as a workbook: a sheet for the numbers, one for each way of dividing them, and the lists."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from dispatch.domain.privacy import mask_name
from dispatch.services.centre import Centre
from dispatch.services.imports.sheets import NOT_XML, harmless
from dispatch.services.imports.watermark import watermark
from dispatch.services.visits.report_words import (
    CODES,
    NUMBERS,
    OF_AREA,
    OF_GROUP,
    WORDS,
    groups_said,
    rules_said,
)

Row = dict[str, Any]
BOLD = Font(bold=True)
TITLE = Font(bold=True, size=16)
WIDTH = 18
DEEPEST = 2


@dataclass(frozen=True)
class Paper:
    """In which language, and who takes it when."""

    centre: Centre
    language: str
    by: str
    at: datetime

    def say(self, key: str) -> str:
        return WORDS[self.language][key]

    def moment(self, stamped: str) -> str:
        return f"{datetime.fromisoformat(stamped).astimezone(self.centre.zone):%Y-%m-%d %H:%M}"


def rate(counts: Mapping[str, int]) -> float | None:
    """Never 100 % while somebody is missing."""
    return math.floor(counts["visited"] / counts["counted"] * 1000) / 1000 if counts["counted"] else None


def as_xlsx(report: Row, paper: Paper) -> bytes:
    book = Workbook(write_only=True)
    _summary(book, report, paper)
    areas = [("　" * depth + one["name"], one["numbers"]) for depth, one in _depths(report["by_area"])]
    _rated(book, paper, "by_area", OF_AREA, areas)
    groups = [(groups_said(paper.centre, [one["code"]], paper.language), one["numbers"]) for one in report["by_group"]]
    _rated(book, paper, "by_group", OF_GROUP, groups)
    for code, title in (("open", "unvisited"), ("apart", "apart_list")):
        _list(book, paper, title, report["lists"][code])
    _corrections(book, paper, report)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def tables(report: Row, paper: Paper) -> list[tuple[str, str, Sequence[str], list[tuple[int, str, Mapping[str, int]]]]]:
    """For paper: areas no deeper than two levels below the first, which a city has a page or two of."""
    areas = [(depth, one["name"], one["numbers"]) for depth, one in _depths(report["by_area"]) if depth <= DEEPEST]
    groups = [
        (0, groups_said(paper.centre, [one["code"]], paper.language), one["numbers"])
        for one in report["by_group"]
        if one["numbers"]["counted"]
    ]
    return [("by_area", "area", OF_AREA, areas), ("by_group", "group", OF_GROUP, groups)]


def _text(value: str) -> str:
    """What people wrote: no formula, and nothing that a workbook cannot hold."""
    return NOT_XML.sub("", harmless(value))


def _depths(areas: Sequence[Row]) -> Iterable[tuple[int, Row]]:
    """Areas come from the top down; a deeper level stands further in."""
    top = min((one["level"] for one in areas), default=0)
    return ((one["level"] - top, one) for one in areas)


def _sheet(book: Workbook, paper: Paper, title: str) -> Any:
    sheet = book.create_sheet(paper.say(title))
    for column in "ABCDEFGHI":
        sheet.column_dimensions[column].width = WIDTH if column > "A" else 2 * WIDTH
    sheet.append([_text(watermark(paper.language, paper.by, paper.at.astimezone(paper.centre.zone)))])
    return sheet


def _bold(sheet: Any, values: Iterable[Any], font: Font = BOLD) -> None:
    cells = []
    for value in values:
        cell = WriteOnlyCell(sheet, value)
        cell.font = font
        cells.append(cell)
    sheet.append(cells)


def _percent(sheet: Any, counts: Mapping[str, int]) -> Any:
    found = rate(counts)
    if found is None:
        return None
    cell = WriteOnlyCell(sheet, found)
    cell.number_format = "0.0%"
    return cell


def _summary(book: Workbook, report: Row, paper: Paper) -> None:
    sheet, say, counts = _sheet(book, paper, "summary"), paper.say, report["numbers"]
    _bold(sheet, [say("title")], TITLE)
    for line in _lines(report, paper):
        sheet.append([_text(cell) for cell in line])
    sheet.append([])
    _bold(sheet, [say("number"), say("count"), say("means")])
    for code in NUMBERS:
        sheet.append([say(f"n_{code}"), counts[code], say(f"m_{code}")])
    sheet.append([say("rate"), _percent(sheet, counts), say("m_rate")])
    sheet.append([])
    _bold(sheet, [say("rules")])
    for sentence in rules_said(paper.centre, report["rules"], paper.language):
        sheet.append([_text(sentence)])
    sheet.append([])
    sheet.append([say("sign"), None, say("check"), None, say("seal")])


def _lines(report: Row, paper: Paper) -> Iterable[list[str]]:
    say, closed = paper.say, report["closed"]
    yield [say("about")]
    yield [say("month"), report["month"]]
    yield [say("area"), report["area"] or say("everywhere")]
    yield [say("data_until"), paper.moment(report["data_until"])]
    yield [say("state"), state_said(report, paper)]
    if closed:
        yield [say("digest"), closed["digest"]]
        yield [say("later"), str(report["later"])]


def state_said(report: Row, paper: Paper) -> str:
    closed = report["closed"]
    if not closed:
        return paper.say("open_month")
    return paper.say("closed").format(who=closed["by"], at=paper.moment(closed["at"]), signature=closed["signature"])


def _rated(
    book: Workbook, paper: Paper, title: str, codes: Sequence[str], rows: Sequence[tuple[str, Mapping[str, int]]]
) -> None:
    sheet, say = _sheet(book, paper, title), paper.say
    name = "group" if title == "by_group" else "area"
    _bold(sheet, [say(name), *(say(f"n_{code}") for code in codes), say("rate")])
    for label, counts in rows:
        sheet.append([_text(label), *(counts[code] for code in codes), _percent(sheet, counts)])
    if title == "by_group":
        sheet.append([say("overlap")])


def _list(book: Workbook, paper: Paper, title: str, rows: Iterable[Row]) -> None:
    sheet, say, code = _sheet(book, paper, title), paper.say, CODES[paper.language]
    _bold(sheet, [say("elder"), say("lives"), say("groups"), say("why"), say("seen")])
    for row in rows:
        texts = (row["elder"], row["area"], groups_said(paper.centre, row["groups"], paper.language))
        why = code[row["why"]] if row["why"] else ""
        sheet.append([*(_text(text or "") for text in texts), why, row["seen"]])


def _corrections(book: Workbook, paper: Paper, report: Row) -> None:
    sheet, say, code = _sheet(book, paper, "corrections"), paper.say, CODES[paper.language]
    sheet.append([say("corrections_about")])
    heads = ("of_month", "elder", "lives", "kind", "day", "reason", "made", "at")
    _bold(sheet, [say(head) for head in heads])
    for one in report["corrections"]:
        name, area = mask_name(one["elder"]["name"]), one["area"]["name"]
        texts = (one["month"], name, area, code[one["kind"]], one["day"], one["reason"], one["made_by"])
        sheet.append([*(_text(text or "") for text in texts), paper.moment(one["made_at"])])
