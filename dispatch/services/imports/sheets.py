"""Write tables as .xlsx and .csv piece by piece, with every cell made harmless.

A cell that begins with = + - @ is run as a formula by a spreadsheet that opens a .csv, so a quotation mark goes before
it; in .xlsx every cell is marked as text besides. openpyxl needs a seekable file, and so cannot write into an answer.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO
from xml.sax.saxutils import escape

from dispatch.domain.imports.cells import DANGEROUS

PIECE = 1 << 16
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
    ' Target="{target}"/></Relationships>'
)
WORKBOOK = (
    '<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
SHEET = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text


def as_csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """UTF-8 with its mark, without which Excel takes it for GBK."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield b"\xef\xbb\xbf"
    for row in rows:
        writer.writerow([harmless(cell).replace("\0", "") for cell in row])
        if buffer.tell() > PIECE:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def as_xlsx(rows: Iterable[Sequence[str]], name: str) -> Iterator[bytes]:
    """One sheet of text cells."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        archive.writestr("_rels/.rels", RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        archive.writestr(
            "xl/_rels/workbook.xml.rels", RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml")
        )
        archive.writestr("xl/workbook.xml", WORKBOOK.format(name=escape(name[:31], {'"': "&quot;"})))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(SHEET.encode())
            for piece in _rows_as_xml(rows):
                sheet.write(piece)
                yield pipe.take()
            sheet.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _rows_as_xml(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    parts: list[str] = []
    length = 0
    for row in rows:
        cells = "".join(
            f'<c t="inlineStr"><is><t xml:space="preserve">{escape(NOT_XML.sub("", harmless(cell)))}</t></is></c>'
            if cell
            else "<c/>"
            for cell in row
        )
        parts.append(f"<row>{cells}</row>")
        length += len(cells)
        if length > PIECE:
            yield "".join(parts).encode()
            parts, length = [], 0
    yield "".join(parts).encode()


class _Pipe(io.RawIOBase):
    """What the zip module has written since somebody last took it; it cannot go back, so nothing need be kept."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        found = bytes(data)  # type: ignore[call-overload]
        self._parts.append(found)
        return len(found)

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts = []
        return found


def written(pieces: Iterable[bytes], to: IO[bytes]) -> None:
    for piece in pieces:
        to.write(piece)
