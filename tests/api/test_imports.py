"""Tables over HTTP: brought by a form, looked at, applied, taken out again; what is refused and how."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import select

from dispatch.models.people import Elder
from dispatch.models.trail import TrailEntry
from dispatch.services.imports import files, run
from tests.support.factories import PASSWORD, START, Town
from tests.support.tables import ELDERS, LI, ZHOU, as_csv, as_xlsx, row
from tests.support.web import end, web

API = "/api/v1"


@pytest.fixture
def app(town: Town, tmp_path: Path) -> Iterator[Flask]:
    made = web(town, tmp_path / "data")
    yield made
    end(made)


def sign_in(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    answer = client.post(f"{API}/session", json={"username": username, "password": PASSWORD})
    client.environ_base["HTTP_X_CSRF_TOKEN"] = answer.json["csrf_token"]
    return client


@pytest.fixture
def boss(app: Flask) -> FlaskClient:
    return sign_in(app, "boss")


def send(client: FlaskClient, content: bytes, kind: str = "elders", key: str | None = None, **more: str) -> Any:
    """By hand: the test client would leave a temporary file open for everything that is large."""
    fields = {"kind": kind, **more}
    lines = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    lines.append('--b\r\nContent-Disposition: form-data; name="file"; filename="名单 2026.xlsx"\r\n\r\n')
    return client.post(
        f"{API}/imports",
        data="".join(lines).encode() + content + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
        headers={} if key is None else {"Idempotency-Key": key},
    )


def work(town: Town, import_id: str) -> None:
    run.run(town.centre, int(import_id), lambda: START)


TABLE = [ELDERS, row("李秀兰", LI, "13800001234"), row("周长贵", ZHOU), row("错", born="?")]


def test_the_whole_way_of_a_file(boss: FlaskClient, town: Town) -> None:
    sent = send(boss, as_xlsx(TABLE))
    assert (sent.status_code, sent.json["state"], sent.json["file_name"]) == (202, "uploaded", "名单 2026.xlsx")
    address = f"{API}/imports/{sent.json['id']}"
    work(town, sent.json["id"])
    found = boss.get(address).json
    assert found["summary"] == {"rows": 3, "new": 2, "changed": 0, "same": 0, "errors": 1, "duplicates": 0}
    wrong = boss.get(f"{address}/rows?lang=en").json["items"]
    assert wrong[0]["row"] == 4
    assert wrong[0]["faults"][0]["text"] == "Birth date: Not a date: write it like 1942-03-15"
    mend = load_workbook(io.BytesIO(boss.get(f"{address}/errors.xlsx?lang=zh").data)).active
    assert [cell.value for cell in mend[2]][-2:] == ["4", "出生日期：不是日期，请写成 1942-03-15"]
    text = boss.get(f"{address}/errors.csv").data.decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text)))[-2:] == ["原行号", "错误说明"]
    assert boss.post(f"{address}/apply", json={"version": found["version"] - 1}).status_code == 409
    assert boss.post(f"{address}/apply", json={"version": found["version"]}).json["state"] == "applying"
    work(town, sent.json["id"])
    assert boss.get(address).json["state"] == "applied"
    assert boss.get(f"{API}/imports").json["items"][0]["id"] == sent.json["id"]
    with town.centre.database.reads() as session:
        assert len(session.scalars(select(Elder).where(Elder.name.in_(["李秀兰", "周长贵"]))).all()) == 2


def test_a_file_is_brought_once_by_its_key(boss: FlaskClient) -> None:
    first, second = (send(boss, as_csv(TABLE), key="one").json["id"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "elders", 422),
        (b"%PDF-1.7", "elders", 422),
        (as_csv(TABLE), "cats", 422),
        (b"a" * (1024**2 * 2), "elders", 202),
        (b"PK\x03\x04" + bytes(1024**2 * 50), "elders", 422),
        (bytes(1024**2 * 151), "elders", 413),
    ],
    ids=["empty", "a pdf", "cats", "larger than other bodies", "too large a workbook", "too large"],
)
def test_what_cannot_be_taken_is_refused(boss: FlaskClient, town: Town, content: bytes, kind: str, status: int) -> None:
    answer = send(boss, content, kind)
    assert answer.status_code == status, answer.text
    left = list(files.folder(town.centre).iterdir())
    assert len(left) == (1 if status == 202 else 0)


def test_a_form_that_is_none_is_refused(boss: FlaskClient) -> None:
    assert boss.post(f"{API}/imports", json={}).status_code == 422
    assert boss.post(f"{API}/imports", data={"kind": "elders"}, content_type="multipart/form-data").status_code == 422
    broken = boss.post(f"{API}/imports", data=b"--x\r\nnonsense", content_type="multipart/form-data; boundary=x")
    assert broken.status_code in (400, 422)
    assert send(boss, as_csv(TABLE), mode="apply").status_code == 422


@pytest.mark.parametrize("kind", ["elders", "devices", "workers"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_template_comes_with_explanations_and_lists_and_can_be_sent_back(
    boss: FlaskClient, town: Town, kind: str, lang: str
) -> None:
    answer = boss.get(f"{API}/imports/template?kind={kind}&format=xlsx&lang={lang}")
    book = load_workbook(io.BytesIO(answer.data))
    data, explained = book.worksheets[:2]
    headings = [cell.value for cell in data[1]]
    assert [r[0].value for r in explained.iter_rows(min_row=2)] == [h.rstrip("*") for h in headings]
    assert data.max_row == 1, "an example that stays in the table would become somebody"
    if kind == "elders":
        assert data.data_validations.dataValidation
        assert data.column_dimensions["D"].number_format == "@", "an identity number stays text"
    text = boss.get(f"{API}/imports/template?kind={kind}&format=csv&lang={lang}").data
    assert text.decode("utf-8-sig").strip().split(",") == [h.rstrip("*") for h in headings]
    sent = send(boss, answer.data, kind)
    work(town, sent.json["id"])
    assert boss.get(f"{API}/imports/{sent.json['id']}").json["fault"]["code"] == "no_rows"


# -- what goes out


def exported(client: FlaskClient, **query: str) -> list[list[str]]:
    answer = client.get(f"{API}/exports/elders", query_string={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def brought(boss: FlaskClient, town: Town) -> None:
    import_id = send(boss, as_csv(TABLE)).json["id"]
    work(town, import_id)
    boss.post(f"{API}/imports/{import_id}/apply", json={})
    work(town, import_id)


def test_the_register_goes_out_masked_with_a_line_that_says_who_took_it(boss: FlaskClient, town: Town) -> None:
    brought(boss, town)
    table = exported(boss)
    assert table[0][0].startswith("内部资料，严禁外传。导出人：Boss；时间：")
    li = dict(zip(table[1], next(r for r in table if r[0] == "李*兰"), strict=True))
    assert (li["电话"], li["出生日期"], li["地址"], li["所属区划"]) == (
        "138****1234",
        "1942",
        "Elm Road 7",
        "Town/East/Elm",
    )
    assert "身份证号" not in li
    with town.centre.database.reads() as session:
        deed = session.scalars(select(TrailEntry).where(TrailEntry.action == "export")).one()
        assert (deed.actor_name, deed.data) == ("Boss", {"masked": True, "identity": False})


def test_whole_values_need_a_reason_and_can_be_brought_in_again(boss: FlaskClient, town: Town) -> None:
    brought(boss, town)
    assert boss.get(f"{API}/exports/elders?masked=false").status_code == 422
    assert boss.get(f"{API}/exports/elders?identity=true&reason=x").status_code == 422
    table = exported(boss, masked="false", identity="true", reason="yearly check")
    assert LI in {r[3] for r in table[2:]}
    with town.centre.database.reads() as session:
        deed = session.scalars(select(TrailEntry).where(TrailEntry.action == "export")).one()
        assert (deed.reason, deed.data) == ("yearly check", {"masked": False, "identity": True})
    known = [r for r in table[2:] if r[3]]
    import_id = send(boss, as_csv([*table[:2], *known])).json["id"]
    work(town, import_id)
    assert boss.get(f"{API}/imports/{import_id}").json["summary"]["same"] == len(known) == 2
    book = boss.get(f"{API}/exports/elders?masked=false&reason=yearly&lang=en")
    sheet = load_workbook(io.BytesIO(book.data)).active
    assert sheet["A2"].value == "Name"


def test_nobody_takes_out_what_lies_elsewhere(boss: FlaskClient, app: Flask, town: Town) -> None:
    east = str(town.areas["East"])
    assert {r[0] for r in exported(boss, area=east)[2:]} == {"W**g", "Z**o", "S*n", "F****y"}
    assert boss.get(f"{API}/exports/elders?area=999999").status_code == 404
    assert sign_in(app, "lin").get(f"{API}/exports/elders").status_code == 403
