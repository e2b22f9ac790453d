"""Rows of an .xlsx file, read as a stream.

openpyxl's read-only mode holds every shared string in memory, and a row however long. Here the strings lie in a
temporary file and a row has a limit. The parser is defusedxml's: entities and document types are refused.
"""

from __future__ import annotations

import tempfile
import zipfile
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import IO, Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import from_excel

from dispatch.domain.imports.cells import CellError
from dispatch.domain.imports.rows import Row
from dispatch.services.imports.limits import LONGEST_CELL, MAX_COLUMNS, UNPACKED, Unreadable

PIECE = 1 << 16
MOST_PARTS = 2_000
LAST_ROW = 1 << 20
LONGEST_TAG = 1 << 20
STRINGS = 500 * 1024 * 1024
BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError, RuntimeError, OSError)
"""What Python's zip module raises for archives that are cut off, encrypted, or packed in a way of their own."""
DAY = timedelta(days=1)


def rows(file: IO[bytes]) -> Generator[Row, None, None]:
    """The filled rows of the first visible sheet. Raises ``Unreadable``."""
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_bombs(archive)
            book = _Workbook()
            _parse(archive, "xl/workbook.xml", book)
            sheet = _sheet_path(archive, book)
            styles = _Styles()
            if "xl/styles.xml" in archive.namelist():
                _parse(archive, "xl/styles.xml", styles)
            with _shared_strings(archive) as strings:
                reader = _Sheet(strings, styles.dates(), book.epoch_1904)
                for _ in _pieces(archive, sheet, reader):
                    yield from reader.ready()
                    if reader.ended:
                        return
                if not reader.ended:
                    raise Unreadable("broken_xlsx")
    except BROKEN as error:
        raise Unreadable("broken_xlsx") from error
    except (SAXException, DefusedXmlException, KeyError, ValueError, OverflowError) as error:
        raise Unreadable("broken_xlsx") from error


def _refuse_bombs(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Unreadable("unpacks_too_large")


def _pieces(archive: zipfile.ZipFile, name: str, handler: ContentHandler) -> Iterator[None]:
    """Feed one part of the archive to ``handler``, yielding after each piece. No more is read than declared."""
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(handler)
    unclosed = 0
    with archive.open(name) as file:
        while piece := file.read(PIECE):
            unclosed = 0 if b">" in piece else unclosed + len(piece)
            if unclosed > LONGEST_TAG:  # the parser keeps a tag in memory until it ends
                raise Unreadable("broken_xlsx")
            parser.feed(piece)
            yield
    if not getattr(handler, "ended", False):
        parser.close()
        yield


def _parse(archive: zipfile.ZipFile, name: str, handler: ContentHandler) -> None:
    for _ in _pieces(archive, name, handler):
        pass


class _Workbook(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[str] = []
        self.epoch_1904 = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802 -- SAX names it
        tag = _local(name)
        if tag == "sheet" and attrs.get("state", "visible") == "visible" and len(self.sheets) < MOST_PARTS:
            self.sheets.append(next((v for k, v in attrs.items() if k.endswith(":id")), ""))
        elif tag == "workbookPr":
            self.epoch_1904 = attrs.get("date1904", "") in ("1", "true")


class _Relations(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, str] = {}

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        if _local(name) == "Relationship" and len(self.targets) < MOST_PARTS:
            self.targets[attrs.get("Id", "")] = attrs.get("Target", "")


def _sheet_path(archive: zipfile.ZipFile, book: _Workbook) -> str:
    relations = _Relations()
    _parse(archive, "xl/_rels/workbook.xml.rels", relations)
    target = relations.targets[book.sheets[0]] if book.sheets else ""
    path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    if path not in archive.namelist():
        raise Unreadable("broken_xlsx")
    return path


class _Styles(ContentHandler):
    """Which of the cell styles show a number as a date."""

    def __init__(self) -> None:
        super().__init__()
        self._formats: dict[int, str] = dict(BUILTIN_FORMATS)
        self._styles: list[int] = []
        self._inside = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        tag = _local(name)
        if tag == "numFmt" and len(self._formats) < 10_000:
            self._formats[int(attrs.get("numFmtId", 0))] = attrs.get("formatCode", "")[:200]
        elif tag == "cellXfs":
            self._inside = True
        elif tag == "xf" and self._inside and len(self._styles) < 100_000:
            self._styles.append(int(attrs.get("numFmtId", 0)))

    def endElement(self, name: str) -> None:  # noqa: N802
        if _local(name) == "cellXfs":
            self._inside = False

    def dates(self) -> frozenset[str]:
        """Ids of styles as cells name them. 27 to 36 and 50 to 58 are the dates of Chinese Excel."""
        east = {*range(27, 37), *range(50, 59)}
        found = (i for i, f in enumerate(self._styles) if f in east or is_date_format(self._formats.get(f, "")))
        return frozenset(map(str, found))


class _Strings(ContentHandler):
    """The shared strings, in a file; only where each begins is in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._starts = array("Q", [0])
        self._parts: list[str] = []
        self._size = self._length = 0
        self._text = self._phonetic = False

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        tag = _local(name)
        if tag == "t":
            self._text = not self._phonetic
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "si":
            self._parts, self._length = [], 0

    def characters(self, content: str) -> None:
        if self._text:
            self._length += len(content)
            if self._length > LONGEST_CELL:
                raise Unreadable("cell_too_long", row="?")
            self._parts.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        tag = _local(name)
        if tag == "t":
            self._text = False
        elif tag == "rPh":
            self._phonetic = False
        elif tag == "si":
            encoded = "".join(self._parts).encode("utf-8", "surrogatepass")
            self._size += self._file.write(encoded)
            if self._size > STRINGS:
                raise Unreadable("unpacks_too_large")
            self._starts.append(self._size)

    def __getitem__(self, index: int) -> str:
        start, end = self._starts[index], self._starts[index + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self._starts) - 1


@contextmanager
def _shared_strings(archive: zipfile.ZipFile) -> Iterator[_Strings]:
    with tempfile.TemporaryFile() as file:
        strings = _Strings(file)
        if "xl/sharedStrings.xml" in archive.namelist():
            _parse(archive, "xl/sharedStrings.xml", strings)
        file.flush()
        yield strings


class _Sheet(ContentHandler):
    """Collects one row at a time; nothing else of the sheet is kept."""

    def __init__(self, strings: _Strings, dates: frozenset[str], epoch_1904: bool) -> None:
        super().__init__()
        self._strings, self._dates = strings, dates
        self._epoch = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 -- a spreadsheet's time has no zone
        self._rows: list[Row] = []
        self._cells: list[Any] = []
        self._number = self._column = 0
        self._type = self._style = ""
        self._parts: list[str] | None = None
        self._texts: list[str] = []
        self._length = 0
        self.ended = False

    def ready(self) -> Iterator[Row]:
        rows, self._rows = self._rows, []
        return iter(rows)

    def startElement(self, name: str, attrs: Any) -> None:  # noqa: N802
        tag = name if ":" not in name else _local(name)
        if tag == "c":
            self._begin_cell(attrs)
        elif tag in ("v", "t"):
            self._parts = []
        elif tag == "row":
            number = int(attrs.get("r") or self._number + 1)
            if not self._number < number <= LAST_ROW:
                raise Unreadable("broken_xlsx")
            self._number = number
            self._cells, self._column = [], 0

    def _begin_cell(self, attrs: Any) -> None:
        place = attrs.get("r")
        column = _column_of(place) if place else self._column + 1
        if column > MAX_COLUMNS:
            raise Unreadable("too_many_columns", row=str(self._number), most=str(MAX_COLUMNS))
        if column <= self._column:
            raise Unreadable("broken_xlsx")
        self._cells.extend([None] * (column - self._column - 1))
        self._column = column
        self._type, self._style = attrs.get("t", "n"), attrs.get("s", "")
        self._texts, self._length = [], 0

    def characters(self, content: str) -> None:
        if self._parts is not None:
            self._length += len(content)
            if self._length > LONGEST_CELL:
                raise Unreadable("cell_too_long", row=str(self._number))
            self._parts.append(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        tag = name if ":" not in name else _local(name)
        if tag in ("v", "t"):
            self._texts.append("".join(self._parts or ()))
            self._parts = None
        elif tag == "c":
            self._cells.append(self._value("".join(self._texts)) if self._texts else None)
        elif tag == "row":
            if any(cell is not None and cell != "" for cell in self._cells):
                self._rows.append(Row(self._number, self._cells))
        elif tag == "sheetData":
            self.ended = True

    def _value(self, text: str) -> Any:
        if self._type == "s":
            index = int(text)
            if not 0 <= index < len(self._strings):
                raise Unreadable("broken_xlsx")
            return self._strings[index]
        if self._type in ("inlineStr", "str"):
            return text
        if self._type == "e":
            return CellError(text[:20])
        if self._type == "b":
            return text == "1"
        if self._type == "d":
            return datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)
        return self._number_value(text) if text.strip() else None

    def _number_value(self, text: str) -> Any:
        number = float(text)
        if self._style in self._dates:
            return _moment(number, self._epoch)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _moment(number: float, epoch: datetime) -> Any:
    try:
        found = from_excel(number, epoch)
    except (OverflowError, ValueError):
        return number
    if isinstance(found, time | timedelta) or found is None:
        return number
    return found if isinstance(found, date) else number


def _column_of(place: str) -> int:
    """``AB12`` is column 28."""
    found = 0
    for letter in place:
        if not letter.isalpha():
            break
        found = found * 26 + ord(letter.upper()) - 64
        if found > 100_000:
            break
    return found


def _local(name: str) -> str:
    return name.rpartition(":")[2]
