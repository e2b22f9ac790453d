"""One row of a file: every cell read, what follows from another cell added, what contradicts itself refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dispatch.domain import identity
from dispatch.domain.imports.cells import Fault, Refused, read_cell
from dispatch.domain.imports.template import Column, Template

Values = dict[str, Any]


@dataclass(frozen=True)
class Row:
    number: int
    """As the spreadsheet counts: the headings are row 1."""
    cells: Sequence[Any]


def is_empty(row: Row) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in row.cells)


def read_row(template: Template, columns: Sequence[Column | None], row: Row, today: date) -> tuple[Values, list[Fault]]:
    """The filled cells by key, and all that is wrong, not only the first."""
    values: Values = {}
    faults: list[Fault] = []
    for column, cell in zip(columns, row.cells, strict=False):
        if column is None or cell is None:
            continue
        try:
            value = read_cell(column, cell, today)
        except Refused as refused:
            faults.append(Fault(column.key, refused.code, refused.data))
            continue
        if value is not None:
            values[column.key] = value
    if any(cell is not None and str(cell).strip() for cell in row.cells[len(columns) :]):
        faults.append(Fault("", "beyond_the_headings"))
    wrong = {fault.column for fault in faults}
    faults += [
        Fault(column.key, "missing")
        for column in template.columns
        if column.required and column.key not in values and column.key not in wrong and column.unless not in values
    ]
    if not faults:
        faults += RULES.get(template.kind, lambda _: [])(values)
    return values, faults


def _elder(values: Values) -> list[Fault]:
    """Adds sex and birth date from the identity number; contacts become a list."""
    faults = _identity_agrees(values)
    if ("lat" in values) != ("lon" in values):
        faults.append(Fault("lat", "half_a_position"))
    if "ability_on" in values and "ability_level" not in values:
        faults.append(Fault("ability_level", "level_missing"))
    contacts = []
    for order in (1, 2, 3):
        parts = {p: values.pop(f"contact{order}_{p}", None) for p in ("name", "relation", "phone")}
        if not any(parts.values()):
            continue
        for part in ("name", "phone"):
            if not parts[part]:
                faults.append(Fault(f"contact{order}_{part}", "half_a_contact"))
        contacts.append(parts)
    if contacts:
        values["contacts"] = contacts
    return faults


def _identity_agrees(values: Values) -> list[Fault]:
    number = values.get("identity_number")
    if number is None:
        return []
    faults = []
    if values.setdefault("birth_date", identity.birth(number)) != identity.birth(number):
        faults.append(Fault("birth_date", "not_as_in_identity_number"))
    if values.setdefault("sex", identity.sex_of(number)) != identity.sex_of(number):
        faults.append(Fault("sex", "not_as_in_identity_number"))
    return faults


RULES = {"elders": _elder}
