"""The template to fill in: headings, drop-down lists, and a sheet that explains each column."""

from __future__ import annotations

import io

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from dispatch.domain.imports.template import CellKind, Column, Template
from dispatch.services.imports.sheets import as_csv

LAST_ROW = 100_000
WORDS = {
    "zh": {
        "explain": "填写说明",
        "lists": "可选值",
        "column": "列",
        "required": "必填",
        "yes": "是",
        "no": "否",
        "also": "英文表头",
        "unless": "是（填了“{other}”可不填）",
        "values": "可填的值",
        "example": "示例",
        "about": "说明",
    },
    "en": {
        "explain": "Explanation",
        "lists": "Lists",
        "column": "Column",
        "required": "Required",
        "yes": "yes",
        "no": "no",
        "also": "Chinese heading",
        "unless": 'yes (not where "{other}" is filled in)',
        "values": "Accepted values",
        "example": "Example",
        "about": "What it is",
    },
}
BOLD, HEAD = Font(bold=True), PatternFill("solid", fgColor="E3EAF6")


def as_csv_template(template: Template, language: str) -> bytes:
    """The headings alone: an example left in by mistake would become an elder."""
    return b"".join(as_csv([[column.heading(language) for column in template.columns]]))


def as_xlsx_template(template: Template, language: str) -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = template.zh if language == "zh" else template.en
    lists = book.create_sheet(WORDS[language]["lists"])
    for at, column in enumerate(template.columns, 1):
        _head(sheet, at, column, language)
        if options := _options(column, language):
            _drop_down(sheet, lists, at, column, options)
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet(WORDS[language]["explain"], 1), template, language)
    lists.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def described(template: Template, language: str) -> list[list[str]]:
    """One row for each column: what the explanation sheet says, and docs/imports.md too."""
    word = WORDS[language]
    found = [[word[key] for key in ("column", "also", "required", "values", "example", "about")]]
    for column in template.columns:
        needed = word["yes"] if column.required else word["no"]
        if column.required and column.unless is not None:
            needed = word["unless"].format(other=template.by_key[column.unless].heading(language))
        found.append(
            [
                column.heading(language),
                column.heading("en" if language == "zh" else "zh"),
                needed,
                ("、" if language == "zh" else ", ").join(_options(column, language)),
                _example(column, language),
                column.explanation(language),
            ]
        )
    return found


def _options(column: Column, language: str) -> list[str]:
    if column.kind is CellKind.YES_NO:
        return [WORDS[language]["yes"], WORDS[language]["no"]]
    if column.kind is CellKind.PAPERS:
        return []  # each with a number and a day: nothing that a list could hold
    return [choice.zh if language == "zh" else choice.en for choice in column.choices]


def _example(column: Column, language: str) -> str:
    """Chosen words are written in the language of the file; names and addresses stay what they are."""
    if language == "zh" or not column.example:
        return column.example
    if column.kind is CellKind.YES_NO:
        return WORDS[language]["yes"]
    words = {choice.zh: choice.en for choice in column.choices}
    return ", ".join(words.get(part, part) for part in column.example.split("、")) if words else column.example


def _head(sheet: Worksheet, at: int, column: Column, language: str) -> None:
    cell = sheet.cell(1, at, column.heading(language) + ("*" if column.required else ""))
    cell.font, cell.fill = BOLD, HEAD
    cell.comment = Comment(column.explanation(language), "dispatch", height=90, width=260)
    letter = get_column_letter(at)
    sheet.column_dimensions[letter].width = max(12, 2.2 * len(column.heading(language)))
    # Text, so that no spreadsheet turns an identity number into 2.30E+17 or drops the 0 of an area code.
    text = column.kind not in (CellKind.DATE, CellKind.DECIMAL, CellKind.INTEGER)
    sheet.column_dimensions[letter].number_format = (
        "@" if text else "yyyy-mm-dd" if column.kind is CellKind.DATE else "0"
    )


def _drop_down(sheet: Worksheet, lists: Worksheet, at: int, column: Column, options: list[str]) -> None:
    letter = get_column_letter(at)
    for row, option in enumerate(options, 1):
        lists.cell(row, at, option)
    found = DataValidation(type="list", formula1=f"='{lists.title}'!${letter}$1:${letter}${len(options)}")
    # Several may stand in one cell, which a spreadsheet's list cannot know.
    found.showErrorMessage = column.kind is not CellKind.CHOICES
    found.allow_blank = True
    found.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(found)


def _explain(sheet: Worksheet, template: Template, language: str) -> None:
    for row, cells in enumerate(described(template, language), 1):
        for at, text in enumerate(cells, 1):
            cell = sheet.cell(row, at, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if row == 1:
                cell.font, cell.fill = BOLD, HEAD
    for at, width in enumerate((18, 18, 16, 40, 26, 60), 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
