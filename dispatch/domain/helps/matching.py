"""Who can do it, and who of them should be asked first. Pure: facts in, reasons and points out.

Hard rules first: whoever breaks one is not offered, and the operator reads why. Then a score in parts, so that
everybody sees what made one person come before another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from dispatch.domain.helps.catalogue import Item, WorkerKind
from dispatch.domain.helps.geography import Point, metres
from dispatch.domain.helps.rules import MatchRules, Travel
from dispatch.domain.helps.shifts import Week

TOP_LEVEL = 3
"""Of a skill."""


class Bar(StrEnum):
    """Why somebody is not offered."""

    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_EXPIRED = "certificate_expired"
    LICENCE = "licence_expired"
    CONTRACT = "contract_ended"
    KIND = "kind_not_allowed"
    AREA = "area"
    ABSENT = "absent"
    OFF_SHIFT = "off_shift"
    CAPACITY = "capacity"
    BUSY_THEN = "busy_then"
    SEX = "sex"
    REFUSED = "refused_by_elder"
    NOT_AGAIN = "not_again"
    """The elder was not satisfied with them, which is why it is done again."""
    IN_EMERGENCY = "in_emergency"
    TOO_FAR = "too_far"
    ASKED = "asked_now"
    DECLINED = "declined_here"


RELAXABLE = frozenset({Bar.CONTRACT, Bar.AREA, Bar.OFF_SHIFT, Bar.CAPACITY, Bar.TOO_FAR, Bar.DECLINED, Bar.BUSY_THEN})
"""What an operator may set aside, with a reason. The others protect the elder or the helper."""


@dataclass(frozen=True)
class Need:
    """What is wanted, where and when."""

    item: Item
    at: datetime
    """When the visit begins, in the zone of the centre."""
    now: datetime
    minutes: int
    place: Point | None
    travel: Travel
    soon: bool
    """It begins so soon that it matters where the helpers are now."""
    emergency: bool
    certificate: bool
    """The skill asks for one."""
    sex: str | None = None
    """``F`` or ``M``: the elder wants to be helped by a woman, or by a man."""
    languages: frozenset[str] = frozenset()
    """What the elder speaks beside the usual language."""


@dataclass(slots=True)
class Facts:
    """What is known about one helper with the skill. Not frozen: a match makes 120, and freezing took most of it."""

    id: int
    kind: WorkerKind
    sex: str | None
    languages: frozenset[str]
    level: int
    certificate: str | None
    valid_until: date | None
    in_area: bool
    week: Week
    position: Point | None
    position_at: datetime | None
    station: Point | None
    capacity: int
    licence_until: date | None = None
    contract_until: date | None = None
    """Of the provider whose station it is, if any."""
    load: int = 0
    busy_then: bool = False
    in_emergency: bool = False
    wish: bool | None = None
    """The elder wants this helper; False: does not want them."""
    visits: int = 0
    """Earlier visits to this elder."""
    offers_lately: int = 0
    asked: int = 0
    """Offers of the last weeks that came to an answer or to none."""
    accepted: int = 0
    asked_now: bool = False
    declined: str | None = None
    """Why they said no to this very case."""
    not_again: str | None = None
    """What was wrong the first time."""


@dataclass(frozen=True)
class Reason:
    code: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Way:
    """From where the helper would come. None: nobody knows."""

    metres: float
    minutes: float
    source: str
    """``position`` or ``station``."""


@dataclass(frozen=True)
class Standing:
    """What follows from the facts for this need, before any rule is asked."""

    facts: Facts
    way: Way | None
    on_shift_until: datetime | None


@dataclass(frozen=True)
class Candidate:
    facts: Facts
    way: Way | None
    parts: dict[str, float]
    reasons: tuple[str, ...]
    on_shift_until: datetime | None

    @property
    def score(self) -> float:
        return round(sum(self.parts.values()), 1)


@dataclass(frozen=True)
class Excluded:
    facts: Facts
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Ranking:
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]

    def relax(self) -> list[tuple[str, int]]:
        """How many more there would be if one rule were set aside, most first."""
        alone = Counter(
            one.reasons[0].code for one in self.excluded if len(one.reasons) == 1 and one.reasons[0].code in RELAXABLE
        )
        return sorted(alone.items(), key=lambda found: (-found[1], found[0]))


def rank(need: Need, helpers: Iterable[Facts], rules: MatchRules) -> Ranking:
    """Best first; equal scores go to whoever was with the elder more often."""
    candidates: list[Candidate] = []
    excluded: list[Excluded] = []
    rules = rules.points_for(need.emergency)
    for facts in helpers:
        one = Standing(facts, way_of(need, facts, rules), facts.week.until(need.at))
        bars = barred(need, one)
        if bars:
            excluded.append(Excluded(facts, tuple(bars)))
        else:
            candidates.append(_candidate(need, one, rules))
    candidates.sort(key=lambda one: (-one.score, -one.facts.visits, one.facts.id))
    excluded.sort(key=lambda one: (len(one.reasons), one.facts.id))
    return Ranking(tuple(candidates), tuple(excluded))


def way_of(need: Need, facts: Facts, rules: MatchRules) -> Way | None:
    """From the position while it is fresh; a visit that is not soon begins at the station. Else nobody knows."""
    if need.place is None:
        return None
    if not need.soon:
        return _way(need, facts.station, "station")
    fresh = facts.position_at is not None and need.now - facts.position_at <= rules.position_age
    return _way(need, facts.position, "position") if fresh else None


def _way(need: Need, start: Point | None, source: str) -> Way | None:
    if start is None or need.place is None:
        return None
    distance = metres(start, need.place)
    return Way(distance, need.travel.minutes(distance), source)


def barred(need: Need, one: Standing) -> list[Reason]:
    """Every hard rule that this helper breaks, in the order in which an operator would ask."""
    return [
        *_may(need, one.facts),
        *_is_there(need, one),
        *_is_free(need, one.facts),
        *_is_wanted(need, one.facts),
    ]


def _may(need: Need, facts: Facts) -> list[Reason]:
    found = []
    if facts.kind not in need.item.kinds:
        found.append(Reason(Bar.KIND, {"kind": facts.kind.value}))
    if need.certificate and facts.certificate is None:
        found.append(Reason(Bar.CERTIFICATE_MISSING, {"skill": need.item.skill}))
    elif facts.valid_until is not None and facts.valid_until < need.at.date():
        found.append(
            Reason(Bar.CERTIFICATE_EXPIRED, {"skill": need.item.skill, "until": facts.valid_until.isoformat()})
        )
    for bar, until in ((Bar.LICENCE, facts.licence_until), (Bar.CONTRACT, facts.contract_until)):
        if until is not None and until < need.at.date():
            found.append(Reason(bar, {"until": until.isoformat()}))
    return found


def _is_there(need: Need, one: Standing) -> list[Reason]:
    found = []
    facts, way = one.facts, one.way
    if not facts.in_area:
        found.append(Reason(Bar.AREA, {}))
    if way is not None and way.metres > need.travel.farthest_km * 1000:
        found.append(Reason(Bar.TOO_FAR, {"distance_m": round(way.metres)}))
    if facts.week.absent(need.at.date()):
        found.append(Reason(Bar.ABSENT, {}))
    elif one.on_shift_until is None:
        found.append(Reason(Bar.OFF_SHIFT, {}))
    return found


def _is_free(need: Need, facts: Facts) -> list[Reason]:
    found = []
    if facts.in_emergency:
        found.append(Reason(Bar.IN_EMERGENCY, {}))
    if not need.emergency and facts.busy_then:
        found.append(Reason(Bar.BUSY_THEN, {}))
    if not need.emergency and facts.load >= facts.capacity:
        found.append(Reason(Bar.CAPACITY, {"load": facts.load, "capacity": facts.capacity}))
    return found


def _is_wanted(need: Need, facts: Facts) -> list[Reason]:
    found = []
    if need.sex is not None and facts.sex != need.sex:
        found.append(Reason(Bar.SEX, {"wanted": need.sex}))
    if facts.wish is False:
        found.append(Reason(Bar.REFUSED, {}))
    if facts.not_again is not None:
        found.append(Reason(Bar.NOT_AGAIN, {"why": facts.not_again}))
    if facts.asked_now:
        found.append(Reason(Bar.ASKED, {}))
    if facts.declined is not None:
        found.append(Reason(Bar.DECLINED, {"reason": facts.declined}))
    return found


def _candidate(need: Need, one: Standing, rules: MatchRules) -> Candidate:
    facts, way = one.facts, one.way
    parts = points(facts, None if way is None else way.minutes, rules)
    return Candidate(facts, way, parts, tuple(_for_them(need, facts, way)), one.on_shift_until)


class Judged(Protocol):
    """What points are given for, beside the time."""

    @property
    def wish(self) -> bool | None: ...
    @property
    def visits(self) -> int: ...
    @property
    def level(self) -> int: ...
    @property
    def load(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    @property
    def offers_lately(self) -> int: ...
    @property
    def asked(self) -> int: ...
    @property
    def accepted(self) -> int: ...


def points(one: Judged, minutes: float | None, rules: MatchRules) -> dict[str, float]:
    """By part. ``minutes`` until they are there; None: nobody knows."""
    shares = {
        "time": _share_of_time(minutes, rules),
        "continuity": 1.0 if one.wish else min(1.0, one.visits / rules.visits_full),
        "skill": min(1.0, one.level / TOP_LEVEL),
        "load": 1.0 - min(1.0, one.load / max(1, one.capacity)),
        "fairness": 1.0 - min(1.0, one.offers_lately / rules.fair_offers),
        "acceptance": one.accepted / one.asked if one.asked else 0.5,
    }
    return {part: round(share * rules.weights[part], 1) for part, share in shares.items()}


def _share_of_time(minutes: float | None, rules: MatchRules) -> float:
    if minutes is None:
        return rules.unknown_share
    left = (rules.worst_minutes - minutes) / (rules.worst_minutes - rules.best_minutes)
    return min(1.0, max(0.0, left))


def _for_them(need: Need, facts: Facts, way: Way | None) -> Sequence[str]:
    """What the operator reads beside the points."""
    said = {
        "wanted_by_elder": facts.wish is True,
        "was_here": facts.visits > 0,
        "certificate_valid": need.certificate,
        "speaks_it": bool(need.languages & facts.languages),
        "position_unknown": way is None and need.place is not None,
        "home_unknown": need.place is None,
    }
    return [code for code, true in said.items() if true]
