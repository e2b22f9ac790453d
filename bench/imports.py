"""372,000 elders brought in from a file on PostgreSQL: minutes, rows a second, memory of the process that does it.

.venv/bin/python bench/imports.py [--rows 372000] [--formats csv xlsx] [--sqlite] [--save]

The workbook keeps its texts as Excel does, as shared strings. Reading alone is the same file through the same reader
with nothing done to its rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from rig import ROOT, durable_postgres, migrate, report

from dispatch.domain.actor import Actor
from dispatch.domain.imports.cells import CHECK_DIGITS, WEIGHTS
from dispatch.models.places import Area, add_area
from dispatch.services.centre import Centre
from dispatch.services.demo.names import OLD_FEMALE, OLD_MALE, SURNAMES, YOUNG_FEMALE, young_name
from dispatch.services.imports import reading, run, uploads
from tests.support import load as city_support

STREETS = 744
HEADINGS = [
    *("姓名", "身份证号", "电话", "所属区划", "地址", "纬度", "经度", "对象类别", "能力等级", "评估日期"),
    *("联系人1姓名", "联系人1关系", "联系人1电话", "联系人2姓名", "联系人2关系", "联系人2电话"),
    *("语言", "方言", "独居", "外部编号"),
]
Rows = Iterator[list[str]]


def people(count: int) -> Rows:
    """Invented elders, the same every time; every fifth lives with the one before."""
    chance = Random(372)
    address = area = ""
    for n in range(count):
        if n % 5 != 4:
            area = f"{n % STREETS + 1:012d}"
            address = (
                f"柳荫路{n // STREETS}号{chance.randint(1, 9)}幢{chance.randint(1, 4)}单元{chance.randint(101, 699)}室"
            )
        woman = chance.random() < 0.55
        born = date(1926, 1, 1) + timedelta(days=n // 500 * 17 % 14_000)
        number = f"990101{born:%Y%m%d}{n % 500 * 2 + (0 if woman else 1):03d}"
        check = CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=True)) % 11]
        level = chance.choice(("", "0", "1", "2"))
        yield [
            chance.choice(SURNAMES) + chance.choice(OLD_FEMALE if woman else OLD_MALE),
            f"{number}{check}",
            f"138{n:08d}",
            area,
            address,
            f"{46 + chance.random():.5f}",
            f"{130 + chance.random():.5f}",
            chance.choice(("", "高龄", "空巢、高龄", "低保对象")),
            level,
            "2026-05-20" if level else "",
            young_name(chance, "F"),
            "女儿",
            f"139{n:08d}",
            chance.choice(SURNAMES) + chance.choice(YOUNG_FEMALE),
            "邻居",
            f"137{n:08d}",
            "普通话",
            chance.choice(("", "东北话")),
            chance.choice(("是", "否")),
            f"MZ-{n:06d}",
        ]


def write_csv(rows: Rows, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        writer.writerows(rows)


def write_xlsx(rows: Rows, path: Path) -> None:
    """As Excel saves it: every text once, in a part of its own."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    known: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"<worksheet {main}><sheetData>".encode())
            for number, row in enumerate((HEADINGS, *rows), 1):
                cells = (
                    f'<c r="{chr(65 + at)}{number}" t="s"><v>{known.setdefault(text, len(known))}</v></c>'
                    for at, text in enumerate(row)
                    if text
                )
                sheet.write(f'<row r="{number}">{"".join(cells)}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as strings:
            strings.write(f"<sst {main}>".encode())
            for text in known:
                strings.write(f"<si><t>{escape(text)}</t></si>".encode())
            strings.write(b"</sst>")
        relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main} xmlns:r="{relation}">'
            '<sheets><sheet name="1" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )


WRITERS: dict[str, Callable[[Rows, Path], None]] = {"csv": write_csv, "xlsx": write_xlsx}


def places(centre: Centre) -> Actor:
    with centre.database.sessions.begin() as session:
        city = add_area(session, Area(level=2, name="City", code="BENCH"))
        for n in range(1, STREETS + 1):
            add_area(session, Area(level=5, name=f"Street {n}", code=f"{n:012d}", parent_id=city.id))
        return Actor("command", "bench", "bench", paths=(city.path,))


def in_a_process(*arguments: str) -> dict[str, Any]:
    """What one worker process does and needs; it says so itself."""
    done = subprocess.run(
        [sys.executable, __file__, "--worker", *arguments], stdout=subprocess.PIPE, check=True, cwd=ROOT
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def work(what: str, url: str, home: str, argument: str) -> None:
    began = time.perf_counter()
    if what == "read":
        path = Path(argument)
        with path.open("rb") as file:
            rows = sum(1 for _ in reading.rows(file, path.suffix[1:]))
    else:
        centre = city_support.centre_over(url, Path(home))
        run.run(centre, int(argument), lambda: datetime.now(UTC))
        rows = 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    found = {"seconds": time.perf_counter() - began, "cpu": used.ru_utime + used.ru_stime, "rows": rows}
    print(json.dumps({**found, "peak_mb": used.ru_maxrss / 1024}))


def measure(url: str, kind: str, rows: int, home: Path) -> list[dict[str, Any]]:
    centre = city_support.centre_over(url, home)
    who = places(centre)
    path = home / f"elders.{kind}"
    WRITERS[kind](people(rows), path)
    table = [{"step": "read alone", **in_a_process("read", url, str(home), str(path))}]
    with path.open("rb") as source:
        brought = uploads.upload(centre, who, uploads.Upload("elders", path.name, source), datetime.now(UTC))
    table.append({"step": "check", **in_a_process("import", url, str(home), brought["id"])})
    found = uploads.find(centre, who, int(brought["id"]))
    assert (found["state"], found["summary"]["new"]) == ("checked", rows), found
    uploads.apply(centre, who, int(brought["id"]), None, datetime.now(UTC))
    table.append({"step": "apply", **in_a_process("import", url, str(home), brought["id"])})
    assert uploads.find(centre, who, int(brought["id"]))["state"] == "applied"
    with path.open("rb") as source:
        again = uploads.upload(centre, who, uploads.Upload("elders", path.name, source), datetime.now(UTC))
    table.append({"step": "check again: all the same", **in_a_process("import", url, str(home), again["id"])})
    found = uploads.find(centre, who, int(again["id"]))
    assert found["summary"]["same"] == rows, found
    centre.database.engine.dispose()
    alone = table[0]["seconds"]
    return [
        {
            "file": f"{kind} {path.stat().st_size / 1024**2:.0f} MB",
            "step": one["step"],
            "seconds": one["seconds"],
            "cpu s": one["cpu"],
            "rows/s": rows / one["seconds"],
            "times reading": one["seconds"] / alone,
            "peak RSS MB": one["peak_mb"],
        }
        for one in table
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=372_000)
    parser.add_argument("--formats", nargs="*", default=["csv", "xlsx"], choices=sorted(WRITERS))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--worker", nargs=4)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return
    table: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        if options.sqlite:
            url = f"sqlite:///{folder}/bench.db"
            migrate(url, Path(folder))
            table = measure(url, options.formats[0], options.rows, Path(folder))
        else:
            with durable_postgres() as postgres:
                for kind in options.formats:
                    name = postgres.create_database()
                    migrate(postgres.url(name), Path(folder))
                    table += measure(postgres.url(name), kind, options.rows, Path(folder))
    report("imports", table, save=options.save, note=f"{options.rows:,} rows, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
