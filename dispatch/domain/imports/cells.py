"""What stands in one cell, understood or refused with a reason that its writer can act on."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from dispatch.domain import identity
from dispatch.domain.identity import OLDEST
from dispatch.domain.imports.template import CellKind, Column, fold
from dispatch.domain.imports.working import read_hours, read_papers

Cell = str | int | float | bool | date | datetime | None
EXCEL_EPOCH = date(1899, 12, 30)
SEPARATORS = re.compile(r"[,;、,;\n]+")
YES = frozenset({"是", "有", "y", "yes", "true", "1", "√", "✓"})
NO = frozenset({"否", "无", "不是", "n", "no", "false", "0", "×"})
DATE_FORMS = (
    re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?$"),
    re.compile(r"^(\d{4})(\d{2})(\d{2})$"),
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
PHONE = re.compile(r"^\+?[0-9]{5,20}$")
MOBILE = re.compile(r"^1[0-9]{10}$")


@dataclass(frozen=True)
class CellError:
    """Excel's own mark for a formula that failed, such as ``#N/A``."""

    code: str


@dataclass(frozen=True)
class Fault:
    column: str
    """The column's key; empty when it is about the whole row."""
    code: str
    data: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "code": self.code, "data": dict(self.data)}


class Refused(Exception):
    def __init__(self, code: str, **data: str) -> None:
        super().__init__(code)
        self.code = code
        self.data = data


def read_cell(column: Column, cell: Any, today: date) -> Any:
    """The value of ``cell``, None when it is empty. Raises ``Refused``."""
    if isinstance(cell, CellError):
        raise Refused("cell_error", value=cell.code)
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    return READERS[column.kind](column, cell, today)


def text_of(cell: Any) -> str:
    """A cell as the text that its writer sees; blanks at the ends do not count."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ") if cell.time() != datetime.min.time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def _plain(column: Column, cell: Any) -> str:
    found = unicodedata.normalize("NFC", text_of(cell))
    if found[:1] == "'" and found[1:2] in DANGEROUS:
        found = found[1:]  # what our own exports put before it
    if CONTROL.search(found):
        raise Refused("control_characters")
    if len(found) > column.longest:
        raise Refused("too_long", most=str(column.longest))
    return found


def _text(column: Column, cell: Any, _today: date) -> str:
    found = " ".join(_plain(column, cell).split())
    if found.startswith(("=", "@")):
        raise Refused("formula")
    return found


def _date(_column: Column, cell: Any, today: date) -> date:
    found = _any_date(cell)
    if found is None:
        raise Refused("not_a_date")
    if not OLDEST <= found <= today:
        raise Refused("date_out_of_range")
    return found


def _any_date(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 1 <= cell < 100_000:
        return EXCEL_EPOCH + timedelta(days=int(cell))
    written = unicodedata.normalize("NFKC", text_of(cell))
    for form in DATE_FORMS:
        if match := form.match(written):
            year, month, day = map(int, match.groups())
            try:
                return date(year, month, day)
            except ValueError:
                return None
    return None


def _number(column: Column, cell: Any) -> float:
    if isinstance(cell, int | float):
        found = float(cell)
    else:
        try:
            found = float(unicodedata.normalize("NFKC", text_of(cell)))
        except ValueError:
            raise Refused("not_a_number") from None
    if math.isnan(found) or (column.least is not None and found < column.least):
        raise Refused("out_of_range", least=_bound(column.least), most=_bound(column.most))
    if column.most is not None and found > column.most:
        raise Refused("out_of_range", least=_bound(column.least), most=_bound(column.most))
    return found


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _decimal(column: Column, cell: Any, _today: date) -> float:
    return _number(column, cell)


def _integer(column: Column, cell: Any, _today: date) -> int:
    found = _number(column, cell)
    if not found.is_integer():
        raise Refused("not_a_whole_number")
    return int(found)


def _choice(column: Column, cell: Any, _today: date) -> str:
    found = column.codes.get(fold(text_of(cell)))
    if found is None:
        raise Refused("not_a_choice", choices="、".join(choice.zh for choice in column.choices[:12]))
    return found


def _choices(column: Column, cell: Any, today: date) -> list[str]:
    return list(dict.fromkeys(_choice(column, part, today) for part in _parts(cell)))


def _list(column: Column, cell: Any, today: date) -> list[str]:
    parts = list(dict.fromkeys(_text(column, part, today) for part in _parts(cell)))
    if len(parts) > 20:
        raise Refused("too_many", most="20")
    return parts


def _parts(cell: Any) -> list[str]:
    return [part for part in (p.strip() for p in SEPARATORS.split(text_of(cell))) if part]


def _yes_no(_column: Column, cell: Any, _today: date) -> bool:
    written = fold(text_of(cell))
    if written in YES or written in NO:
        return written in YES
    raise Refused("not_yes_or_no")


def _phone(column: Column, cell: Any, _today: date) -> str:
    if isinstance(cell, float) and abs(cell) >= 1e15:
        raise Refused("lost_digits")
    written = unicodedata.normalize("NFKC", _plain(column, cell))
    found = re.sub(r"[\s\-()./]", "", written)
    if not PHONE.match(found):
        raise Refused("not_a_phone")
    for prefix in ("+86", "0086", "86"):
        if found.startswith(prefix) and MOBILE.match(found[len(prefix) :]):
            return found[len(prefix) :]
    return found


def _identity(_column: Column, cell: Any, today: date) -> str:
    if isinstance(cell, int | float):
        # A spreadsheet keeps 15 digits of a number: the last three of this one are gone for ever.
        raise Refused("lost_digits")
    found = re.sub(r"\s", "", unicodedata.normalize("NFKC", text_of(cell)).upper().lstrip("'"))
    if reason := identity.fault(found, today):
        raise Refused(reason)
    return found


def _hours(column: Column, cell: Any, _today: date) -> Any:
    try:
        return read_hours(_plain(column, cell))
    except ValueError:
        raise Refused("not_hours") from None


def _papers(column: Column, cell: Any, _today: date) -> Any:
    try:
        return read_papers(_plain(column, cell), column.codes, fold)
    except ValueError:
        raise Refused("not_papers") from None


READERS: dict[CellKind, Callable[[Column, Any, date], Any]] = {
    CellKind.TEXT: _text,
    CellKind.DATE: _date,
    CellKind.INTEGER: _integer,
    CellKind.DECIMAL: _decimal,
    CellKind.CHOICE: _choice,
    CellKind.CHOICES: _choices,
    CellKind.LIST: _list,
    CellKind.YES_NO: _yes_no,
    CellKind.PHONE: _phone,
    CellKind.IDENTITY: _identity,
    CellKind.AREA: _text,
    CellKind.HOURS: _hours,
    CellKind.PAPERS: _papers,
}
