"""What those mean who are called by the cascade: 1 I go, 2 I am there, 0 I cannot; or in their own words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatch.domain.wording import Token, Word, digits, scan


class Meaning(StrEnum):
    ACCEPT = "accept"
    ARRIVED = "arrived"
    DECLINE = "decline"
    UNCLEAR = "unclear"
    """A person must read it; nothing follows from it."""


@dataclass(frozen=True)
class Reply:
    meaning: Meaning
    minutes: int | None = None
    """In how many minutes the person says to be there."""


MENU = {"1": Meaning.ACCEPT, "2": Meaning.ARRIVED, "0": Meaning.DECLINE}
WORDS = {
    Word.YES: Meaning.ACCEPT,
    Word.UNDER_WAY: Meaning.ACCEPT,
    Word.MINUTES: Meaning.ACCEPT,
    Word.ARRIVED: Meaning.ARRIVED,
    Word.NO: Meaning.DECLINE,
}
"""Who is called has been asked one thing, so that being under way answers it."""
LONGEST = 240
"""Minutes; more is a slip of the finger and not a promise."""


def read(text: str) -> Reply:
    """Only what is understood as a whole counts, never a word inside of a sentence: "不好" is no "好"."""
    tokens = [token for token in scan(text) if token.word is not Word.COURTESY]
    tokens, minutes = _minutes(tokens)
    said = {_meaning(token) for token in tokens}
    if len(said) != 1 or not all(0 < n <= LONGEST for n in minutes) or len(minutes) > 1:
        return Reply(Meaning.UNCLEAR)
    meaning = said.pop()
    if minutes and meaning is not Meaning.ACCEPT:
        return Reply(Meaning.UNCLEAR)
    return Reply(meaning, minutes[0] if minutes else None)


def _minutes(tokens: list[Token]) -> tuple[list[Token], list[int]]:
    """ "15分钟", or after a bare 1 a bare number: "1 15"."""
    if len(tokens) == 2 and all(t.word is Word.NUMBER for t in tokens) and digits(tokens[0]) == "1":
        return tokens[:1], [int(digits(tokens[1]))]
    return tokens, [token.number for token in tokens if token.word is Word.MINUTES]


def _meaning(token: Token) -> Meaning:
    if token.word is Word.NUMBER:
        return MENU.get(digits(token), Meaning.UNCLEAR)
    return WORDS.get(token.word, Meaning.UNCLEAR)
