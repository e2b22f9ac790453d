"""Tables of text: UTF-8 with or without its mark, or GB18030, which Chinese Excel writes."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from typing import IO

from dispatch.domain.imports.rows import Row
from dispatch.services.imports.limits import LONGEST_CELL, MAX_COLUMNS, Unreadable

PIECE = 1 << 20
LONGEST_LINE = 1 << 20


def encoding_of(file: IO[bytes]) -> str:
    """UTF-8 is tried to the end of the file: it is never right by chance, GB18030 often is."""
    file.seek(0)
    if file.read(3) == codecs.BOM_UTF8:
        return "utf-8-sig"
    for name in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(name)()
        file.seek(0)
        try:
            while piece := file.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return name
    raise Unreadable("unknown_encoding")


def rows(file: IO[bytes]) -> Generator[Row, None, None]:
    encoding = encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        delimiter = _delimiter(text.readline(LONGEST_LINE))
        text.seek(0)
        yield from _rows(csv.reader(_short_lines(text), delimiter=delimiter, strict=True))
    finally:
        text.detach()  # the file is not ours to close


def _rows(reader: Iterator[list[str]]) -> Iterator[Row]:
    number = 0
    try:
        for cells in reader:
            number += 1
            if len(cells) > MAX_COLUMNS:
                raise Unreadable("too_many_columns", row=str(number), most=str(MAX_COLUMNS))
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise Unreadable("cell_too_long", row=str(number))
            if any(cell.strip() for cell in cells):
                yield Row(number, cells)
    except csv.Error as error:
        raise Unreadable("broken_csv", row=str(number + 1), reason=str(error)) from error


def _short_lines(text: IO[str]) -> Iterator[str]:
    """A file without a line's end must not be read into memory whole."""
    while line := text.readline(LONGEST_LINE):
        if len(line) >= LONGEST_LINE:
            raise Unreadable("line_too_long")
        yield line


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)
