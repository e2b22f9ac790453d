"""The wrong rows of a file: shown, and given back as a file to mend and to import again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.imports.template import NOTE_FAULT, NOTE_ROW, Book
from dispatch.models.imports import Import, ImportRow
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.imports.bodies import unpack_cells
from dispatch.services.imports.uploads import one
from dispatch.services.trail import Deed, Subject, write

PIECE = 500


@dataclass(frozen=True)
class Wanted:
    import_id: int
    verdict: str
    page: PageOf
    language: str


def page(centre: Centre, actor: Actor, wanted: Wanted) -> dict[str, Any]:
    """Rows that are wrong or would change somebody, in the order of the file; without their contents."""
    with centre.database.reads() as session:
        found = one(session, actor, wanted.import_id)
        statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.verdict == wanted.verdict)
        if wanted.page.before is not None:
            statement = statement.where(ImportRow.number > wanted.page.before)
        rows = session.scalars(statement.order_by(ImportRow.number).limit(wanted.page.limit + 1)).all()
    items = [
        {
            "row": row.number,
            "faults": _said(centre.templates, found.kind, row, wanted.language),
            "changes": [_heading(centre.templates, found.kind, key, wanted.language) for key in row.changes],
            "target_id": None if row.target_id is None else str(row.target_id),
        }
        for row in rows[: wanted.page.limit]
    ]
    return {"items": items, "next_cursor": str(items[-1]["row"]) if len(rows) > wanted.page.limit else None}


def to_mend(centre: Centre, actor: Actor, import_id: int, language: str, now: datetime) -> Iterator[list[str]]:
    """The wrong rows as they were, with what is wrong in two columns more. Written down, since it shows whole rows.

    Asks first and answers afterwards: refusals are raised here, rows come as they are read.
    """
    with centre.database.sessions.begin() as session:
        found = one(session, actor, import_id)
        write(session, actor, Deed("import_errors_read", Subject("import", import_id)), now)
    return _rows(centre, found, language)


def _rows(centre: Centre, found: Import, language: str) -> Iterator[list[str]]:
    width = len(found.headings)
    yield [*found.headings, NOTE_ROW[language], NOTE_FAULT[language]]
    after = 0
    while True:
        with centre.database.reads() as session:
            rows = _some(session, found.id, after)
        for row in rows:
            cells = unpack_cells(row.original) if row.original is not None else []
            said = ";".join(fault["text"] for fault in _said(centre.templates, found.kind, row, language))
            yield [*(cells + [""] * width)[:width], str(row.number), said]
        if len(rows) < PIECE:
            return
        after = rows[-1].number


def _some(session: Session, import_id: int, after: int) -> list[ImportRow]:
    statement = select(ImportRow).where(
        ImportRow.import_id == import_id, ImportRow.verdict == "error", ImportRow.number > after
    )
    return list(session.scalars(statement.order_by(ImportRow.number).limit(PIECE)))


def _said(book: Book, kind: str, row: ImportRow, language: str) -> list[dict[str, str]]:
    template = book.templates[kind]
    return [
        {"column": fault["column"], "code": fault["code"], "text": book.say_of(template, fault, language)}
        for fault in row.faults
    ]


def _heading(book: Book, kind: str, key: str, language: str) -> str:
    column = book.templates[kind].by_key.get(key)
    return key if column is None else column.heading(language)
