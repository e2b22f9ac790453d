"""Files in and out: templates, uploads with their dry run, wrong rows to mend, the register as a table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import IO, Annotated, Any, Literal
from urllib.parse import quote

from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, StringConstraints
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from dispatch.api.context import allowed, centre, idempotency_key, now
from dispatch.api.schemas import Id, Model, Page, Problem
from dispatch.domain.actor import Actor
from dispatch.domain.errors import Invalid
from dispatch.domain.permissions import May
from dispatch.services.desk import PageOf
from dispatch.services.imports import blank, export, files, row_faults, sheets, uploads
from dispatch.services.imports.limits import LARGEST_FILE

api = APIBlueprint(
    "imports",
    __name__,
    url_prefix="/api/v1",
    abp_tags=[Tag(name="imports")],
    abp_security=[{"cookie": []}, {"bearer": []}],
)
Kind = Literal["elders", "devices", "workers"]
Format = Literal["xlsx", "csv"]
TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}
FORM_ROOM = 64 * 1024
"""What the other fields of the form may need."""


class ImportPath(Model):
    import_id: Id


class TemplateQuery(Model):
    kind: Kind
    format: Format = "xlsx"
    lang: Literal["zh", "en"] = "zh"


class RowsQuery(Page):
    cursor: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}$")] | None = None
    """The number of the last row that was seen."""
    verdict: Literal["error", "changed"] = "error"
    lang: Literal["zh", "en"] = "zh"


class LanguageQuery(Model):
    lang: Literal["zh", "en"] = "zh"


class DecideIn(Model):
    version: int | None = Field(None, ge=0, le=2**53)


class ExportQuery(Model):
    format: Format = "xlsx"
    lang: Literal["zh", "en"] = "zh"
    area: Id | None = None
    masked: bool = True
    identity: bool = False
    """With identity numbers; unmasked only."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class ProgressOut(BaseModel):
    done: int
    total: int | None


class SummaryOut(BaseModel):
    rows: int
    new: int
    changed: int
    same: int
    errors: int
    duplicates: int


class ImportOut(BaseModel):
    id: str
    kind: str
    state: str
    version: int
    file_name: str
    file_kind: str
    file_size: int
    by: str
    created_at: str
    checked_at: str | None
    applied_at: str | None
    ended_at: str | None
    forget_at: str | None
    """When the file and its rows are removed from the server."""
    progress: ProgressOut
    summary: SummaryOut
    fault: dict[str, Any] | None


class ImportsOut(BaseModel):
    items: list[ImportOut]
    next_cursor: str | None
    total: int


FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["kind", "file"],
                "properties": {
                    "kind": {"type": "string", "enum": ["elders", "devices", "workers"]},
                    "file": {"type": "string", "format": "binary"},
                    "mode": {"type": "string", "enum": ["dry_run"], "default": "dry_run"},
                },
            }
        }
    },
}


@api.get("/imports/template", summary="The table to fill in: headings, explanations, drop-down lists")
def get_template(query: TemplateQuery) -> Response:
    allowed(May.IMPORT)
    template = centre().templates.templates[query.kind]
    write = blank.as_xlsx_template if query.format == "xlsx" else blank.as_csv_template
    name = template.zh if query.lang == "zh" else template.en
    return _download(write(template, query.lang), query.format, f"{name}.{query.format}")


@api.post(
    "/imports",
    summary="Bring a file: it is checked, and nothing is changed before somebody applies it",
    responses={202: ImportOut, 413: Problem},
    openapi_extensions={"requestBody": FORM},
)
def post_import() -> Response:
    who, at = allowed(May.IMPORT), now()
    with ExitStack() as opened:
        form, sent = _form(opened)
        if form.get("mode", "dry_run") != "dry_run":
            raise Invalid("mode", "unknown", "a file is always looked at first: send dry_run, then POST .../apply")
        if sent is None:
            raise Invalid("file", "missing", "send the file as the field `file` of a multipart form")
        given = uploads.Upload(form.get("kind", ""), sent[0], sent[1], idempotency_key())
        answer = jsonify(uploads.upload(centre(), who, given, at))
    answer.status_code = 202
    return answer


def _form(opened: ExitStack) -> tuple[dict[str, str], tuple[str, IO[bytes]] | None]:
    """The form, its file on the disk beside the other imports: the common way puts 50 MB into /tmp, which is memory."""
    if request.mimetype != "multipart/form-data":
        raise Invalid("file", "missing", "send a multipart form")
    if (request.content_length or 0) > LARGEST_FILE + FORM_ROOM:
        raise RequestEntityTooLarge(f"the largest file is {LARGEST_FILE // 1024**2} MB")
    request.max_content_length = LARGEST_FILE + FORM_ROOM
    folder = files.folder(centre())

    def to_disk(
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return opened.enter_context(tempfile.TemporaryFile(dir=folder))

    parser = FormDataParser(to_disk, max_form_memory_size=FORM_ROOM, max_form_parts=10)
    _, form, sent = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    file = sent.get("file")
    return form.to_dict(), None if file is None else (file.filename or "", file.stream)


@api.get("/imports", summary="Imports, newest first", responses={200: ImportsOut})
def list_imports(query: Page) -> Response:
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    return jsonify(uploads.listing(centre(), allowed(May.IMPORT), page))


@api.get("/imports/<import_id>", summary="How far it is, and what it found", responses={200: ImportOut})
def get_import(path: ImportPath) -> Response:
    return jsonify(uploads.find(centre(), allowed(May.IMPORT), int(path.import_id)))


@api.get("/imports/<import_id>/rows", summary="Rows that are wrong, or that would change somebody")
def get_rows(path: ImportPath, query: RowsQuery) -> Response:
    who = allowed(May.IMPORT)
    page = PageOf(query.limit, None if query.cursor is None else int(query.cursor))
    wanted = row_faults.Wanted(int(path.import_id), query.verdict, page, query.lang)
    return jsonify(row_faults.page(centre(), who, wanted))


@api.get("/imports/<import_id>/errors.xlsx", summary="The wrong rows as a workbook, to mend and to import again")
def get_errors_xlsx(path: ImportPath, query: LanguageQuery) -> Response:
    return _errors(allowed(May.IMPORT), path, query, "xlsx")


@api.get("/imports/<import_id>/errors.csv", summary="The wrong rows as text, to mend and to import again")
def get_errors_csv(path: ImportPath, query: LanguageQuery) -> Response:
    return _errors(allowed(May.IMPORT), path, query, "csv")


def _errors(who: Actor, path: ImportPath, query: LanguageQuery, kind: Format) -> Response:
    rows = row_faults.to_mend(centre(), who, int(path.import_id), query.lang, now())
    return _table(rows, kind, f"import-{path.import_id}-errors.{kind}")


@api.post("/imports/<import_id>/apply", summary="Write the checked rows: all or none", responses={200: ImportOut})
def post_apply(path: ImportPath, body: DecideIn) -> Response:
    return jsonify(uploads.apply(centre(), allowed(May.IMPORT), int(path.import_id), body.version, now()))


@api.post("/imports/<import_id>/cancel", summary="Leave it; the file is removed", responses={200: ImportOut})
def post_cancel(path: ImportPath, body: DecideIn) -> Response:
    return jsonify(uploads.cancel(centre(), allowed(May.IMPORT), int(path.import_id), body.version, now()))


@api.get(
    "/exports/elders",
    summary="The elders of your areas as a table; masked unless a reason is given, and always written down",
)
def export_elders(query: ExportQuery) -> Response:
    at: datetime = now()
    wanted = export.Wanted(
        language=query.lang,
        area_id=None if query.area is None else int(query.area),
        masked=query.masked,
        identity=query.identity,
        reason=query.reason,
    )
    rows = export.elders(centre(), allowed(May.EXPORT), wanted, at)
    return _table(rows, query.format, f"elders-{at.astimezone(centre().zone):%Y%m%d-%H%M}.{query.format}")


def _table(rows: Iterator[list[str]], kind: Format, name: str) -> Response:
    return _download(sheets.as_xlsx(rows, "1") if kind == "xlsx" else sheets.as_csv(rows), kind, name)


def _download(body: bytes | Iterator[bytes], kind: Format, name: str) -> Response:
    response = Response(body, mimetype=TYPES[kind].partition(";")[0], content_type=TYPES[kind])
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "no-store"
    return response
