"""What a helper's short message says to the offers that are open at that telephone, and to the job that follows.

The offer says "回1接单 2不接"; 21 to 24 decline with a reason, 3 is there, 4 is done, 0 wants the operator. A wrong
acceptance leaves an elder alone, so whatever is doubtful goes to a person; a wrong refusal only asks the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.wording import Token, Word, digits, scan


class Meaning(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    ARRIVED = "arrived"
    DONE = "done"
    HELP = "help"
    """Something is wrong where they are; said in words."""
    OPERATOR = "operator"
    """To be rung back: ``0``, or in words."""
    UNCLEAR = "unclear"
    """A person must read it; nothing follows from it."""
    WHICH = "which"
    """An answer, but not to which of several; they are asked for the code."""


@dataclass(frozen=True)
class Answer:
    meaning: Meaning
    code: str | None = None
    """The code that was written, even of an offer that is open no longer; else that of the only open one."""
    reason: str | None = None
    """Of a refusal: busy, far, cannot, sick, other."""


DIGITS: dict[str, tuple[Meaning, str | None]] = {
    "0": (Meaning.OPERATOR, None),
    "1": (Meaning.ACCEPT, None),
    "2": (Meaning.DECLINE, None),
    "3": (Meaning.ARRIVED, None),
    "4": (Meaning.DONE, None),
    "21": (Meaning.DECLINE, "busy"),
    "22": (Meaning.DECLINE, "far"),
    "23": (Meaning.DECLINE, "cannot"),
    "24": (Meaning.DECLINE, "sick"),
}
WORDS = {
    Word.YES: Meaning.ACCEPT,
    Word.NO: Meaning.DECLINE,
    Word.ARRIVED: Meaning.ARRIVED,
    Word.DONE: Meaning.DONE,
    Word.HELP: Meaning.HELP,
    Word.OPERATOR: Meaning.OPERATOR,
}
SILENT = (Word.COURTESY, Word.UNDER_WAY, Word.MINUTES)
"""Beside an answer these change nothing, and alone they are none: "马上到" may be about another job."""
CODE_LENGTHS = (2, 3)


@dataclass(frozen=True)
class _Part:
    """What one token says."""

    clause: int
    meaning: Meaning | None = None
    code: str | None = None
    reason: str | None = None
    digit: bool = False
    doubt: bool = False
    """It asks, or waits."""


def read(text: str, open_codes: Sequence[str]) -> Answer:
    """``open_codes``: of the offers that this telephone has not answered yet."""
    tokens = [token for token in scan(text) if token.word not in SILENT]
    parts = [part for token in tokens for part in _parts(token, open_codes, alone=len(tokens) == 1)]
    meaning = _together(parts)
    codes = {part.code for part in parts if part.code is not None}
    code = codes.pop() if len(codes) == 1 else None
    if meaning not in (Meaning.ACCEPT, Meaning.DECLINE):
        return Answer(meaning, None if meaning is Meaning.UNCLEAR else code)
    reason = _reason(parts) if meaning is Meaning.DECLINE else None
    if code is None and (codes or len(open_codes) > 1):
        return Answer(Meaning.WHICH, reason=reason)
    return Answer(meaning, code or next(iter(open_codes), None), reason)


def _parts(token: Token, open_codes: Sequence[str], *, alone: bool) -> Iterator[_Part]:
    if token.word is Word.NAMED:
        yield _code_or_unclear(token.clause, digits(token))
    elif token.word is Word.NUMBER:
        yield _number(token.clause, digits(token), open_codes, alone=alone)
    else:
        doubt = token.word in (Word.WAIT, Word.ASKING)
        yield _Part(token.clause, WORDS.get(token.word, Meaning.UNCLEAR), reason=token.reason, doubt=doubt)


def _number(clause: int, written: str, open_codes: Sequence[str], *, alone: bool) -> _Part:
    """A number is a code, an answer, or both without a blank between them: "1372". Two readings are none."""
    if written in open_codes:
        twofold = alone and written in DIGITS
        return _Part(clause, Meaning.UNCLEAR) if twofold else _Part(clause, code=written)
    if written in DIGITS:
        meaning, reason = DIGITS[written]
        return _Part(clause, meaning, reason=reason, digit=True)
    readings = {(a, c) for c in open_codes for a in DIGITS if len(a) == 1 and written in (a + c, c + a)}
    if len(readings) == 1:
        answer, code = readings.pop()
        return _Part(clause, DIGITS[answer][0], code, DIGITS[answer][1], digit=True)
    return _Part(clause, Meaning.UNCLEAR) if readings else _code_or_unclear(clause, written)


def _code_or_unclear(clause: int, written: str) -> _Part:
    return _Part(clause, code=written) if len(written) in CODE_LENGTHS else _Part(clause, Meaning.UNCLEAR)


def _together(parts: list[_Part]) -> Meaning:
    """The one meaning of all parts, unclear where they contradict each other or leave a doubt.

    Three still count beside words that nobody taught us: a call for help, a wish to be rung back, and a refusal that
    has a clause of its own, with whatever reason.
    """
    said = {part.meaning for part in parts if part.meaning is not None}
    strange = {part.clause for part in parts if part.meaning is Meaning.UNCLEAR}
    doubtful = {part.clause for part in parts if part.doubt}
    clear = said - {Meaning.UNCLEAR}
    if any(part.meaning is Meaning.HELP and part.clause not in doubtful for part in parts):
        return Meaning.HELP
    if clear == {Meaning.OPERATOR} and not (strange and any(part.digit for part in parts)):
        return Meaning.OPERATOR
    if clear == {Meaning.DECLINE} and not doubtful:
        firm = any(part.meaning is Meaning.DECLINE and part.clause not in strange for part in parts)
        return Meaning.DECLINE if firm else Meaning.UNCLEAR
    if len(said) == 1:
        return said.pop()
    digit = any(part.digit for part in parts)
    return Meaning.UNCLEAR if digit else LATER.get(frozenset(said), Meaning.UNCLEAR)


LATER: dict[frozenset[Meaning], Meaning] = {
    frozenset({Meaning.ACCEPT, Meaning.ARRIVED}): Meaning.ARRIVED,
    frozenset({Meaning.ACCEPT, Meaning.DONE}): Meaning.DONE,
    frozenset({Meaning.ARRIVED, Meaning.DONE}): Meaning.DONE,
}
"""Who says "好的,到了" or "到了,做完了" has said the later thing."""


def _reason(parts: list[_Part]) -> str | None:
    known = [part.reason for part in parts if part.reason is not None]
    strange = any(part.meaning is Meaning.UNCLEAR for part in parts)
    return known[0] if known else "other" if strange else None
