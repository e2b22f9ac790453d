"""Every count is the length of the list behind it (Q02)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.services.care.reach import today
from dispatch.services.desk import PageOf
from dispatch.services.register import counts, listing
from dispatch.services.register.listing import ElderFilter
from tests.support.factories import START, Town

AREAS = ("Town", "East", "West", "Elm", "Oak")
TAGS = ("living_alone", "destitute", "disabled_ability")
FORMS = ("home", "institution", None)

elder = st.fixed_dictionaries(
    {
        "area": st.sampled_from(AREAS),
        "level": st.sampled_from((None, 0, 1, 2, 3, 4)),
        "form": st.sampled_from(FORMS),
        "tags": st.lists(st.tuples(st.sampled_from(TAGS), st.integers(-3, 1), st.integers(-2, 3)), max_size=3),
        "archived": st.booleans(),
        "absent": st.sampled_from((None, -1, 1)),
    }
)


def settle(town: Town, described: list[dict[str, Any]]) -> None:
    """Put these elders, and nobody else, into the register."""
    day = today(town.centre, START)
    with town.centre.database.sessions.begin() as session:
        for old in session.query(Elder):
            old.archived_at = START
            old.ability_level = old.service_form = None
        session.query(ElderTag).delete()
        for one in described:
            home = Household(area_id=town.areas[one["area"]], address="Road", address_short="Road")
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
                ability_level=one["level"],
                service_form=one["form"],
                archived_at=START if one["archived"] else None,
                absence_kind=one["absent"] and "away",
                absence_until=one["absent"] and START + timedelta(hours=one["absent"]),
            )
            session.add(new)
            session.flush()
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


def test_all_known_keys_are_shown_with_zero(town: Town) -> None:
    settle(town, [])
    centre, actor = town.centre, town.actor("lin")
    by = {one: counts.counts(centre, actor, one, ElderFilter(), START)["items"] for one in counts.BY}
    assert [item["key"] for item in by["level"]] == ["0", "1", "2", "3", "4", "none"]
    assert {item["key"] for item in by["tag"]} == set(centre.care.groups.groups)
    assert [item["name"] for item in by["area"]] == ["Town"]
    assert all(item["count"] == 0 for items in by.values() for item in items)
