"""A documented table: its columns in both languages, what may stand in them, how a file's first row is understood."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any

LONGEST_HEADING = 60


class CellKind(StrEnum):
    TEXT = "text"
    DATE = "date"
    INTEGER = "integer"
    DECIMAL = "decimal"
    CHOICE = "choice"
    CHOICES = "choices"
    LIST = "list"
    YES_NO = "yes_no"
    PHONE = "phone"
    IDENTITY = "identity"
    AREA = "area"
    HOURS = "hours"
    """Of a week."""
    PAPERS = "papers"
    """Certificates, each of a skill."""


@dataclass(frozen=True)
class Choice:
    code: str
    zh: str
    en: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    key: str
    zh: str
    en: str
    kind: CellKind
    required: bool
    unless: str | None
    """Not required in a row in which this column is filled: it follows from it."""
    example: str
    explain_zh: str
    explain_en: str
    longest: int
    least: float | None
    most: float | None
    choices: tuple[Choice, ...]

    @cached_property
    def codes(self) -> Mapping[str, str]:
        """Every accepted spelling, folded, with its code."""
        return {fold(word): c.code for c in self.choices for word in (c.code, c.zh, c.en, *c.also)}

    def heading(self, language: str) -> str:
        return self.zh if language == "zh" else self.en

    def explanation(self, language: str) -> str:
        return self.explain_zh if language == "zh" else self.explain_en


@dataclass(frozen=True)
class Template:
    kind: str
    zh: str
    en: str
    columns: tuple[Column, ...]

    @cached_property
    def by_key(self) -> Mapping[str, Column]:
        return {column.key: column for column in self.columns}

    @cached_property
    def by_heading(self) -> Mapping[str, Column]:
        return {fold(word): column for column in self.columns for word in (column.zh, column.en, column.key)}


class WrongHeadings(Exception):
    """The first row does not name the columns of the template. ``code`` and ``headings`` say what is the matter."""

    def __init__(self, code: str, headings: Iterable[str]) -> None:
        super().__init__(code)
        self.code = code
        self.headings = [heading[:LONGEST_HEADING] for heading in headings][:20]


@lru_cache(maxsize=10_000)
def fold(word: str) -> str:
    """Spelling that does not matter: width, case, blanks, the star of a required column."""
    plain = unicodedata.normalize("NFKC", word).casefold()
    return "".join(c for c in plain if not c.isspace() and c not in "*_-()") or plain


def understand(template: Template, first_row: Iterable[Any]) -> list[Column | None]:
    """Which column stands where; None for an empty heading. Raises ``WrongHeadings``.

    A heading that we do not know is refused and not left out: whoever typed 电话号 for 电话 must not lose 300 numbers.
    """
    titles = ["" if cell is None else str(cell).strip() for cell in first_row]
    while titles and not titles[-1]:
        titles.pop()
    if not any(titles):
        raise WrongHeadings("no_headings", [])
    found = [template.by_heading.get(fold(title)) if title else None for title in titles]
    # What we added to a file of errors ourselves is left out when the mended file comes back.
    notes = [i for i, title in enumerate(titles) if title and found[i] is None and fold(title) in NOTES]
    unknown = [t for i, t in enumerate(titles) if t and found[i] is None and i not in notes]
    if unknown:
        raise WrongHeadings("unknown_headings", unknown)
    present = [column.key for column in found if column is not None]
    if twice := sorted({key for key in present if present.count(key) > 1}):
        raise WrongHeadings("headings_twice", (template.by_key[key].zh for key in twice))
    missing = [c for c in template.columns if c.required and c.key not in present and c.unless not in present]
    if missing:
        raise WrongHeadings("headings_missing", (c.zh for c in missing))
    return found


NOTE_ROW, NOTE_FAULT = {"zh": "原行号", "en": "Row in your file"}, {"zh": "错误说明", "en": "What is wrong"}
NOTES = frozenset(fold(word) for note in (NOTE_ROW, NOTE_FAULT) for word in note.values())


def template_of(body: Mapping[str, Any], choices: Mapping[str, list[Mapping[str, Any]]] | None = None) -> Template:
    """From the contents of a YAML file; ``choices`` are the lists that it names with ``choices_from``.

    Raises KeyError, ValueError or TypeError naming what is wrong.
    """
    columns = tuple(_column(one, choices or {}) for one in body["columns"])
    made = Template(str(body["kind"]), str(body["zh"]), str(body["en"]), columns)
    if len(made.by_key) != len(columns):
        raise ValueError("a key stands twice")
    words = {fold(word) for column in columns for word in {column.zh, column.en}}
    if len(words) < sum(len({fold(column.zh), fold(column.en)}) for column in columns):
        raise ValueError("a heading stands twice")
    for column in columns:
        if column.unless is not None and column.unless not in made.by_key:
            raise ValueError(f"{column.key}: there is no column {column.unless}")
    return made


def _column(body: Mapping[str, Any], choices: Mapping[str, list[Mapping[str, Any]]]) -> Column:
    kind = CellKind(body["kind"])
    listed = choices[body["choices_from"]] if "choices_from" in body else body.get("choices", [])
    if bool(listed) != (kind in (CellKind.CHOICE, CellKind.CHOICES, CellKind.PAPERS)):
        raise ValueError(f"{body['key']}: choices belong to the kinds choice, choices and papers")
    return Column(
        key=str(body["key"]),
        zh=str(body["zh"]),
        en=str(body["en"]),
        kind=kind,
        required=bool(body.get("required", False)),
        unless=body.get("unless"),
        example=str(body.get("example", "")),
        explain_zh=str(body["explain_zh"]),
        explain_en=str(body["explain_en"]),
        longest=int(body.get("longest", 200)),
        least=body.get("least"),
        most=body.get("most"),
        choices=tuple(
            Choice(str(one["code"]), str(one["zh"]), str(one["en"]), tuple(map(str, one.get("also", ()))))
            for one in listed
        ),
    )


@dataclass(frozen=True)
class Book:
    """All templates, and the words for what can be wrong, by code and language."""

    templates: Mapping[str, Template]
    faults: Mapping[str, Mapping[str, str]]

    def say(self, code: str, data: Mapping[str, str], language: str) -> str:
        text = self.faults.get(code, {}).get(language, code)
        for name, value in data.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def say_of(self, template: Template, fault: Mapping[str, Any], language: str) -> str:
        """One fault of a row, with the column's heading before it."""
        said = self.say(str(fault["code"]), fault.get("data", {}), language)
        column = template.by_key.get(str(fault["column"]))
        return said if column is None else f"{column.heading(language)}{'：' if language == 'zh' else ': '}{said}"
