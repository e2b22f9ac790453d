"""Files as they come: broken, huge, hostile, or written by another program than we thought of."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import NamedStyle

from dispatch.domain.errors import Invalid
from dispatch.domain.imports.cells import CellError
from dispatch.domain.imports.rows import Row
from dispatch.services.imports import limits, reading, separated, sheets, workbook
from dispatch.services.imports.limits import Unreadable
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, Importer, as_csv, as_xlsx, numbers, row

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.fixture
def only_sqlite(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("reading a file does not depend on the database")


def read(content: bytes, directory: Path) -> list[Row]:
    path = directory / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        return list(reading.rows(file, reading.kind_of(content[:4096])))


def saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def moment(*parts: int) -> datetime:
    """As a spreadsheet has it: without any zone."""
    return datetime(*parts)  # type: ignore[arg-type,misc]  # noqa: DTZ001


def with_part(name: str, body: bytes, content: bytes = b"") -> bytes:
    """A workbook of which one part says something else."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or as_xlsx([["a"]]))) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in sorted({*old.namelist(), name}):
            new.writestr(part, body if part == name else old.read(part))
    return buffer.getvalue()


def sheet(body: str) -> bytes:
    return with_part(
        "xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData>{body}</sheetData></worksheet>".encode()
    )


def code_of(content: bytes, directory: Path) -> str:
    with pytest.raises(Unreadable) as refused:
        read(content, directory)
    return refused.value.code


# -- xlsx


def test_a_workbook_s_cells_are_what_its_writer_saw(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    page.append(["文本", 7, 7.5, True, date(1942, 3, 15), moment(2026, 1, 2, 3, 4), None, "=1+1", "  "])
    page["A3"] = "third"
    page["C3"] = 42808
    page["C3"].style = NamedStyle("chinese", number_format='yyyy"年"m"月"d"日"')
    assert [(r.number, r.cells) for r in read(saved(book), tmp_path)] == [
        (1, ["文本", 7, 7.5, True, moment(1942, 3, 15), moment(2026, 1, 2, 3, 4), None, None, "  "]),
        (3, ["third", None, moment(2017, 3, 14)]),
    ]


def test_a_formula_is_never_run_and_counts_as_what_it_showed(tmp_path: Path) -> None:
    rows = read(
        sheet(
            '<row r="1"><c r="A1" t="str"><f>CONCAT("a","b")</f><v>ab</v></c>'
            '<c r="B1" t="e"><f>1/0</f><v>#DIV/0!</v></c>'
            '<c r="C1"><f>1+1</f><v>2</v></c></row>'
        ),
        tmp_path,
    )
    assert rows[0].cells == ["ab", CellError("#DIV/0!"), 2]


def test_shared_strings_may_be_rich_and_phonetic(tmp_path: Path) -> None:
    content = sheet('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>')
    rich = "<si><r><t>王</t></r><r><t>桂英</t></r><rPh sb='0' eb='1'><t>wang</t></rPh></si>"
    strings = f"<sst {MAIN}>{rich}<si><t>二</t></si></sst>"
    assert read(with_part("xl/sharedStrings.xml", strings.encode(), content), tmp_path)[0].cells == ["王桂英", "二"]


def test_hidden_sheets_are_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    book.active.sheet_state = "hidden"
    book.active.append(["hidden"])
    book.create_sheet("seen").append(["seen"])
    assert read(saved(book), tmp_path)[0].cells == ["seen"]


def test_merged_cells_have_their_value_once(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["姓名", "性别"])
    book.active.append(["李", "女"])
    book.active.append([None, "男"])
    book.active.merge_cells("A2:A3")
    assert [r.cells for r in read(saved(book), tmp_path)][1:] == [["李", "女"], [None, "男"]]


BROKEN = {
    "cut off": as_xlsx([ELDERS, row("李秀兰", LI)])[:-400],
    "only a mark": b"PK\x03\x04",
    "a zip of something else": with_part("xl/workbook.xml", b"<html/>"),
    "no xml": with_part("xl/worksheets/sheet1.xml", b"\0\1\2"),
    "xml that ends early": with_part("xl/worksheets/sheet1.xml", f"<worksheet {MAIN}><sheetData><row>".encode()),
    "entities": with_part(
        "xl/worksheets/sheet1.xml", b'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><worksheet>&d;</worksheet>'
    ),
    "a file of the server": with_part(
        "xl/sharedStrings.xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><sst><si><t>&b;</t></si></sst>'
    ),
    "a string that is not there": sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'),
    "a number that is none": sheet('<row r="1"><c r="A1"><v>seven</v></c></row>'),
    "rows that go backwards": sheet('<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>'),
    "cells that go backwards": sheet('<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>'),
    "a row beyond all rows": sheet('<row r="99999999999999999999"><c><v>1</v></c></row>'),
    "a tag without an end": sheet(f'<row r="{"1" * 3_000_000}"></row>'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_workbook_is_refused_in_words(name: str, tmp_path: Path) -> None:
    assert code_of(BROKEN[name], tmp_path) == "broken_xlsx"


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    assert code_of(as_xlsx([["x"] * 10_000]), tmp_path) == "too_many_columns"
    assert code_of(as_csv([["x"] * 10_000]), tmp_path) == "too_many_columns"
    assert code_of(sheet('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>'), tmp_path) == "too_many_columns"


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "UNPACKED", 10_000_000)
    bomb = sheet('<row><c t="inlineStr"><is><t>' + "a" * 20_000_000 + "</t></is></c></row>")
    assert len(bomb) < 100_000
    assert code_of(bomb, tmp_path) == "unpacks_too_large"


def test_an_endless_cell_is_never_held_in_memory(tmp_path: Path) -> None:
    bomb = sheet('<row><c t="inlineStr"><is><t>' + "a>" * 20_000_000 + "</t></is></c></row>")
    (tmp_path / "bomb").write_bytes(bomb)
    tracemalloc.start()
    with pytest.raises(Unreadable, match="cell_too_long"), (tmp_path / "bomb").open("rb") as file:
        list(workbook.rows(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


# -- csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_in_the_encodings_of_this_country(encoding: str, delimiter: str, tmp_path: Path) -> None:
    text = f'姓名{delimiter}地址\r\n㐂{delimiter}"柳荫路 ""18"" 号{delimiter}\n2 楼"\r\n\r\n丙{delimiter}x\r\n'
    assert [(r.number, r.cells) for r in read(text.encode(encoding), tmp_path)] == [
        (1, ["姓名", "地址"]),
        (2, ["㐂", f'柳荫路 "18" 号{delimiter}\n2 楼']),
        (4, ["丙", "x"]),
    ]


def test_text_that_is_none_is_refused(tmp_path: Path) -> None:
    assert code_of(b"a,b\n" + b"\xff\xff\xff\n" * 3, tmp_path) == "unknown_encoding"
    assert code_of(b'a,b\n"open', tmp_path) == "broken_csv"
    assert code_of(b"a" * 3_000_000, tmp_path) == "line_too_long"
    assert code_of(b'a\n"' + b"b" * 100_000 + b'"\n', tmp_path) == "cell_too_long"


@pytest.mark.parametrize(
    "start", [b"", b"  \n", b"a,b\n\0\0", b"%PDF-1.7", b"\x89PNG", b"<html>", b"\xd0\xcf\x11\xe0 xls"]
)
def test_what_is_no_table_is_refused_at_the_door(start: bytes) -> None:
    with pytest.raises(Invalid):
        reading.kind_of(start)


def test_more_rows_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    assert len(read(as_csv([["x"]] * 4), tmp_path)) == 4, "the headings do not count"
    assert code_of(as_csv([["x"]] * 5), tmp_path) == "too_many_rows"


# -- the whole way


@pytest.mark.usefixtures("only_sqlite")
@pytest.mark.parametrize(
    ("table", "code"),
    [
        ([["姓名", "电话号"], ["李", "1"]], "unknown_headings"),
        ([["姓名", "Name"], ["李", "李"]], "headings_twice"),
        ([["姓名", "电话"], ["李", "1"]], "headings_missing"),
        ([ELDERS], "no_rows"),
        ([ELDERS, ["", " ", ""]], "no_rows"),
    ],
)
def test_headings_that_do_not_fit_are_named(town: Town, table: list[list[str]], code: str) -> None:
    failed = Importer(town).check(table)
    assert (failed["state"], failed["fault"]["code"]) == ("failed", code)


@pytest.mark.usefixtures("only_sqlite")
def test_a_row_keeps_its_faults_to_itself(town: Town) -> None:
    good = row("李秀兰", LI)
    rows = [
        [*row("beyond"), "something"],
        row("n" * 101),
        row("@sum", phone="+1 (650) 253-0000"),
        row("bell\x07"),
        row("future", born="2099-01-01"),
        row("number", number=LI[:16] + "9" + LI[17]),
        good,
        row("serial date", born="15415", address="Elm 2"),
        row("'+quoted", born="1942年3月15日", address="Elm 3"),
        *([""] * 3 for _ in range(2_000)),
        row("NUL\0here", born="1942-03-15"),
    ]
    found = Importer(town).check([ELDERS, *rows])
    assert (found["state"], numbers(found)) == ("checked", (2, 0, 0, 8))


@pytest.mark.usefixtures("only_sqlite")
def test_numbers_that_a_spreadsheet_has_spoilt_are_named(town: Town) -> None:
    boss = Importer(town)
    table = [
        [*ELDERS],
        ["李秀兰", None, None, 110101194203150000, 13800001234, "Elm", "Elm 1", None, None, None],
        ["周长贵", "男", date(1940, 1, 2), None, 13800001235.0, "Elm", "Elm 1", None, None, None],
        ["吴淑华", "女", 15415, None, "13800001236 ", "Elm", "Elm 1", None, None, None],
    ]
    found = boss.check(as_xlsx(table))
    assert numbers(found) == (2, 0, 0, 1)


@pytest.mark.usefixtures("only_sqlite")
def test_a_file_larger_than_allowed_is_refused_and_leaves_nothing(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = Importer(town)
    monkeypatch.setattr("dispatch.services.imports.files.LARGEST_FILE", 100)
    with pytest.raises(Invalid, match="largest"):
        boss.bring(as_csv([ELDERS, row("李秀兰", LI)]))
    assert list((town.centre.data_dir / "imports").iterdir()) == []


@pytest.mark.usefixtures("only_sqlite")
def test_a_file_that_was_changed_on_the_disk_is_not_used(town: Town) -> None:
    boss = Importer(town)
    brought, other = (boss.bring(as_csv([ELDERS, row(name)])) for name in ("李秀兰", "别人"))
    folder = town.centre.data_dir / "imports"
    assert "李秀兰".encode() not in (folder / brought["id"]).read_bytes()
    (folder / brought["id"]).write_bytes((folder / other["id"]).read_bytes())
    (folder / other["id"]).write_bytes(as_csv([ELDERS, row("别人")]))
    assert [boss.work(one)["fault"]["code"] for one in (brought, other)] == ["file_changed"] * 2


# -- what goes out


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_that_goes_out_is_a_formula(cell: str, tmp_path: Path) -> None:
    (tmp_path / "out.xlsx").write_bytes(b"".join(sheets.as_xlsx([[cell, "ok"]], "a<b>")))
    opened = load_workbook(tmp_path / "out.xlsx").active
    assert (opened["A1"].data_type, opened["A1"].value.startswith("'")) == ("s", True)
    assert next(iter(read(b"".join(sheets.as_csv([[cell, "ok"]])), tmp_path))).cells[0].startswith("'")


def test_what_we_write_we_can_read(tmp_path: Path) -> None:
    rows = [["姓名", "", "a\nb", '"<&>"', "\0\x01x", "💐"], ["", "y"]]
    assert [r.cells for r in read(b"".join(sheets.as_xlsx(rows, "表")), tmp_path)] == [
        ["姓名", None, "a\nb", '"<&>"', "x", "💐"],
        [None, "y"],
    ]
    assert read(b"".join(sheets.as_csv(rows)), tmp_path)[0].cells[3:] == ['"<&>"', "\x01x", "💐"]


def test_limits_are_those_of_the_documentation() -> None:
    assert (limits.LARGEST_WORKBOOK, limits.LARGEST_FILE, limits.MAX_ROWS) == (50 * 1024**2, 150 * 1024**2, 1_000_000)
    assert separated.LONGEST_LINE == 2**20
