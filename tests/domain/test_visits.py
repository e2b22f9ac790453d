"""Who is due when, and what the rate makes of it: against days counted one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.errors import IllegalTransition
from dispatch.domain.groups import Groups
from dispatch.domain.visits.due import Away, Person, Refusal, Stay, absent_throughout, dues, extra_dues, listed
from dispatch.domain.visits.periods import (
    DAY,
    Every,
    Period,
    Span,
    month,
    month_of,
    named,
    next_month,
    period_of,
    periods,
)
from dispatch.domain.visits.rate import Apart, Seen, judge
from dispatch.domain.visits.rules import Counting, Happening, VisitRules
from dispatch.domain.visits.tries import Next, TryRules, Wait, Why, after_try, when_due
from dispatch.domain.visits.visit import OPEN, TRANSITIONS, Excuse, Mode, Trigger, VisitState, follow

CONFIG = Path(__file__).resolve().parents[2] / "config"
GROUPS = Groups.load(yaml.safe_load((CONFIG / "groups.yaml").read_text("utf-8")))
BODY: dict[str, Any] = yaml.safe_load((CONFIG / "visits.yaml").read_text("utf-8"))
THREE = [
    {"code": "high", "zh": "高", "en": "high", "every": "week", "who": {"groups": ["living_alone"], "from_age": 80}},
    {"code": "key", "zh": "重", "en": "key", "every": "half_month", "who": {"groups": ["dementia"]}},
    {"code": "general", "zh": "般", "en": "general", "every": "month", "who": "all"},
]
RULES = VisitRules.load(BODY, GROUPS)
STRICT = replace(RULES, counting=dict.fromkeys(Happening, Counting.COUNT), forms_apart=frozenset())
CLASSES = VisitRules.load({**BODY, "classes": THREE}, GROUPS)
FIRST, LAST = date(2026, 1, 1), date(2028, 3, 31)
"""Two years and a leap day."""

days = st.dates(FIRST, LAST)
months = st.dates(FIRST, LAST).map(month_of)


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date | None]:
    first = draw(days)
    return first, draw(st.none() | st.dates(first, first + timedelta(days=120)))


@st.composite
def people(draw: st.DrawFn) -> Person:
    groups = st.sampled_from(["living_alone", "dementia", "left_behind"])
    return Person(
        elder_id=1,
        born=draw(st.dates(date(1930, 1, 1), date(1966, 1, 1))),
        stays=tuple(Stay(draw(groups), *draw(spans())) for _ in range(draw(st.integers(0, 4)))),
        form=draw(st.sampled_from([None, "home_community", "institution"])),
        left=draw(st.none() | days),
        left_by=draw(st.sampled_from([Excuse.DIED, Excuse.MOVED])),
        absences=tuple(
            Away(draw(st.sampled_from(["hospital", "away"])), *draw(spans())) for _ in range(draw(st.integers(0, 3)))
        ),
        refusals=tuple(Refusal(*draw(spans())) for _ in range(draw(st.integers(0, 2)))),
    )


def each(span: Span) -> Iterator[date]:
    return (span.first + timedelta(days=n) for n in range(span.days()))


def in_list(person: Person, day: date) -> bool:
    """Said once more, as plainly as one can."""
    here = person.left is None or day <= person.left
    return here and any(s.first <= day and (s.last is None or day <= s.last) for s in person.stays)


# -- periods


@given(days, st.sampled_from(Every))
def test_every_day_lies_in_one_period_and_they_follow_each_other(day: date, every: Every) -> None:
    period = period_of(every, day)
    assert day in period
    assert all(period_of(every, other) == period for other in each(period))
    after = period_of(every, period.last + DAY)
    assert (after.first, after.name) != (period.first, period.name)
    assert after.first == period.last + DAY
    assert named(period.name) == period


@given(months)
def test_a_month_is_as_long_as_the_calendar_says(of: Period) -> None:
    assert of.first.day == 1
    assert next_month(of).first == of.last + DAY
    assert {day.month for day in each(of)} == {of.first.month}
    assert month(of.name) == of


@pytest.mark.parametrize("name", ["2026-13", "2026-00", "26-11", "2026-1", "1999-11", "", "2026-11-01", "x12"])
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no month"):
        month(name)


@given(months, st.sampled_from(Every))
def test_the_periods_of_a_month_cover_it_without_a_gap(of: Period, every: Every) -> None:
    found = list(periods(every, of))
    assert found[0].first <= of.first
    assert found[-1].last >= of.last
    assert all(b.first == a.last + DAY for a, b in pairwise(found))


# -- who is due


@given(people(), months)
def test_in_the_list_is_who_is_in_it_on_a_day(person: Person, of: Period) -> None:
    true = [day for day in each(of) if in_list(person, day)]
    listing = listed(person, of, RULES)
    assert (listing is None) == (not true)
    if listing is not None:
        assert [day for span in listing.spans for day in each(span)] == true
        assert (listing.joined, listing.last) == (true[0], true[-1])


@given(people(), st.sampled_from([RULES, CLASSES]))
def test_over_the_years_nobody_is_due_twice_in_a_period_and_nobody_is_forgotten(
    person: Person, rules: VisitRules
) -> None:
    of, found = month_of(FIRST), {}
    while of.first <= LAST:
        wanted = dues(person, of, rules)
        names = [duty.period.name for duty in wanted.duties]
        assert len(names) == len(set(names))
        for duty in wanted.duties:
            assert in_list(person, duty.first)
            assert in_list(person, duty.last)
            assert found.setdefault((duty.risk, duty.period.name), duty) == duty
        in_it = any(in_list(person, day) for day in each(of))
        if in_it and not wanted.duties:
            assert wanted.excluded is not None, "whoever is in the list has a visit, or a reason why not"
        if not in_it:
            assert wanted.duties == ()
        of = next_month(of)


TRUE = {
    Excuse.DIED: lambda person: person.left is not None and person.left_by is Excuse.DIED,
    Excuse.MOVED: lambda person: person.left is not None and person.left_by is Excuse.MOVED,
    Excuse.INSTITUTION: lambda person: person.form == "institution",
    Excuse.REFUSED: lambda person: bool(person.refusals),
}


@given(people(), months)
def test_each_reason_for_no_visit_is_true(person: Person, of: Period) -> None:
    wanted = dues(person, of, RULES)
    if wanted.excluded is not None:
        assert wanted.duties == ()
        assert TRUE[wanted.excluded](person)


@given(people(), spans())
def test_an_extra_round_is_at_most_one_visit_on_days_in_the_list(
    person: Person, between: tuple[date, date | None]
) -> None:
    of = Period(between[0], between[1] or between[0] + timedelta(days=5), "x1")
    wanted = extra_dues(person, of, RULES)
    assert len(wanted.duties) <= 1
    for duty in wanted.duties:
        assert duty.first in of
        assert duty.last in of
        assert in_list(person, duty.first)


@given(people(), months)
def test_absent_all_the_time_is_who_was_here_on_no_day(person: Person, of: Period) -> None:
    spans_ = person.in_list(of)
    here = [
        day
        for span in spans_
        for day in each(span)
        if not any(a.first <= day and (a.last is None or day <= a.last) for a in person.absences)
    ]
    assert (absent_throughout(person, spans_) is not None) == (bool(spans_) and not here)


def test_the_class_is_that_of_the_last_day_and_the_first_that_fits() -> None:
    def of(group: str, born: date) -> str:
        listing = listed(Person(1, born, (Stay(group, FIRST, None),)), month("2026-11"), CLASSES)
        assert listing is not None
        return listing.risk.code

    assert of("living_alone", date(1946, 11, 30)) == "high"
    assert of("living_alone", date(1946, 12, 1)) == "general"
    assert of("dementia", date(1940, 1, 1)) == "key"


# -- the rate


visits = st.lists(st.builds(Seen, days, st.sampled_from(Mode)), max_size=6)


@given(people(), months, visits)
def test_by_the_strictest_rules_everybody_of_the_list_counts_and_one_valid_visit_is_enough(
    person: Person, of: Period, seen: list[Seen]
) -> None:
    listing = listed(person, of, STRICT)
    if listing is None:
        return
    found = judge(person, listing, of, STRICT, seen)
    valid = sorted(one.day for one in seen if one.day in of and one.mode is Mode.HOME)
    assert found.apart is None
    assert found.visited_on == (valid[0] if valid else None)


@given(people(), months, visits)
def test_whoever_is_set_apart_is_so_for_a_reason_of_the_rules_and_not_for_a_visit(
    person: Person, of: Period, seen: list[Seen]
) -> None:
    listing = listed(person, of, RULES)
    if listing is None:
        return
    found = judge(person, listing, of, RULES, seen)
    expected = None
    if person.form == "institution":
        expected = Apart.INSTITUTION
    elif person.left is not None and person.left in of and person.left_by is Excuse.DIED:
        expected = Apart.DIED
    elif (kind := absent_throughout(person, listing.spans)) is not None:
        expected = Apart(kind)
    assert found.apart == expected
    assert judge(person, listing, of, RULES, []).apart == expected


@given(people(), months, visits)
def test_a_refusal_is_reported_and_is_no_visit(person: Person, of: Period, seen: list[Seen]) -> None:
    listing = listed(person, of, RULES)
    if listing is None:
        return
    found = judge(person, listing, of, RULES, seen)
    holds = any(r.first <= of.last and (r.last is None or r.last >= of.first) for r in person.refusals)
    assert found.refused == (holds and found.visited_on is None)


@given(people(), months, st.integers(0, 27))
def test_who_joins_late_is_set_apart_only_by_the_days_that_are_set(person: Person, of: Period, last_days: int) -> None:
    rules = replace(STRICT, joined_in_last_days=last_days)
    listing = listed(person, of, rules)
    if listing is None:
        return
    late = listing.joined > of.first and (of.last - listing.joined).days < last_days
    assert (judge(person, listing, of, rules, []).apart is Apart.JOINED) == late


# -- nobody opens

TRIES = TryRules(timedelta(hours=24), timedelta(hours=2))
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def test_the_first_try_waits_a_day_and_the_second_calls_the_contacts_at_once() -> None:
    first = after_try(Why.NO_ANSWER, 1, NOON, TRIES, None)
    assert first == Wait(NOON + timedelta(hours=24), Next.SECOND_TRY)
    assert after_try(Why.NO_ANSWER, 2, NOON, TRIES, first) == Wait(NOON, Next.CONTACTS)


@pytest.mark.parametrize("why", [Why.KNOWN_AWAY, Why.IN_HOSPITAL])
def test_who_knows_where_the_elder_is_ends_it(why: Why) -> None:
    assert after_try(why, 2, NOON, TRIES, Wait(NOON, Next.CONTACTS)) is None


def test_a_chain_that_is_further_along_is_not_begun_anew() -> None:
    waiting = Wait(NOON, Next.EMERGENCY)
    assert after_try(Why.NO_ANSWER, 3, NOON, TRIES, waiting) == waiting
    assert after_try(Why.OTHER, 3, NOON, TRIES, waiting) == waiting


def test_after_the_contacts_it_is_an_emergency_and_at_once_where_there_are_none() -> None:
    assert when_due(Next.SECOND_TRY, NOON, TRIES, anybody_called=True) == Wait(
        NOON + timedelta(hours=2), Next.EMERGENCY
    )
    assert when_due(Next.CONTACTS, NOON, TRIES, anybody_called=False) is None
    assert when_due(Next.EMERGENCY, NOON, TRIES, anybody_called=True) is None


# -- states and rules


@pytest.mark.parametrize("state", VisitState)
@pytest.mark.parametrize("trigger", Trigger)
def test_every_state_and_act_either_leads_somewhere_or_says_that_it_does_not(
    state: VisitState, trigger: Trigger
) -> None:
    if (state, trigger) in TRANSITIONS:
        assert follow(state, trigger) in VisitState
    else:
        with pytest.raises(IllegalTransition):
            follow(state, trigger)


def test_what_is_done_stays_done_and_what_is_open_can_end_in_every_way() -> None:
    assert not [trigger for state, trigger in TRANSITIONS if state is VisitState.DONE]
    for state in OPEN:
        ends = {TRANSITIONS[state, t] for t in Trigger if (state, t) in TRANSITIONS} - OPEN
        assert ends == {VisitState.DONE, VisitState.MISSED, VisitState.REFUSED, VisitState.EXCUSED}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"classes": []}, "at least one"),
        ({"classes": THREE[:2]}, "`who: all`"),
        ({"classes": [THREE[2], THREE[0]]}, "`who: all`"),
        ({"classes": [THREE[0], THREE[0], THREE[2]]}, "stands twice"),
        ({"classes": [{**THREE[2], "every": "fortnight"}]}, "general.every"),
        ({"classes": [{**THREE[2], "every": "quarter"}]}, "binding: false"),
        ({"classes": [{**THREE[2], "who": "some"}]}, "general.who"),
        ({"classes": [{**THREE[0], "who": {"groups": ["wizards"]}}, THREE[2]]}, "wizards"),
        ({"modes": {**BODY["modes"], "home": {"counts": "yes"}}}, "modes.home"),
        ({"modes": {mode: {"counts": False} for mode in BODY["modes"]}}, "at least one must count"),
        ({"rate": {**BODY["rate"], "died": "apart_if_whole"}}, "rate.died"),
        ({"rate": {**BODY["rate"], "forms_apart": ["castle"]}}, "castle"),
        ({"rate": {**BODY["rate"], "joined_in_last_days": 40}}, "joined_in_last_days"),
        ({"reminders": [{"at": 85, "tell": "station"}, {"at": 70, "tell": "station"}]}, "later than the one before"),
        ({"reminders": [{"at": 70, "tell": "mayor"}]}, "mayor"),
        ({"forecast_day": 31}, "forecast_day"),
        ({"tries": {"second_within_hours": 0, "contacts_within_hours": 2}}, "second_within_hours"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_file_that_is_wrong_says_where(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        VisitRules.load({**BODY, **change}, GROUPS)


def test_a_quarterly_class_that_says_that_it_does_not_bind_is_set_apart() -> None:
    quarterly = {**THREE[2], "every": "quarter", "binding": False}
    rules = VisitRules.load({**BODY, "classes": [quarterly]}, GROUPS)
    person = Person(1, date(1940, 1, 1), (Stay("left_behind", FIRST, None),))
    listing = listed(person, month("2026-11"), rules)
    assert listing is not None
    assert judge(person, listing, month("2026-11"), rules, []).apart is Apart.CLASS
    assert [duty.period.name for duty in dues(person, month("2026-11"), rules).duties] == ["2026-Q4"]
