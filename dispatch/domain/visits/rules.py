"""``config/visits.yaml``: risk classes, what counts as a visit, what the rate counts. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Self

from dispatch.domain.configuration import only
from dispatch.domain.groups import Groups
from dispatch.domain.visits.form import Form
from dispatch.domain.visits.periods import Every
from dispatch.domain.visits.tries import TryRules
from dispatch.domain.visits.visit import Mode

KEYS = (
    "classes",
    "modes",
    "rate",
    "refusal",
    "generation",
    "at_risk_days",
    "tries",
    "reminders",
    "forecast_day",
    "record",
    "remind",
)
CLASS_KEYS = ("code", "zh", "en", "every", "who", "binding")
MOST_DAYS_AHEAD = 25
MOST_AGAIN_DAYS = 3650


class Counting(StrEnum):
    """What the rate makes of somebody to whom this happened in the month."""

    COUNT = "count"
    APART = "apart"
    WHOLE = "apart_if_whole"


class Happening(StrEnum):
    """What may happen to an elder of the list in a month, and has a rule."""

    DIED = "died"
    MOVED = "moved"
    LEFT_LIST = "left_list"
    HOSPITAL = "hospital"
    AWAY = "away"
    REFUSED = "refused"


class Tell(StrEnum):
    """Who is told of visits that are still open."""

    VISITOR = "visitor"
    STATION = "station"
    SUBDISTRICT = "subdistrict"
    COUNTY = "county"


@dataclass(frozen=True)
class Reminder:
    percent: int
    """Of the time of the period."""
    tell: frozenset[Tell]


LASTING = frozenset({Happening.HOSPITAL, Happening.AWAY})
"""What has a length, and may so be "all the time"."""


@dataclass(frozen=True)
class RiskClass:
    code: str
    names: Mapping[str, str]
    every: Every
    groups: frozenset[str] | None
    """One of them is enough; None: it does not matter."""
    from_age: int
    binding: bool
    """Its elders count for the monthly rate."""

    def fits(self, groups: Collection[str], age: int) -> bool:
        return age >= self.from_age and (self.groups is None or not self.groups.isdisjoint(groups))


@dataclass(frozen=True)
class VisitRules:
    listed: frozenset[str]
    """The groups whose elders are visited."""
    classes: Sequence[RiskClass]
    modes: frozenset[Mode]
    """Those that count."""
    counting: Mapping[Happening, Counting]
    joined_in_last_days: int
    forms_apart: frozenset[str]
    ask_again_days: int
    days_ahead: int
    at_risk_days: int
    """Nothing booked, and so many days left: somebody looks at it."""
    tries: TryRules
    reminders: Sequence[Reminder]
    forecast_day: int
    """Of the month: who has no visit booked by then is said to those who can book it."""
    remind: bool
    """The elder, or the family, is told of a booked visit the evening before, and may answer."""
    form: Form
    """What the record of a visit asks."""

    @classmethod
    def load(cls, data: Mapping[str, Any], groups: Groups) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        only(data, KEYS)
        listed = frozenset(groups.marked("special_difficulty"))
        if not listed:
            raise ValueError("no group of groups.yaml is marked special_difficulty: nobody would be visited")
        rate = only(data["rate"], (*Happening, "joined_in_last_days", "forms_apart"))
        forms = frozenset(map(str, rate["forms_apart"] or ()))
        if unknown := forms - set(groups.forms):
            raise ValueError(f"rate.forms_apart: groups.yaml knows no form of care {min(unknown)!r}")
        return cls(
            listed=listed,
            classes=_classes(data["classes"], groups),
            modes=_modes(data["modes"]),
            counting={one: _counting(one, rate[one]) for one in Happening},
            joined_in_last_days=_whole("rate.joined_in_last_days", rate["joined_in_last_days"], 0, 27),
            forms_apart=forms,
            ask_again_days=_whole(
                "refusal.ask_again_days",
                only(data["refusal"], ("ask_again_days",))["ask_again_days"],
                1,
                MOST_AGAIN_DAYS,
            ),
            days_ahead=_whole(
                "generation.days_ahead", only(data["generation"], ("days_ahead",))["days_ahead"], 0, MOST_DAYS_AHEAD
            ),
            at_risk_days=_whole("at_risk_days", data["at_risk_days"], 0, 31),
            tries=_tries(only(data["tries"], ("second_within_hours", "contacts_within_hours"))),
            reminders=_reminders(data["reminders"]),
            forecast_day=_whole("forecast_day", data["forecast_day"], 1, 28),
            remind=_yes("remind", data["remind"]),
            form=Form.load(data["record"]),
        )

    def class_of(self, groups: Collection[str], born: date, day: date) -> RiskClass:
        """The first class that fits on ``day``; the last one fits everybody."""
        age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        return next(one for one in self.classes if one.fits(groups, age))

    def class_named(self, code: str) -> RiskClass | None:
        return next((one for one in self.classes if one.code == code), None)


def _classes(found: Sequence[Mapping[str, Any]], groups: Groups) -> tuple[RiskClass, ...]:
    classes = tuple(_class(body, groups) for body in found or ())
    if not classes:
        raise ValueError("classes: name at least one")
    codes = [one.code for one in classes]
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise ValueError(f"classes: {twice} stands twice")
    everybody = [one.code for one in classes if one.groups is None and one.from_age == 0]
    if everybody != [classes[-1].code]:
        raise ValueError("classes: the last one, and no other, must be `who: all`, or somebody would never be visited")
    return classes


def _class(body: Mapping[str, Any], groups: Groups) -> RiskClass:
    only(body, CLASS_KEYS)
    code = str(body["code"])
    try:
        every = Every(str(body["every"]))
    except ValueError:
        raise ValueError(f"classes.{code}.every: choose of {', '.join(Every)}, and not {body['every']!r}") from None
    binding = body.get("binding", True)
    if not isinstance(binding, bool):
        raise ValueError(f"classes.{code}.binding: true or false, and not {binding!r}")
    if every is Every.QUARTER and binding:
        raise ValueError(
            f"classes.{code}: a visit each quarter cannot reach a monthly rate: write `binding: false`, which reports"
            " its elders apart, or visit them monthly"
        )
    named, from_age = _who(code, body["who"], groups)
    return RiskClass(code, {"zh": str(body["zh"]), "en": str(body["en"])}, every, named, from_age, binding)


def _who(code: str, who: Any, groups: Groups) -> tuple[frozenset[str] | None, int]:
    if who == "all":
        return None, 0
    if not isinstance(who, Mapping) or not who:
        raise ValueError(f"classes.{code}.who: all, or groups, or from_age, and not {who!r}")
    only(who, ("groups", "from_age"))
    named = None if "groups" not in who else frozenset(map(str, who["groups"] or ()))
    if named is not None and (not named or (unknown := named - set(groups.groups))):
        wrong = min(unknown) if named else "nobody"
        raise ValueError(f"classes.{code}.who.groups: groups.yaml knows no group {wrong!r}")
    return named, _whole(f"classes.{code}.who.from_age", who.get("from_age", 0), 0, 120)


def _modes(found: Mapping[str, Any]) -> frozenset[Mode]:
    only(found, Mode)
    counts = {mode: only(found[mode], ("counts",))["counts"] for mode in Mode}
    if wrong := next((mode for mode, value in counts.items() if not isinstance(value, bool)), None):
        raise ValueError(f"modes.{wrong}.counts: true or false, and not {counts[wrong]!r}")
    if not any(counts.values()):
        raise ValueError("modes: at least one must count")
    return frozenset(mode for mode, value in counts.items() if value)


def _yes(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: true or false, and not {value!r}")
    return value


def _tries(found: Mapping[str, Any]) -> TryRules:
    second = _whole("tries.second_within_hours", found["second_within_hours"], 1, 72)
    contacts = _whole("tries.contacts_within_hours", found["contacts_within_hours"], 1, 48)
    return TryRules(timedelta(hours=second), timedelta(hours=contacts))


def _reminders(found: Sequence[Mapping[str, Any]]) -> tuple[Reminder, ...]:
    reminders = tuple(_reminder(only(body, ("at", "tell"))) for body in found or ())
    percents = [one.percent for one in reminders]
    if percents != sorted(set(percents)):
        raise ValueError(f"reminders: each later than the one before it, and not {percents}")
    return reminders


def _reminder(body: Mapping[str, Any]) -> Reminder:
    told = body["tell"] if isinstance(body["tell"], list) else [body["tell"]]
    if not told or (unknown := [one for one in told if one not in list(Tell)]):
        raise ValueError(f"reminders.tell: choose of {', '.join(Tell)}, and not {unknown[0] if told else told!r}")
    return Reminder(_whole("reminders.at", body["at"], 1, 100), frozenset(map(Tell, told)))


def _counting(happening: Happening, value: Any) -> Counting:
    allowed = [one for one in Counting if one is not Counting.WHOLE or happening in LASTING]
    if value not in allowed:
        raise ValueError(f"rate.{happening}: choose of {', '.join(allowed)}, and not {value!r}")
    return Counting(value)


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name}: {value!r} is not a whole number from {least} to {most}")
    return value
