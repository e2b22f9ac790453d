"""372,000 elders brought in from a file on PostgreSQL: minutes, rows a second, memory of the process that does it.

.venv/bin/python bench/imports.py [--rows 372000] [--formats csv xlsx] [--sqlite] [--save]
.venv/bin/python bench/imports.py --alarms [--rows 100000] [--save]

Every hundredth row is the person before it once more, without an identity number: a duplicate to be found. The second
file says something new of every tenth elder. The workbook keeps its texts as Excel does, as shared strings. Reading
alone is the same file through the same reader with nothing done to its rows.

With ``--alarms`` the whole product runs, its worker imports, and 20 alarms a second are posted meanwhile.
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
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from rig import ROOT, durable_postgres, generate, migrate, report, rig, summary

from dispatch.domain.actor import Actor
from dispatch.domain.identity import CHECK_DIGITS, WEIGHTS
from dispatch.models.imports import Import
from dispatch.models.places import Area, add_area
from dispatch.services.centre import Centre
from dispatch.services.demo.names import OLD_FEMALE, OLD_MALE, SURNAMES, YOUNG_FEMALE, young_name
from dispatch.services.imports import find_doubles, reading, run, uploads
from tests.support import load as city_support

STREETS = 744
TWICE = 100
RATE = 20
"""Alarms a second beside an import: far more than 372,000 homes make."""
HEADINGS = [
    *("姓名", "性别", "出生日期", "身份证号", "电话", "所属区划", "地址", "纬度", "经度"),
    *("对象类别", "能力等级", "评估日期"),
    *("联系人1姓名", "联系人1关系", "联系人1电话", "联系人2姓名", "联系人2关系", "联系人2电话"),
    *("语言", "方言", "独居", "外部编号"),
]
Rows = Iterator[list[str]]


def people(count: int, *, later: bool = False) -> Rows:
    """Invented elders, the same every time; every fifth lives with the one before. ``later``: what changed since."""
    chance = Random(372)
    address = area = lat = lon = ""
    row: list[str] = []
    for n in range(count):
        if n % TWICE == TWICE - 1:
            yield again(row, n)
            continue
        if n % 5 != 4:
            area = f"{n % STREETS + 1:012d}"
            address = (
                f"柳荫路{n // STREETS}号{chance.randint(1, 9)}幢{chance.randint(1, 4)}单元{chance.randint(101, 699)}室"
            )
            lat, lon = f"{46 + chance.random():.5f}", f"{130 + chance.random():.5f}"
        woman = chance.random() < 0.55
        born = date(1926, 1, 1) + timedelta(days=n // 500 * 17 % 14_000)
        number = f"990101{born:%Y%m%d}{n % 500 * 2 + (0 if woman else 1):03d}"
        check = CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=True)) % 11]
        level = chance.choice(("", "0", "1", "2"))
        row = [
            chance.choice(SURNAMES) + chance.choice(OLD_FEMALE if woman else OLD_MALE),
            "女" if woman else "男",
            born.isoformat(),
            f"{number}{check}",
            f"13{6 if later and n % 10 == 0 else 8}{n:08d}",
            area,
            address,
            lat,
            lon,
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
        yield row


def again(row: list[str], n: int) -> list[str]:
    """The same person once more, by somebody who did not ask for the card."""
    return [*row[:3], "", *row[4:-1], f"MZ-{n:06d}"]


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
    began, clock = datetime.now(UTC), time.perf_counter()
    found: dict[str, Any] = {}
    if what == "read":
        path = Path(argument)
        with path.open("rb") as file:
            found["rows"] = sum(1 for _ in reading.rows(file, path.suffix[1:]))
    else:
        centre = city_support.centre_over(url, Path(home))
        if what == "doubles":
            assert find_doubles.everywhere(centre, began) == 0
        else:
            run.run(centre, int(argument), lambda: datetime.now(UTC))
            with centre.database.reads() as session:
                applied_at = session.get_one(Import, int(argument)).applied_at
            found["written"] = None if applied_at is None else (applied_at - began).total_seconds()
    used = resource.getrusage(resource.RUSAGE_SELF)
    found |= {"seconds": time.perf_counter() - clock, "cpu": used.ru_utime + used.ru_stime}
    print(json.dumps({**found, "peak_mb": used.ru_maxrss / 1024}))


@dataclass
class Measured:
    """The steps of one file, one after the other."""

    url: str
    home: Path
    kind: str
    rows: int
    table: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.centre = city_support.centre_over(self.url, self.home)
        self.who = places(self.centre)

    def step(self, name: str, what: str, argument: str, rows: int) -> dict[str, Any]:
        done = in_a_process(what, self.url, str(self.home), argument)
        split = {"of that written s": done["written"]} if done.get("written") is not None else {}
        self.table.append(
            {
                "file": self.kind,
                "step": name,
                "rows": rows,
                "seconds": done["seconds"],
                "rows/s": rows / done["seconds"],
                "cpu s": done["cpu"],
                "peak RSS MB": done["peak_mb"],
                **split,
            }
        )
        return done

    def write(self, name: str, rows: Rows) -> Path:
        path = self.home / f"{name}.{self.kind}"
        WRITERS[self.kind](rows, path)
        return path

    def bring(self, path: Path) -> str:
        with path.open("rb") as source:
            given = uploads.Upload("elders", path.name, source)
            return str(uploads.upload(self.centre, self.who, given, datetime.now(UTC))["id"])

    def look(self, brought: str) -> dict[str, Any]:
        return uploads.find(self.centre, self.who, int(brought))

    def apply(self, brought: str) -> None:
        uploads.apply(self.centre, self.who, int(brought), None, datetime.now(UTC))


def measure(url: str, kind: str, rows: int, home: Path) -> list[dict[str, Any]]:
    ours = Measured(url, home, kind, rows)
    path = ours.write("elders", people(rows))
    ours.step("read alone", "read", str(path), rows)
    brought = ours.bring(path)
    ours.step("check", "import", brought, rows)
    found = ours.look(brought)
    assert (found["state"], found["summary"]["new"]) == ("checked", rows), found
    ours.apply(brought)
    ours.step("apply, and look for duplicates", "import", brought, rows)
    found = ours.look(brought)
    assert found["state"] == "applied", found
    assert found["summary"]["duplicates"] >= rows // TWICE, found
    ours.step("look for duplicates once more", "doubles", "", rows)
    later = ours.bring(ours.write("later", people(rows, later=True)))
    ours.step("check the next month's file", "import", later, rows)
    summary = ours.look(later)["summary"]
    changed = summary["changed"]
    assert summary["same"] + changed == rows, summary
    ours.apply(later)
    ours.step("apply it: every tenth is changed", "import", later, changed)
    assert ours.look(later)["state"] == "applied"
    ours.centre.database.engine.dispose()
    return ours.table


def beside_alarms(rows: int) -> list[dict[str, Any]]:
    """Alarms while nothing else happens, while a file is checked, and while it is written."""
    table = []
    with rig(60_000) as city:
        ours = Measured(city.postgres.url(city.database), city.product.data_dir, "csv", rows)
        first = len(generate(city.load(connections=8, seconds=5, rate=RATE))["took"])

        def post_while(name: str, goes_on: Callable[[], bool]) -> None:
            nonlocal first
            parts = []
            while goes_on() or not parts:
                parts.append(generate(city.load(connections=8, seconds=10, rate=RATE, first=first)))
                first += len(parts[-1]["took"])
            statuses: Counter[str] = sum((Counter(part["statuses"]) for part in parts), Counter())
            took = [one for part in parts for one in part["took"]]
            sums = {key: sum(part[key] for part in parts) for key in ("seconds", "broken", "cpu_seconds")}
            whole = {**sums, "took": took, "statuses": statuses}
            table.append({"meanwhile": name, **summary(whole)})

        post_while("nothing", lambda: False)
        brought = ours.bring(ours.write("elders", people(rows)))
        post_while("a file is checked", lambda: ours.look(brought)["state"] in ("uploaded", "checking"))
        ours.apply(brought)
        post_while("it is written", lambda: ours.look(brought)["state"] == "applying")
        assert ours.look(brought)["state"] == "applied", ours.look(brought)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=372_000)
    parser.add_argument("--formats", nargs="*", default=["csv", "xlsx"], choices=sorted(WRITERS))
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--alarms", action="store_true")
    parser.add_argument("--worker", nargs=4)
    options = parser.parse_args()
    if options.worker:
        work(*options.worker)
        return
    if options.alarms:
        note = f"{RATE} alarms a second, 60,000 homes, an import of {options.rows:,} rows, {os.cpu_count()} cores"
        report("imports_alarms", beside_alarms(options.rows), save=options.save, note=note)
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
