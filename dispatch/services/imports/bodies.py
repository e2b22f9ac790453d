"""Rows on their way from the file into the register, packed: small, and sealed like the register itself."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dispatch.domain.imports.cells import CellError, Fault, text_of
from dispatch.domain.imports.rows import Row, Values
from dispatch.domain.imports.template import CellKind, Template


@dataclass
class Entry:
    """One row on its way: what it says, who it is about, and what would become of it."""

    number: int
    values: Values
    faults: list[Fault] = field(default_factory=list)
    target: int | None = None
    """The row of the register that it is about; None: it is new."""
    changes: list[str] = field(default_factory=list)
    person: int | None = None
    """The elder of the register whom it names; needed while the file is checked."""

    @property
    def verdict(self) -> str:
        if self.faults:
            return "error"
        if self.target is None:
            return "new"
        return "changed" if self.changes else "same"

    def refuse(self, column: str, code: str, **data: str) -> None:
        self.faults.append(Fault(column, code, data))


def pack(entries: list[Entry]) -> str:
    body = [(entry.number, entry.values, entry.target, entry.changes) for entry in entries]
    return _small(json.dumps(body, ensure_ascii=False, default=_plain))


def unpack(body: str, template: Template) -> list[Entry]:
    dates = [column.key for column in template.columns if column.kind is CellKind.DATE]
    found = []
    for number, values, target, changes in json.loads(_large(body)):
        entry = Entry(number, values, [], target, changes)
        for key in dates:
            if key in entry.values:
                entry.values[key] = date.fromisoformat(entry.values[key])
        found.append(entry)
    return found


def pack_cells(row: Row) -> str:
    """The cells of a wrong row as their writer saw them."""
    cells = [cell.code if isinstance(cell, CellError) else "" if cell is None else text_of(cell) for cell in row.cells]
    return json.dumps(cells, ensure_ascii=True)


def unpack_cells(body: str) -> list[str]:
    found: list[str] = json.loads(body)
    return found


def _small(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 1)).decode()


def _large(text: str) -> str:
    return zlib.decompress(base64.b64decode(text)).decode()


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
