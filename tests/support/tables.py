"""Tables for import tests: written as people write them, brought in as the product takes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook

from dispatch.domain.actor import Actor
from dispatch.domain.identity import CHECK_DIGITS, WEIGHTS
from dispatch.models.imports import Double
from dispatch.services.imports import run, uploads
from tests.support.factories import START, Town

Table = Sequence[Sequence[Any]]
ELDERS = [
    "姓名",
    "性别",
    "出生日期",
    "身份证号",
    "电话",
    "所属区划",
    "地址",
    "联系人1姓名",
    "联系人1关系",
    "联系人1电话",
]


def identity(seventeen: str) -> str:
    """With its check digit."""
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True))
    return seventeen + CHECK_DIGITS[total % 11]


LI, ZHOU, WU = identity("99010119420315002"), identity("99010119391101001"), identity("99010119450505004")


def as_csv(table: Table, encoding: str = "utf-8") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(table)
    return buffer.getvalue().encode(encoding)


def as_xlsx(table: Table) -> bytes:
    book = Workbook()
    for row in table:
        book.active.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class Importer:
    """A supervisor who brings files, and a worker that does what is due."""

    def __init__(self, town: Town, username: str = "boss") -> None:
        self.town, self.centre, self.actor, self.now = town, town.centre, town.actor(username), START

    def bring(self, content: bytes, kind: str = "elders", key: str | None = None, name: str = "file") -> dict[str, Any]:
        given = uploads.Upload(kind, name, io.BytesIO(content), key)
        return uploads.upload(self.centre, self.actor, given, self.now)

    def work(self, brought: dict[str, Any]) -> dict[str, Any]:
        run.run(self.centre, int(brought["id"]), lambda: self.now)
        return self.look(brought)

    def check(self, content: bytes | Table, kind: str = "elders") -> dict[str, Any]:
        return self.work(self.bring(content if isinstance(content, bytes) else as_csv(content), kind))

    def apply(self, brought: dict[str, Any]) -> dict[str, Any]:
        uploads.apply(self.centre, self.actor, int(brought["id"]), None, self.now)
        return self.work(brought)

    def bring_in(self, content: bytes | Table, kind: str = "elders") -> dict[str, Any]:
        checked = self.check(content, kind)
        assert checked["state"] == "checked", checked
        return self.apply(checked)

    def look(self, brought: dict[str, Any]) -> dict[str, Any]:
        return uploads.find(self.centre, self.actor, int(brought["id"]))


def brought_from(town: Town, area: str) -> str:
    """The id of a file that somebody of that area has brought."""
    path = f"/{town.areas['Town']}/{town.areas[area]}/"
    who = Actor("user", "0", f"Somebody of the {area}", frozenset({"supervisor"}), paths=(path,))
    given = uploads.Upload("elders", "file", io.BytesIO(as_csv([ELDERS, row("Wang")])))
    return str(uploads.upload(town.centre, who, given, START)["id"])


def alike(town: Town, one: str, other: str) -> str:
    """The id of a pair that somebody should look at."""
    a, b = sorted(town.elders[name] for name in (one, other))
    with town.centre.database.sessions.begin() as session:
        found = Double(elder_a=a, elder_b=b, score=80, reasons=["address"], state="proposed", found_at=START)
        session.add(found)
        session.flush()
        return str(found.id)


def numbers(found: dict[str, Any]) -> tuple[int, int, int, int]:
    """New, changed, same, errors."""
    summary = found["summary"]
    return summary["new"], summary["changed"], summary["same"], summary["errors"]


def row(
    name: str, number: str = "", phone: str = "", area: str = "Elm", address: str = "Elm Road 7", **more: str
) -> list[str]:
    """One row of ``ELDERS``."""
    contact = [more.get(part, "") for part in ("contact", "relation", "contact_phone")]
    return [
        name,
        more.get("sex", "" if number else "女"),
        more.get("born", "" if number else "1940-05-05"),
        number,
        phone,
        area,
        address,
        *contact,
    ]
