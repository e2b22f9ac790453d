"""Every count is the length of the list behind it (Q02)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from dispatch.models.base import Base
from dispatch.models.care import Assessment, AssessmentState, ElderTag
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Household
from dispatch.services.care.reach import today
from dispatch.services.desk import PageOf
from dispatch.services.register import counts, due, listing
from dispatch.services.register.narrowing import ElderFilter
from tests.support.factories import START, Town

AREAS = ("Town", "East", "West", "Elm", "Oak")
TAGS = ("living_alone", "destitute", "disabled_ability")
FORMS = ("home", "institution", None)
ALL = PageOf(200, None)

elder = st.fixed_dictionaries(
    {
        "area": st.sampled_from(AREAS),
        "level": st.sampled_from((None, 0, 1, 2, 3, 4)),
        "form": st.sampled_from(FORMS),
        "tags": st.lists(st.tuples(st.sampled_from(TAGS), st.integers(-3, 1), st.integers(-2, 3)), max_size=3),
        "archived": st.booleans(),
        "absent": st.sampled_from((None, -1, 1)),
        "contact": st.sampled_from(("none", "plain", "key")),
        "keys": st.booleans(),
        "doctor": st.booleans(),
        "phone": st.booleans(),
        "point": st.booleans(),
        "due": st.sampled_from((None, 0, 1)),
    }
)
LACKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "contact": lambda one: one["contact"] == "none",
    "key": lambda one: one["contact"] != "key" and not one["keys"],
    "doctor": lambda one: not one["doctor"],
    "phone": lambda one: not one["phone"],
    "point": lambda one: not one["point"],
    "form": lambda one: one["form"] is None,
    "assessment": lambda one: one["due"] != 1,
    "identity_number": lambda one: True,
}
"""Of whom the list of each gap is made, said once more and otherwise."""


def settle(town: Town, described: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Put these elders, and nobody else, into the register; each under its id."""
    known = {}
    day = today(town.centre, START)
    with town.centre.database.sessions.begin() as session:
        for old in session.query(Elder):
            old.archived_at = START
            old.ability_level = old.service_form = None
        session.query(ElderTag).delete()
        for one in described:
            home = Household(area_id=town.areas[one["area"]], address="Road", address_short="Road")
            home.keys = [{"holder": "Chen", "where": "next door"}] if one["keys"] else []
            home.lat, home.lon = (45.3, 131.0) if one["point"] else (45.3, None)
            session.add(home)
            session.flush()
            new = Elder(
                household_id=home.id,
                name="Li",
                pinyin="li",
                initials="l",
                sex="F",
                birth_date=date(1940, 1, 1),
                flags=[],
                languages=[],
                phone="13800001111" if one["phone"] else None,
                ability_level=one["level"],
                service_form=one["form"],
                archived_at=START if one["archived"] else None,
                absence_kind=one["absent"] and "away",
                absence_until=one["absent"] and START + timedelta(hours=one["absent"]),
            )
            session.add(new)
            session.flush()
            known[str(new.id)] = one
            session.add_all(around(session, new.id, one, day))
            for code, first, days in one["tags"]:
                start = day + timedelta(days=first)
                session.add(
                    ElderTag(
                        elder_id=new.id,
                        code=code,
                        source="test",
                        valid_from=start,
                        valid_to=start + timedelta(days=days) if days >= 0 else None,
                        # The database allows one membership without an end.
                        ended_at=START if days < 0 else None,
                        recorded_at=START,
                        recorded_by="test",
                    )
                )
    return known


def around(session: Session, elder_id: int, one: dict[str, Any], day: date) -> Iterator[Base]:
    """What other tables say of this elder."""
    if one["contact"] != "none":
        has_key = one["contact"] == "key"
        yield Contact(
            elder_id=elder_id, position=1, name="Chen", relation="friend", phone="13900001111", has_key=has_key
        )
    yield Fact(
        elder_id=elder_id,
        kind="doctor" if one["doctor"] else "health",
        text="Dr. Wu",
        source="test",
        confirmed_at=START,
    )
    if one["due"] is not None:
        ends = day + timedelta(days=one["due"])
        assessment = Assessment(
            elder_id=elder_id,
            standard="GB/T 42195-2022",
            standard_version="2022",
            reason="routine",
            assessed_on=ends - timedelta(days=365),
            next_due_on=ends,
            assessors=["Wu"],
            scores={},
            answers={},
            by_group={},
            changes=[],
            final_level=1,
            source="form",
            recorded_at=START,
            recorded_by="test",
        )
        session.add(assessment)
        session.flush()
        yield AssessmentState(elder_id=elder_id, assessment_id=assessment.id, next_due_on=ends)


def total(town: Town, by: str, wanted: ElderFilter) -> int:
    found = listing.elders(town.centre, town.actor(by), wanted, PageOf(200, None), START)
    assert found["total"] == len(found["items"]), "a page of 200 holds them all"
    return int(found["total"])


def narrowed(wanted: dict[str, Any], by: str, key: str) -> ElderFilter:
    more: dict[str, Any] = {"area": {"area_id": int(key)} if by == "area" else {}}.get(by, {by: key})
    return ElderFilter(**{**wanted, **more})


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    described=st.lists(elder, max_size=12),
    who=st.sampled_from(("lin", "west_op")),
    area=st.sampled_from((None, *AREAS)),
    more=st.sampled_from(
        ({}, {"level": "2"}, {"tag": "living_alone"}, {"form": "none"}, {"absent": True}, {"absent": False})
    ),
)
def test_each_count_is_its_list(
    town: Town, described: list[dict[str, Any]], who: str, area: str | None, more: dict[str, Any]
) -> None:
    settle(town, described)
    wanted = {**more, **({"area_id": town.areas[area]} if area else {})}
    whole = total(town, who, ElderFilter(**wanted))
    for by in counts.BY:
        found = counts.counts(town.centre, town.actor(who), by, ElderFilter(**wanted), START)
        assert found["total"] == whole, by
        if by in more:
            continue  # the list cannot be narrowed to two levels
        for item in found["items"]:
            assert item["count"] == total(town, who, narrowed(wanted, by, item["key"])), (by, item)
        if by in ("level", "form"):
            assert sum(item["count"] for item in found["items"]) == whole
        if by == "area":
            assert sum(item["count"] for item in found["items"]) + found["here"] == whole


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    described=st.lists(elder, max_size=12),
    who=st.sampled_from(("lin", "west_op")),
    more=st.sampled_from(({}, {"level": "2"}, {"tag": "living_alone"}, {"absent": False}, {"q": "li"})),
)
def test_each_gap_lists_whom_it_is_of_and_nobody_else(
    town: Town, described: list[dict[str, Any]], who: str, more: dict[str, Any]
) -> None:
    known = settle(town, described)

    def ids(**wanted: Any) -> set[str]:
        found = listing.elders(town.centre, town.actor(who), ElderFilter(**more, **wanted), ALL, START)
        assert found["total"] == len(found["items"])
        return {item["id"] for item in found["items"]}

    seen = ids()
    for what, lacks in LACKS.items():
        assert ids(missing=what) == {elder_id for elder_id in seen if lacks(known[elder_id])}, what


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(described=st.lists(elder, max_size=12), who=st.sampled_from(("lin", "west_op")))
def test_whom_to_assess_is_never_somebody_who_has_left(town: Town, described: list[dict[str, Any]], who: str) -> None:
    known = settle(town, described)
    here = {item["id"] for item in listing.elders(town.centre, town.actor(who), ElderFilter(), ALL, START)["items"]}
    for state, ends in (("missing", (None, 0)), ("due", (1,))):
        found = due.list_due(town.centre, town.actor(who), due.DueFilter(state), ALL, START)
        assert {item["id"] for item in found["items"]} == {one for one in here if known[one]["due"] in ends}
        assert found["total"] == len(found["items"])


def test_all_known_keys_are_shown_with_zero(town: Town) -> None:
    settle(town, [])
    centre, actor = town.centre, town.actor("lin")
    by = {one: counts.counts(centre, actor, one, ElderFilter(), START)["items"] for one in counts.BY}
    assert [item["key"] for item in by["level"]] == ["0", "1", "2", "3", "4", "none"]
    assert {item["key"] for item in by["tag"]} == set(centre.care.groups.groups)
    assert [item["name"] for item in by["area"]] == ["Town"]
    assert all(item["count"] == 0 for items in by.values() for item in items)
