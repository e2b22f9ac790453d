"""Find an elder by whatever an operator was told: a part of the name or of how it sounds, its initials, a part of the
address, the end of a telephone number, the number of a device, an identity number or its end.

Each word of the query must match one of these. The database keeps a narrow row of each elder's texts (migration 0019),
so that no writer can forget it, and an index of the pieces of two or three characters that they are cut into. Pieces
only choose the candidates; the text itself decides. Measured on 372,500 elders in bench/register.py.
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
    Boolean,
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from dispatch.models.among import on_postgresql
from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder
from dispatch.models.sealed import TAIL, has_identity, has_identity_tail, has_phone, has_tail
from dispatch.services.phone_numbers import normal_number

MOST_WORDS = 6
LONGEST_WORD = 60
SHORTEST_PHONE = 7
MOST_NAMED = 5_000
"""Elders that one reading of a word as a number may lead to."""
FIRST = "1"
"""Marks the pieces of a beginning: one letter of the initials, two of the sound."""
_IDENTITY = re.compile(r"[0-9]{17}[0-9xX]")
_IDENTITY_ENDING = re.compile(r"[0-9]{5,16}[0-9xX]|[0-9]{3,4}[xX]")
"""From six characters on: four digits are the end of a telephone, and must not find twice as many."""

_DIALLED = re.compile(r"\+?[0-9](?:[ ()-]*[0-9]){6,19}")
"""A telephone number in groups is one word."""

Ids = Select[Any]

ROWS = table(
    "search_rows",
    column("elder_id", BigInteger),
    column("area_id", BigInteger),
    column("archived", Boolean),
    column("name", Text),
    column("pinyin", Text),
    column("initials", Text),
    column("address", Text),
)
PLANNED_FOR_ITSELF = select(func.set_config("plan_cache_mode", "force_custom_plan", literal(value=True)))
"""A plan for any words would be one for the average word, and neither a surname nor a county is that. For the
transaction.
"""


@dataclass(frozen=True)
class Matches:
    """Conditions on ``ROWS``: those that an index answers, and the texts, which alone would do and decide."""

    indexed: tuple[ColumnElement[bool], ...] = ()
    decided: tuple[ColumnElement[bool], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.decided)

    @property
    def ids(self) -> Ids:
        return select(ROWS.c.elder_id).where(*self.indexed, *self.decided)


def words(q: str) -> list[str]:
    """Full-width letters and digits, as some keyboards write them, are the same as narrow ones."""
    narrow = unicodedata.normalize("NFKC", q)
    if _DIALLED.fullmatch(narrow):
        return ["".join(character for character in narrow if character in "+0123456789")]
    return [word[:LONGEST_WORD] for word in narrow.split()[:MOST_WORDS]]


def look(session: Session, q: str) -> Matches:
    """What ``q`` means. An empty query matches everybody."""
    asked = words(q)
    indexed, decided = [], []
    numbers = _named(session, asked)
    for which, word in enumerate(asked):
        readings = list(_readings(word.lower()))
        ids = numbers[which]
        named = [among(session, ROWS.c.elder_id, ids)] if ids else []
        indexed.append(or_(*_index(session, [one.pieces for one in readings]), *named))
        decided.append(or_(*(condition for one in readings for condition in one.texts), *named))
    if asked and on_postgresql(session):
        session.execute(PLANNED_FOR_ITSELF)
    return Matches(tuple(indexed), tuple(decided))


def among(session: Session, key: ColumnElement[int], ids: Collection[int]) -> ColumnElement[bool]:
    """Thousands of ids as one parameter: one by one they would take longer to compile than to look up."""
    if on_postgresql(session):
        return key == any_(cast(sorted(ids), ARRAY(BigInteger)))
    return key.in_(select(func.json_each(json.dumps(sorted(ids))).table_valued("value").c.value))


@dataclass(frozen=True)
class _Reading:
    """Texts of which a word may be a part, and the pieces that they all have then."""

    pieces: list[str]
    texts: list[ColumnElement[bool]]


def _readings(low: str) -> Iterator[_Reading]:
    letters = low.isascii() and low.isalpha()
    texts = [ROWS.c.name.contains(low, autoescape=True)]
    if len(low) >= 2:
        texts.append(ROWS.c.address.contains(low, autoescape=True))
        if letters:
            texts.append(ROWS.c.initials.contains(low, autoescape=True))
    yield _Reading(pieces(low, 2), texts)
    if letters and len(low) < 3:
        yield _Reading([FIRST + low], [ROWS.c.pinyin.startswith(low, autoescape=True)])
    elif letters:
        yield _Reading(pieces(low, 3), [ROWS.c.pinyin.contains(low, autoescape=True)])


def pieces(whole: str, size: int) -> list[str]:
    """Of which ``whole`` can be laid: ``pieces("wang", 3)`` is wan, ang. A shorter text is its own piece.

    Each more is another long list to the index, and those between these would leave out hardly anybody.
    """
    last = max(0, len(whole) - size)
    return list(dict.fromkeys(whole[i : i + size] for i in (*range(0, last, size), last)))


def _index(session: Session, readings: list[list[str]]) -> list[ColumnElement[bool]]:
    """Rows that have all pieces of one of the readings."""
    if on_postgresql(session):
        c = ROWS.c
        has = func.search_row_grams(c.name, c.pinyin, c.initials, c.address, type_=ARRAY(Text))
        return [has.op("@>", is_comparison=True)(cast(one, ARRAY(Text))) for one in readings]
    # A piece that is no letter or digit is no word to SQLite's index.
    known = [[_quoted(piece) for piece in one if any(c.isalnum() for c in piece)] for one in readings]
    if not all(known):
        return [true()]
    asked = " OR ".join(f"({' AND '.join(one)})" for one in known)
    words_of = table("search_words", column("rowid"))
    match = column("search_words", is_literal=True).op("MATCH")(asked)
    return [ROWS.c.elder_id.in_(select(words_of.c.rowid).where(match))]


def _quoted(piece: str) -> str:
    doubled = piece.replace('"', '""')
    return f'"{doubled}"'


def _named(session: Session, asked: list[str]) -> dict[int, set[int]]:
    """Whom each of the words leads to as a number, all asked at once."""
    ways = [(which, way) for which, word in enumerate(asked) for way in _exact_ways(session, word)]
    limited = [
        select(literal(which).label("word"), way.limit(MOST_NAMED).subquery().c[0].label("id")) for which, way in ways
    ]
    found: dict[int, set[int]] = {which: set() for which, _ in ways}
    for which, key in session.execute(union_all(*limited)) if limited else ():
        found[which].add(key)
    return found


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
    few = session.execute(select(Elder.id, number).where(same_tail).limit(MOST_NAMED))
    return select(Elder.id).where(Elder.id.in_([key for key, whole in few if whole and whole.endswith(ending)]))
