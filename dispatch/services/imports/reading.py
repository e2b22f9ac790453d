"""A file as rows, one at a time: what kind of file it is shows in its bytes and not in its name."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import IO

from dispatch.domain.errors import Invalid
from dispatch.domain.imports.rows import Row
from dispatch.services.imports import separated, workbook
from dispatch.services.imports.limits import MAX_ROWS, ZIP, Unreadable

OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def kind_of(start: bytes) -> str:
    """``xlsx`` or ``csv``, by the first bytes of a file. Raises ``Invalid`` for what is neither."""
    if start.startswith(ZIP):
        return "xlsx"
    if start.startswith(OLD_EXCEL):
        raise Invalid("file", "old-excel", "this is an .xls file: save it as .xlsx and send it again")
    if not start.strip():
        raise Invalid("file", "empty", "the file is empty")
    if b"\0" in start or start.startswith((b"%PDF", b"<", b"\x89PNG", b"\xff\xd8", b"Rar!", b"7z")):
        raise Invalid("file", "not-a-table", "send a table: .xlsx or .csv in UTF-8 or GB18030")
    return "csv"


def rows(file: IO[bytes], kind: str) -> Generator[Row, None, None]:
    """The rows from the first filled one on. Raises ``Unreadable`` where the file breaks off or is too large."""
    with closing(workbook.rows(file) if kind == "xlsx" else separated.rows(file)) as source:
        for count, row in enumerate(source):
            if count > MAX_ROWS:
                raise Unreadable("too_many_rows", most=f"{MAX_ROWS:,}")
            yield row
