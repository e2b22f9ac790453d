"""Find an elder by whatever an operator was told: a part of the name or of how it sounds, its initials, a part of the
address, the end of a telephone number, the number of a device, an identity number or its end.

Each word of the query must match one of these. Names and addresses are cut into grams, pieces of two or three
characters; the database keeps an index of them itself (migration 0004), so that no writer can forget it. Grams only
choose the candidates; the text itself decides.

A word that thousands match (a county, a surname) is no help to an index, and its matches stand close together: then the
rows are read in their order until a page is full. Several such words may still meet in few. Measured on 372,500 elders
in bench/register.py.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    column,
    func,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.models.sealed import TAIL, has_identity, has_identity_tail, has_phone, has_tail
from dispatch.services.calls import normal_number

MOST_WORDS = 6
LONGEST_WORD = 60
SHORTEST_PHONE = 7
MANY = 5_000
"""Matches of a word beyond which it says too little for an index."""
FIRST = "1"
"""Marks the grams of a beginning: one letter of the initials, two of the sound."""
_IDENTITY = re.compile(r"[0-9]{17}[0-9xX]")
_IDENTITY_ENDING = re.compile(r"[0-9]{5,16}[0-9xX]|[0-9]{3,4}[xX]")
"""From six characters on: four digits are the end of a telephone, and must not find twice as many."""

_DIALLED = re.compile(r"\+?[0-9](?:[ ()-]*[0-9]){6,19}")
"""A telephone number in groups is one word."""

Ids = Select[Any]


@dataclass(frozen=True)
class Matches:
    where: tuple[ColumnElement[bool], ...]
    """What must hold of ``Elder``."""
    few: bool
    """An index leads to them; else they are found by reading on until there are enough."""


def words(q: str) -> list[str]:
    """Full-width letters and digits, as some keyboards write them, are the same as narrow ones."""
    narrow = unicodedata.normalize("NFKC", q)
    if _DIALLED.fullmatch(narrow):
        return ["".join(character for character in narrow if character in "+0123456789")]
    return [word[:LONGEST_WORD] for word in narrow.split()[:MOST_WORDS]]


def look(session: Session, q: str) -> Matches:
    """What ``q`` means. An empty query matches everybody."""
    ids: set[int] | None = None
    many: list[_Many] = []
    for word in sorted(words(q), key=len, reverse=True):
        named = _first(session, list(_exact_ways(session, word)))
        texts = tuple(_text_ways(word.lower()))
        found = _first(session, [way.candidates(on_postgresql(session)) for way in texts])
        if len(found) <= MANY:
            ids = found | named if ids is None else ids & (found | named)
        else:
            many.append(_Many(texts, among(session, named)))
    if ids is None and len(many) > 1:
        ids = _together(session, many)
        many = many if ids is None else []
    where = [one.holds for one in many]
    if ids is not None:
        where.append(among(session, ids))
    return Matches(tuple(where), few=ids is not None or not where)


def _together(session: Session, many: list[_Many]) -> set[int] | None:
    """Those in whom words meet that thousands match each; None: they too are thousands."""
    first, rest = many[0], [one.holds for one in many[1:]]
    ways = [way.candidates(on_postgresql(session)) for way in first.texts]
    found = _first(session, [way.where(*rest) for way in (*ways, select(Elder.id).where(first.named))])
    return found if len(found) <= MANY else None


def on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def among(session: Session, ids: Collection[int]) -> ColumnElement[bool]:
    """Thousands of ids as one parameter: one by one they would take longer to compile than to look up."""
    if on_postgresql(session):
        return Elder.id == any_(cast(sorted(ids), ARRAY(BigInteger)))
    return Elder.id.in_(select(func.json_each(json.dumps(sorted(ids))).table_valued("value").c.value))


def _first(session: Session, ways: list[Ids]) -> set[int]:
    """The ids of each way, but no more than show that there are many."""
    if not ways:
        return set()
    limited = [select(way.limit(MANY + 1).subquery().c[0]) for way in ways]
    return set(session.scalars(union_all(*limited)))


@dataclass(frozen=True)
class _Text:
    """One reading of a word as a part of a text."""

    home: bool
    grams: list[str]
    exactly: ColumnElement[bool]

    def candidates(self, by_arrays: bool) -> Ids:
        if self.home:
            statement = select(Elder.id).join(Household, Household.id == Elder.household_id)
            return statement.where(*_gram_index("households", Household.id, self.grams, by_arrays), self.exactly)
        return select(Elder.id).where(*_gram_index("elders", Elder.id, self.grams, by_arrays), self.exactly)

    @property
    def holds(self) -> ColumnElement[bool]:
        """Of an elder, whose home is looked up alone: a join, or an EXISTS that PostgreSQL hashes, would read all homes
        for a few elders.
        """
        if not self.home:
            return self.exactly
        home = select(self.exactly).where(Household.id == Elder.household_id)
        return home.correlate(Elder).scalar_subquery()


@dataclass(frozen=True)
class _Many:
    """A word that says too little for an index."""

    texts: tuple[_Text, ...]
    named: ColumnElement[bool]

    @property
    def holds(self) -> ColumnElement[bool]:
        return or_(*(way.holds for way in self.texts), self.named)


def _text_ways(low: str) -> Iterator[_Text]:
    yield _Text(False, pieces(low, 2), func.lower(Elder.name).contains(low, autoescape=True))
    if len(low) >= 2:
        yield _Text(True, pieces(low, 2), func.lower(Household.address).contains(low, autoescape=True))
    if not (low.isascii() and low.isalpha()):
        return
    if len(low) < 3:
        yield _Text(False, [FIRST + low], Elder.pinyin.startswith(low, autoescape=True))
    else:
        yield _Text(False, pieces(low, 3), Elder.pinyin.contains(low, autoescape=True))
    if len(low) >= 2:
        yield _Text(False, pieces(low, 2), Elder.initials.contains(low, autoescape=True))


def pieces(text: str, size: int) -> list[str]:
    """``pieces("wang", 3)`` is wan, ang; a shorter text is its own piece."""
    return list(dict.fromkeys(text[i : i + size] for i in range(max(1, len(text) - size + 1))))


def _gram_index(
    where: str, row_id: InstrumentedAttribute[int], grams: list[str], by_arrays: bool
) -> list[ColumnElement[bool]]:
    """Rows that have all these grams."""
    if by_arrays:
        indexed: dict[str, Any] = {
            "elders": func.search_name_grams(Elder.name, Elder.pinyin, Elder.initials, type_=ARRAY(Text)),
            "households": func.search_grams(Household.address, type_=ARRAY(Text)),
        }
        return [indexed[where].op("@>", is_comparison=True)(cast(grams, ARRAY(Text)))]
    # A piece that is no letter or digit is no word to SQLite's index.
    asked = [gram.replace('"', '""') for gram in grams if any(c.isalnum() for c in gram)]
    if not asked:
        return []
    index = table(f"search_{where}", column("rowid"))
    match = column(f"search_{where}", is_literal=True).op("MATCH")(" AND ".join(f'"{gram}"' for gram in asked))
    return [row_id.in_(select(index.c.rowid).where(match))]


def _exact_ways(session: Session, word: str) -> Iterator[Ids]:
    """Readings of a word as a number that only few can have."""
    yield select(Elder.id).join(Device, Device.elder_id == Elder.id).where(Device.number == word)
    of_home = select(Elder.id).join(Device, Device.household_id == Elder.household_id)
    yield of_home.where(Device.number == word, Device.elder_id.is_(None))
    if _IDENTITY.fullmatch(word):
        yield select(Elder.id).where(has_identity(Elder.identity_index, word.upper()))
    if _IDENTITY_ENDING.fullmatch(word):
        ending = word.upper()
        same_tail = has_identity_tail(Elder.identity_tail_index, ending)
        yield _ending(session, Elder.identity_number, same_tail, ending)
    digits = (normal_number(word) or "") if word.startswith("+") else word
    if not (digits.isascii() and digits.isdigit() and len(digits) >= TAIL):
        return
    if len(digits) == TAIL:
        yield select(Elder.id).where(has_tail(Elder.phone_tail_index, digits))
    else:
        yield _ending(session, Elder.phone, has_tail(Elder.phone_tail_index, digits), digits)
    if len(digits) >= SHORTEST_PHONE:
        number = normal_number(digits) or digits
        yield select(Elder.id).where(has_phone(Elder.phone_index, number))
        yield select(Contact.elder_id).where(has_phone(Contact.phone_index, number))


def _ending(
    session: Session, number: InstrumentedAttribute[str | None], same_tail: ColumnElement[bool], ending: str
) -> Ids:
    """The index knows four characters; those few numbers are opened to compare the others."""
    few = session.execute(select(Elder.id, number).where(same_tail).limit(MANY))
    return select(Elder.id).where(Elder.id.in_([key for key, whole in few if whole and whole.endswith(ending)]))
