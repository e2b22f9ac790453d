"""The same rounds on other days of the same visitors, so that no day of the month is heavier than another. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dispatch.domain.rounds.draft import Draft, Key
from dispatch.domain.rounds.problem import Workday
from dispatch.domain.rounds.timing import Item


def level(draft: Draft) -> None:
    """Costs no way: a round may change its day for one of equal hours, if all its visits may be made then."""
    load: Counter[date] = Counter()
    movable: dict[tuple[int, Workday], list[Key]] = {}
    for key, day in draft.days.items():
        if day.fixed or any(_pinned(draft, one) for one in day.items):
            load[key[1]] += _seconds(day.items)
        else:
            movable.setdefault((key[0], replace(day.workday, day=date.min)), []).append(key)
    for keys in sorted(movable.values(), key=lambda keys: -sum(_seconds(draft.days[key].items) for key in keys)):
        _deal(draft, keys, load)


def _deal(draft: Draft, keys: Sequence[Key], load: Counter[date]) -> None:
    """The longest round to the emptiest day. What finds no day that way leaves all as it is."""
    rounds = sorted(
        (draft.days[key].items for key in keys), key=lambda items: (_freedom(draft, items, keys), -_seconds(items))
    )
    free, dealt = list(keys), list[tuple[Key, list[Item]]]()
    for items in rounds:
        able = [key for key in free if _may(draft, items, key[1])]
        if not able:
            dealt = [(key, draft.days[key].items) for key in keys]
            break
        best = min(able, key=lambda key: (load[key[1]], key[1]))
        free.remove(best)
        dealt.append((best, items))
    for key, items in dealt:
        load[key[1]] += _seconds(items)
    draft.deal(dealt)


def _freedom(draft: Draft, items: Sequence[Item], keys: Sequence[Key]) -> int:
    """Those with the fewest days first."""
    return sum(_may(draft, items, key[1]) for key in keys)


def _may(draft: Draft, items: Sequence[Item], day: date) -> bool:
    return all(day in draft.problem.visit[one.visit].days for one in items if one.visit is not None)


def _pinned(draft: Draft, item: Item) -> bool:
    return item.visit is not None and draft.problem.visit[item.visit].twin is not None


def _seconds(items: Sequence[Item]) -> int:
    return sum(one.seconds for one in items)
