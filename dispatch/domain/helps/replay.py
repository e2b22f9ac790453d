"""Who would have been first under other weights: past matches judged anew, and what that would have changed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from dispatch.domain.helps.matching import Candidate, points
from dispatch.domain.helps.rules import MatchRules


@dataclass(frozen=True)
class Remembered:
    """What was known of a candidate when somebody was asked: all that points are given for."""

    id: int
    minutes: float | None
    wish: bool | None
    visits: int
    level: int
    load: int
    capacity: int
    offers_lately: int
    asked: int
    accepted: int

    @classmethod
    def of(cls, one: Candidate) -> Self:
        known = one.facts
        minutes = None if one.way is None else round(one.way.minutes, 1)
        return cls(
            known.id,
            minutes,
            known.wish,
            known.visits,
            known.level,
            known.load,
            known.capacity,
            known.offers_lately,
            known.asked,
            known.accepted,
        )

    def row(self) -> list[Any]:
        """As it is stored: thousands of them are, so without names."""
        return list(vars(self).values())


@dataclass(frozen=True)
class Past:
    """One time that helpers were asked."""

    case_id: int
    at: datetime
    candidates: tuple[Remembered, ...]


@dataclass(frozen=True)
class Figures:
    minutes: float | None
    """Estimated until the first is there, on average where it is known."""
    continuity: float
    """Share of the first who had been with the elder, or whom the elder wants."""
    gini: float
    """Of how often each helper would have been first: 0 everybody alike, 1 always the same one."""


@dataclass(frozen=True)
class Verdict:
    past: Past
    before: Remembered
    after: Remembered


@dataclass(frozen=True)
class Comparison:
    verdicts: tuple[Verdict, ...]
    before: Figures
    after: Figures

    @property
    def changed(self) -> tuple[Verdict, ...]:
        return tuple(one for one in self.verdicts if one.before.id != one.after.id)


def compare(pasts: Iterable[Past], before: MatchRules, after: MatchRules) -> Comparison:
    """Past matches without any candidate say nothing."""
    verdicts = tuple(
        Verdict(past, first(past.candidates, before), first(past.candidates, after))
        for past in pasts
        if past.candidates
    )
    # A helper who was never first counts too: nobody's nought is fair.
    everybody = {one.id for verdict in verdicts for one in verdict.past.candidates}
    return Comparison(
        verdicts,
        figures([one.before for one in verdicts], everybody),
        figures([one.after for one in verdicts], everybody),
    )


def first(candidates: Iterable[Remembered], rules: MatchRules) -> Remembered:
    """As ``matching.rank`` orders them."""
    return min(
        candidates,
        key=lambda one: (-round(sum(points(one, one.minutes, rules).values()), 1), -one.visits, one.id),
    )


def figures(firsts: Sequence[Remembered], everybody: Iterable[int]) -> Figures:
    known = [one.minutes for one in firsts if one.minutes is not None]
    again = sum(1 for one in firsts if one.visits or one.wish)
    often = Counter(one.id for one in firsts)
    return Figures(
        minutes=round(sum(known) / len(known), 1) if known else None,
        continuity=round(again / len(firsts), 3) if firsts else 0.0,
        gini=round(gini([often[one] for one in everybody]), 3),
    )


def gini(amounts: Sequence[float]) -> float:
    """0 where all have the same, near 1 where one has everything."""
    ordered, whole = sorted(amounts), sum(amounts)
    if not whole:
        return 0.0
    n = len(ordered)
    return sum((2 * rank - n - 1) * amount for rank, amount in enumerate(ordered, 1)) / (n * whole)
