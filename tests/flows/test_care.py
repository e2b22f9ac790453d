"""Assessments, groups, consents and the form of care, told day by day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from dispatch.domain.assessment import Answers, Diagnosis, Reason
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.trail import TrailEntry
from dispatch.services.care import assessments, consents, groups
from dispatch.services.care.assessments import Form
from dispatch.services.care.consents import Decision, Word
from dispatch.services.care.groups import NewTag, TagChange
from dispatch.services.desk import PageOf
from dispatch.services.register import due
from dispatch.services.register.due import DueFilter
from dispatch.services.work import Act
from tests.support.factories import Town

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 11, 24)
GBT = "GB/T 42195-2022"
ALL = PageOf(200, None)


class Care:
    """One elder's record over some days."""

    def __init__(self, town: Town) -> None:
        self.town, self.centre, self.now = town, town.centre, NOON
        self.elder_id = town.elders["Wang"]

    def act(self, by: str = "boss", version: int | None = None, key: str | None = None) -> Act:
        return Act(self.town.actor(by), self.now, version, key)

    def elder(self) -> Elder:
        with self.centre.database.reads() as session:
            return session.get_one(Elder, self.elder_id)

    def forward(self, days: float) -> None:
        """Days pass, and the clock ticks after them."""
        self.now += timedelta(days=days)
        groups.tick(self.centre, self.now)

    def form(self, total: int, **more: Any) -> Form:
        left, scores = total, {}
        for name, item in self.centre.care.standards[GBT].items.items():
            scores[name] = min(item.max, left)
            left -= scores[name]
        findings = {name: more.pop(name) for name in ("diagnoses", "risk_events") if name in more}
        given = {"standard": GBT, "reason": Reason.ROUTINE, "assessed_on": TODAY, "assessors": ("An", "Bo")}
        return Form(**{**given, "answers": Answers(scores, **findings), **more})

    def assess(self, total: int, key: str | None = None, **more: Any) -> dict[str, Any]:
        return assessments.record(self.centre, self.elder_id, self.act(key=key), self.form(total, **more))

    def tag(self, code: str, first: date = TODAY, last: date | None = None) -> dict[str, Any]:
        return groups.add_tag(self.centre, self.elder_id, self.act(), NewTag(code, "community", first, last, "no. 7"))

    def listed(self, state: str, **more: Any) -> set[str]:
        found = due.list_due(self.centre, self.act().actor, DueFilter(state, **more), ALL, self.now)
        assert found["total"] == len(found["items"])
        return {item["name"] for item in found["items"]}

    def trail(self) -> list[str]:
        with self.centre.database.reads() as session:
            statement = select(TrailEntry.action).where(TrailEntry.subject_id == str(self.elder_id))
            return list(session.scalars(statement.order_by(TrailEntry.id)))


@pytest.fixture
def care(town: Town) -> Care:
    return Care(town)


def test_the_level_follows_the_newest_assessment(care: Care) -> None:
    found = care.assess(70)
    assert (found["total"], found["preliminary_level"], found["final_level"]) == (70, 1, 1)
    assert (found["next_due_on"], found["valid"]) == ("2027-11-24", True)
    assert care.elder().ability_level == 1
    worse = care.assess(50, reason=Reason.IMMEDIATE, diagnoses=(Diagnosis("F01"),))
    assert (worse["preliminary_level"], worse["final_level"], worse["changes"]) == (2, 3, ["dementia"])
    assert care.elder().ability_level == 3
    care.assess(90, assessed_on=TODAY - timedelta(days=100))  # an older one that came in late
    assert care.elder().ability_level == 3
    newest = assessments.list_assessments(care.centre, care.elder_id, care.act().actor, care.now)
    assert [a["final_level"] for a in newest] == [3, 1, 0]


def test_a_void_assessment_counts_no_longer(care: Care) -> None:
    first, second = care.assess(70), care.assess(40)
    assert care.elder().ability_level == 3
    void = assessments.void(care.centre, care.elder_id, int(second["id"]), care.act(), "the neighbour's form")
    assert (void["valid"], void["void_reason"]) == (False, "the neighbour's form")
    assert care.elder().ability_level == 1
    with pytest.raises(Conflict):
        assessments.void(care.centre, care.elder_id, int(second["id"]), care.act(), "again")
    assessments.void(care.centre, care.elder_id, int(first["id"]), care.act(), "hers too")
    assert care.elder().ability_level is None
    assert "Wang" in care.listed("missing")
    assert care.trail() == ["assessed", "assessed", "assessment_voided", "assessment_voided"]


def test_who_has_none_and_whose_is_due(care: Care) -> None:
    assert care.listed("missing") >= {"Wang", "Zhao", "Qian"}
    care.assess(80)
    assert "Wang" not in care.listed("missing") | care.listed("due")
    care.now += timedelta(days=365 - 30)
    assert care.listed("due") == {"Wang"}
    care.now += timedelta(days=29)
    assert care.listed("due") == {"Wang"}
    assert "Wang" not in care.listed("missing")
    care.now += timedelta(days=1)
    assert "Wang" in care.listed("missing")
    assert care.listed("due") == set()
    assert care.elder().ability_level == 1, "what an operator knew of her does not vanish with a date"


def test_those_without_in_one_area_and_in_the_safety_net(care: Care) -> None:
    assert care.listed("missing", area_id=care.town.areas["Oak"]) == {"Qian"}
    assert care.listed("missing", mark="safety_net") == set()
    care.tag("destitute")
    assert care.listed("missing", mark="safety_net") == {"Wang"}
    west = due.list_due(care.centre, care.act("west_op").actor, DueFilter(), ALL, care.now)
    assert {item["name"] for item in west["items"]} == {"Qian"}


def test_another_standard_is_kept_apart(care: Care) -> None:
    care.assess(70)
    older = Form("MZ/T 039-2013", Reason.OTHER, TODAY, ("An",), level=3)
    found = assessments.record(care.centre, care.elder_id, care.act(), older)
    assert (found["standard"], found["standard_version"], found["final_level"]) == ("MZ/T 039-2013", "2013", 3)
    assert care.elder().ability_level == 1
    for wrong in ({"level": 4}, {"level": None}, {"assessors": ()}):
        form = Form(**{**older.__dict__, **wrong})
        with pytest.raises(Invalid):
            assessments.record(care.centre, care.elder_id, care.act(), form)


def test_a_result_in_bulk_comes_without_its_items(care: Care) -> None:
    bare = Form(GBT, Reason.ROUTINE, TODAY, ("An", "Bo"), level=2, source="import")
    assert assessments.record(care.centre, care.elder_id, care.act(), bare)["final_level"] == 2
    assert care.elder().ability_level == 2
    with pytest.raises(Invalid):
        assessments.record(care.centre, care.elder_id, care.act(), Form(**{**bare.__dict__, "source": "form"}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"standard": "GB/T 1"},
        {"assessed_on": TODAY + timedelta(days=1)},
        {"assessed_on": date(1900, 1, 1)},
        {"assessors": ("An", "An")},
        {"level": 4},
    ],
)
def test_what_an_assessment_must_not_say(care: Care, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        care.assess(70, **wrong)
    assert care.elder().ability_level is None
    assert care.trail() == []


def test_one_key_is_one_assessment(care: Care) -> None:
    assert care.assess(70, key="k1") == care.assess(70, key="k1")
    assert len(care.trail()) == 1
    with pytest.raises(Conflict):
        consents.record_consent(care.centre, care.elder_id, care.act(key="k1"), Word("visits", True, "paper", "w", "l"))


def test_an_elder_of_another_district_is_not_there(care: Care) -> None:
    with pytest.raises(NotFound):
        assessments.record(care.centre, care.elder_id, care.act("west_op"), care.form(70))
    with pytest.raises(NotFound):
        groups.add_tag(care.centre, care.elder_id, care.act("west_op"), NewTag("dementia", "x", TODAY))
    with pytest.raises(NotFound):
        consents.list_consents(care.centre, care.elder_id, care.act("west_op").actor)


# -- groups


def test_flags_follow_the_tags_day_by_day(care: Care) -> None:
    care.tag("dementia", TODAY + timedelta(days=2), TODAY + timedelta(days=3))
    assert care.elder().flags == ["living_alone"]
    care.forward(1)
    assert care.elder().flags == ["living_alone"]
    care.forward(1)
    assert care.elder().flags == ["living_alone", "dementia"]
    care.forward(1)
    assert care.elder().flags == ["living_alone", "dementia"]
    care.forward(1)
    assert care.elder().flags == ["living_alone"]
    assert groups.tick(care.centre, care.now + timedelta(days=1000)) == 0


def test_the_flags_catch_up_after_a_long_silence(care: Care) -> None:
    care.tag("dementia", TODAY + timedelta(days=2), TODAY + timedelta(days=3))
    care.tag("left_behind", TODAY + timedelta(days=2))
    care.forward(40)
    assert care.elder().flags == ["living_alone", "left_behind"]


def test_a_day_begins_at_midnight_where_the_centre_is(care: Care) -> None:
    care.tag("dementia", TODAY + timedelta(days=1))
    for now, there in (
        (datetime(2026, 11, 24, 15, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), True),
    ):
        groups.tick(care.centre, now)
        assert ("dementia" in care.elder().flags) == there


def test_a_group_that_was_ended_is_past_and_may_begin_again(care: Care) -> None:
    first = care.tag("destitute")
    assert care.elder().flags == ["destitute", "living_alone"]
    ended = groups.end_tag(care.centre, care.elder_id, int(first["id"]), care.act(), "income rose")
    assert (ended["holds"], ended["end_reason"], ended["evidence"]) == (False, "income rose", "no. 7")
    assert care.elder().flags == ["living_alone"]
    care.tag("destitute")
    assert care.elder().flags == ["destitute", "living_alone"]
    assert [t["holds"] for t in groups.list_tags(care.centre, care.elder_id, care.act().actor, care.now)][:2] == [
        True,
        False,
    ]


def test_the_same_group_twice_on_a_day_is_refused(care: Care) -> None:
    first = care.tag("destitute", TODAY, TODAY + timedelta(days=9))
    with pytest.raises(Conflict):
        care.tag("destitute", TODAY + timedelta(days=9))
    later = care.tag("destitute", TODAY + timedelta(days=10))
    change = TagChange(no_end=True)
    with pytest.raises(Conflict):
        groups.change_tag(care.centre, care.elder_id, int(first["id"]), care.act(version=1), change)
    groups.end_tag(care.centre, care.elder_id, int(later["id"]), care.act(), "wrong")
    assert (
        groups.change_tag(care.centre, care.elder_id, int(first["id"]), care.act(version=1), change)["valid_to"] is None
    )
    with pytest.raises(VersionConflict):
        groups.change_tag(care.centre, care.elder_id, int(first["id"]), care.act(version=1), change)


def test_two_people_add_the_same_group_at_once(care: Care) -> None:
    def add(_: int) -> str:
        try:
            return str(care.tag("destitute")["holds"])
        except Conflict:
            return "refused"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == ["True", "refused", "refused", "refused"]
    assert care.elder().flags == ["destitute", "living_alone"]


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("rich", TODAY, None),
        ("dementia", TODAY, TODAY - timedelta(days=1)),
        ("dementia", date(1, 1, 1), None),
        ("dementia", TODAY, date(9999, 12, 31)),
    ],
)
def test_tags_that_make_no_sense(care: Care, code: str, first: date, last: date | None) -> None:
    with pytest.raises(Invalid):
        care.tag(code, first, last)


def test_the_level_makes_a_group_begin_and_end(care: Care) -> None:
    care.assess(50)
    assert care.elder().flags == ["living_alone", "disabled_ability"]
    care.assess(40)
    care.assess(90)
    assert care.elder().flags == ["living_alone"]
    care.tag("disabled_ability")
    care.assess(89)
    assert "disabled_ability" in care.elder().flags, "the disability office's word stands beside the assessment"


def test_one_elder_whose_tags_fail_does_not_keep_the_others(care: Care, monkeypatch: pytest.MonkeyPatch) -> None:
    care.tag("dementia", TODAY + timedelta(days=1))
    other = care.town.elders["Zhao"]
    groups.add_tag(care.centre, other, care.act(), NewTag("dementia", "x", TODAY + timedelta(days=1)))
    true_follow = groups.follow

    def follow(session: Any, centre: Any, elder: Elder, now: datetime) -> None:
        if elder.id == care.elder_id:
            raise RuntimeError("unreadable")
        true_follow(session, centre, elder, now)

    monkeypatch.setattr(groups, "follow", follow)
    care.forward(1)
    with care.centre.database.reads() as session:
        assert "dementia" in session.get_one(Elder, other).flags
        waiting = session.scalar(select(ElderTag.due_at).where(ElderTag.due_at.is_not(None)))
    assert waiting == care.now + groups.AGAIN


# -- consents


def test_consent_is_given_read_out_and_withdrawn_by_telephone(care: Care) -> None:
    def say(given: bool, **more: Any) -> dict[str, Any]:
        word = Word("emergency_response", given, "telephone", "Wang", **more)
        return consents.record_consent(care.centre, care.elder_id, care.act("lin"), word)

    with pytest.raises(Invalid):
        say(True)
    say(True, read_by="Lin")
    with care.centre.database.reads() as session:
        assert consents.standing(session, care.elder_id, "emergency_response") is not None
        assert consents.standing(session, care.elder_id, "position") is None
    say(False)
    with care.centre.database.reads() as session:
        assert consents.standing(session, care.elder_id, "emergency_response") is None
    found = {c["purpose"]: c for c in consents.list_consents(care.centre, care.elder_id, care.act().actor)}
    assert [w["given"] for w in found["emergency_response"]["words"]] == [False, True]
    assert found["position"] == {"purpose": "position", "given": None, "outdated": False, "needed": True, "words": []}
    assert care.trail() == ["consent_given", "consent_withdrawn"]
    with pytest.raises(Invalid):
        consents.record_consent(care.centre, care.elder_id, care.act(), Word("gossip", True, "paper", "Wang", "Lin"))


def test_the_form_of_care_rests_on_an_assessment(care: Care) -> None:
    basis = int(care.assess(50)["id"])
    decision = Decision("home_care_bed", "bedridden, daughter at home", basis)
    assert consents.decide_form(care.centre, care.elder_id, care.act(), decision)["assessment_id"] == str(basis)
    consents.decide_form(care.centre, care.elder_id, care.act(), Decision("institution", "daughter moved away"))
    forms = consents.list_forms(care.centre, care.elder_id, care.act().actor)
    assert [f["form"] for f in forms] == ["institution", "home_care_bed"]
    for wrong in (Decision("palace", "x"), Decision("institution", "x", 99999)):
        with pytest.raises(Invalid):
            consents.decide_form(care.centre, care.elder_id, care.act(), wrong)
    with pytest.raises(Invalid):
        consents.decide_form(care.centre, care.town.elders["Zhao"], care.act(), Decision("institution", "x", basis))
