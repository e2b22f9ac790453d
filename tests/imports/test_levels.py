"""A level that a table brings has the same consequences as one that an assessor wrote down, and so has a merge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from dispatch.models.care import Assessment, AssessmentState, CareForm, ElderTag
from dispatch.models.people import Elder
from dispatch.services.care import groups
from dispatch.services.care.groups import NewTag
from dispatch.services.imports import doubles, merging, row_faults, uploads
from dispatch.services.imports.merging import Merge
from dispatch.services.work import Act
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, Importer, numbers, row

HEAD = [*ELDERS[:7], "对象类别", "能力等级", "评估日期"]
LOST = "disabled_ability"


@pytest.fixture
def boss(town: Town) -> Importer:
    return Importer(town)


def li(groups: str = "", level: str = "", on: str = "", phone: str = "", number: str = LI) -> list[str]:
    return [*row("李秀兰", number, phone, born="1942-03-15")[:7], groups, level, on]


def elder(boss: Importer) -> Elder:
    with boss.centre.database.reads() as session:
        return session.scalars(select(Elder).where(Elder.name == "李秀兰", Elder.archived_at.is_(None))).one()


def tags(boss: Importer) -> list[tuple[str, str, bool]]:
    """Code, source, and whether it was ended."""
    with boss.centre.database.reads() as session:
        found = session.scalars(select(ElderTag).where(ElderTag.elder_id == elder(boss).id).order_by(ElderTag.id))
        return [(tag.code, tag.source, tag.ended_at is not None) for tag in found]


def test_a_new_elder_belongs_to_the_groups_of_the_level(boss: Importer) -> None:
    boss.bring_in([HEAD, li("高龄", "3", "2026-05-20")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([LOST, "advanced_age"], 3)
    assert tags(boss) == [("advanced_age", "import", False), (LOST, "assessment", False)]
    with boss.centre.database.reads() as session:
        found = session.scalars(select(Assessment)).one()
        tag = session.scalars(select(ElderTag).where(ElderTag.code == LOST)).one()
        assert tag.evidence == f"{found.standard} 2026-05-20 #{found.id}"
    assert numbers(boss.check([HEAD, li("高龄", "3", "2026-05-20")])) == (0, 0, 1, 0)


def test_what_the_row_names_itself_is_not_taken_back_by_a_level(boss: Importer) -> None:
    boss.bring_in([HEAD, li("失能", "3", "2026-05-20")])
    assert tags(boss) == [(LOST, "import", False)]
    boss.bring_in([HEAD, li("", "0", "2026-06-20")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([LOST], 0)


def test_a_newer_level_begins_and_ends_the_group_and_an_older_one_does_neither(boss: Importer) -> None:
    boss.bring_in([HEAD, li("", "1", "2026-03-20")])
    assert elder(boss).flags == []
    boss.bring_in([HEAD, li("", "3", "2026-05-20")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([LOST], 3)
    boss.bring_in([HEAD, li("", "0", "2026-04-20")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([LOST], 3)
    boss.bring_in([HEAD, li("", "0", "2026-06-20")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([], 0)
    assert tags(boss) == [(LOST, "assessment", True)]
    with boss.centre.database.reads() as session:
        assert session.scalars(select(AssessmentState.next_due_on)).one() > date(2026, 6, 20)


def test_a_level_without_its_day_counts_until_somebody_has_assessed(boss: Importer) -> None:
    boss.bring_in([HEAD, li("", "3")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([LOST], 3)
    boss.bring_in([HEAD, li("", "1")])
    assert (elder(boss).flags, elder(boss).ability_level) == ([], 1)
    boss.bring_in([HEAD, li("", "2", "2026-05-20")])
    assert elder(boss).flags == [LOST]
    checked = boss.check([HEAD, li("", "0")])
    assert numbers(checked) == (0, 0, 0, 1), "nobody knows which of the two is newer"
    wanted = row_faults.Wanted(int(checked["id"]), "error", uploads.PageOf(5, None), "en")
    faults = row_faults.page(boss.centre, boss.actor, wanted)["items"][0]["faults"]
    assert [fault["code"] for fault in faults] == ["level_without_day"]
    assert "date" in faults[0]["text"]
    assert numbers(boss.check([HEAD, li("", "2")])) == (0, 0, 1, 0)


@pytest.mark.parametrize("keep", ["a", "b"])
def test_of_two_merged_files_the_newest_result_counts_and_all_that_follows(boss: Importer, keep: str) -> None:
    """One file has the newer level and the other the group of the older one: neither file alone says the truth."""
    boss.bring_in([HEAD, li("高龄", "1", "2026-05-20", "13800001234")])
    boss.bring_in([HEAD, li("失智", "3", "2026-02-20", "13800001234", number="")])
    (listed,) = doubles.listing(boss.centre, boss.actor, doubles.Wanted(9), boss.now)["items"]
    kept, other = listed[keep], listed["b" if keep == "a" else "a"]
    with boss.centre.database.sessions.begin() as session:
        form = {"reason": "x", "decided_by": "Boss"}
        older, newer = boss.now - timedelta(days=9), boss.now - timedelta(days=2)
        session.add(CareForm(elder_id=int(kept["id"]), form="institution", decided_at=older, **form))
        session.add(CareForm(elder_id=int(other["id"]), form="home_care_bed", decided_at=newer, **form))
        session.get_one(Elder, int(kept["id"])).service_form = "institution"
        session.get_one(Elder, int(other["id"])).service_form = "home_care_bed"
        session.get_one(Elder, int(other["id"])).absence_kind = "hospital"
    versions = {int(kept["id"]): kept["version"], int(other["id"]): other["version"]}
    merging.merge(boss.centre, boss.actor, Merge(int(listed["id"]), int(kept["id"]), versions), boss.now)
    found = elder(boss)
    assert found.id == int(kept["id"])
    assert (found.ability_level, found.service_form, found.absence_kind) == (1, "home_care_bed", "hospital")
    assert found.flags == ["dementia", "advanced_age"], "the loss of ability was that of an older assessment"
    assert sorted(tags(boss)) == [
        ("advanced_age", "import", False),
        ("dementia", "import", False),
        (LOST, "assessment", True),
    ]
    with boss.centre.database.reads() as session:
        newest = session.scalars(select(Assessment).order_by(Assessment.assessed_on.desc())).first()
        assert newest is not None
        (state,) = session.scalars(select(AssessmentState)).all()
        assert (state.elder_id, state.assessment_id, state.next_due_on) == (found.id, newest.id, newest.next_due_on)


def test_a_flag_that_is_older_than_the_memberships_outlives_a_change_of_others(boss: Importer) -> None:
    boss.bring_in([HEAD, li()])
    with boss.centre.database.sessions.begin() as session:
        session.get_one(Elder, elder(boss).id).flags = ["dementia", "hard_of_hearing"]
    act = Act(boss.actor, boss.now)
    groups.add_tag(boss.centre, elder(boss).id, act, NewTag("advanced_age", "x", boss.now.date()))
    assert elder(boss).flags == ["dementia", "advanced_age", "hard_of_hearing"]
