"""Elders come in by a table: looked at first, applied whole, known ones recognised, nobody twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from dispatch.domain.errors import Conflict, NotFound, VersionConflict
from dispatch.models.care import Assessment, AssessmentState, ElderTag
from dispatch.models.devices import Device
from dispatch.models.imports import Double, ElderOrigin, ImportChunk, ImportRow
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.models.trail import TrailEntry
from dispatch.services.centre import Centre
from dispatch.services.imports import row_faults, uploads
from dispatch.services.imports.files import path_of
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, WU, ZHOU, Importer, as_csv, as_xlsx, numbers, row


@pytest.fixture
def boss(town: Town) -> Importer:
    return Importer(town)


def named(centre: Centre, name: str) -> list[Elder]:
    with centre.database.reads() as session:
        return list(session.scalars(select(Elder).where(Elder.name == name).order_by(Elder.id)))


def count(centre: Centre, model: type) -> int:
    with centre.database.reads() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


THREE = [
    ELDERS,
    row("李秀兰", LI, "13800001234", contact="王敏", relation="女儿", contact_phone="139 0000 1234"),
    row("周长贵", ZHOU, "+86 13800001235"),
    row("吴淑华", WU, "0467-5512345", address="Elm Road 9"),
]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(boss: Importer) -> None:
    before = count(boss.centre, Elder)
    found = boss.check(THREE)
    assert (found["state"], numbers(found)) == ("checked", (3, 0, 0, 0))
    assert found["progress"] == {"done": 3, "total": 3}
    assert count(boss.centre, Elder) == before


@pytest.mark.parametrize("written", [as_csv, as_xlsx, lambda t: as_csv(t, "gb18030"), lambda t: as_csv(t, "utf-8-sig")])
def test_what_was_checked_is_applied_from_every_kind_of_file(boss: Importer, written: object) -> None:
    done = boss.bring_in(written(THREE))  # type: ignore[operator]
    assert (done["state"], numbers(done)) == ("applied", (3, 0, 0, 0))
    (li,) = named(boss.centre, "李秀兰")
    assert (li.sex, li.birth_date, li.phone, li.identity_number) == ("F", date(1942, 3, 15), "13800001234", LI)
    assert (li.pinyin, li.initials) == ("lixiulan", "lxl")
    (zhou,), (wu,) = named(boss.centre, "周长贵"), named(boss.centre, "吴淑华")
    assert (zhou.household_id, zhou.phone, wu.phone) == (li.household_id, "13800001235", "04675512345")
    assert wu.household_id != li.household_id
    with boss.centre.database.reads() as session:
        contact = session.scalars(select(Contact).where(Contact.elder_id == li.id)).one()
        assert (contact.name, contact.relation, contact.phone, contact.position) == (
            "王敏",
            "daughter",
            "13900001234",
            1,
        )
        home = session.get_one(Household, li.household_id)
        assert (home.area_id, home.address) == (boss.town.areas["Elm"], "Elm Road 7")


def test_the_same_file_again_changes_nothing_and_a_mended_one_what_it_mends(boss: Importer) -> None:
    boss.bring_in(THREE)
    again = boss.check(THREE)
    assert numbers(again) == (0, 0, 3, 0)
    with pytest.raises(Conflict):
        boss.apply(again)
    mended = [ELDERS, row("李秀兰", LI, "13800009999"), row("周长贵", ZHOU), row("吴淑华", WU, address="Elm Road 11")]
    done = boss.bring_in(mended)
    assert numbers(done) == (0, 2, 1, 0)
    (li,), (zhou,), (wu,) = (named(boss.centre, name) for name in ("李秀兰", "周长贵", "吴淑华"))
    assert (li.phone, li.version) == ("13800009999", 2)
    assert (zhou.phone, zhou.version) == ("13800001235", 1), "an empty cell says nothing"
    with boss.centre.database.reads() as session:
        assert session.get_one(Household, wu.household_id).address == "Elm Road 11"
        deeds = session.scalars(select(TrailEntry).where(TrailEntry.action == "elder_changed").order_by(TrailEntry.id))
        assert [(d.subject_id, d.data["fields"]) for d in deeds] == [(str(li.id), ["phone"]), (str(wu.id), ["address"])]


def test_an_external_id_finds_who_has_no_identity_number(boss: Importer) -> None:
    head = [*ELDERS[:3], "电话", "所属区划", "地址", "外部编号", "独居", "对象类别"]
    line = ["孙玉兰", "女", "1939-01-02", "13800002222", "Elm", "Elm Road 3", "MZ-1", "是", "高龄"]
    boss.bring_in([head, line])
    line[3], line[7] = "13800003333", "否"
    done = boss.bring_in([head, line])
    (sun,) = named(boss.centre, "孙玉兰")
    assert (numbers(done), sun.phone, sun.flags) == ((0, 1, 0, 0), "13800003333", ["advanced_age"])
    with boss.centre.database.reads() as session:
        assert session.get_one(ElderOrigin, sun.id).external_id == "MZ-1"


def test_of_a_couple_the_one_who_moves_moves_alone(boss: Importer) -> None:
    boss.bring_in(THREE)
    boss.bring_in([ELDERS, row("周长贵", ZHOU, address="Oak Road 1", area="Oak")])
    (li,), (zhou,) = named(boss.centre, "李秀兰"), named(boss.centre, "周长贵")
    assert li.household_id != zhou.household_id
    with boss.centre.database.reads() as session:
        homes = [session.get_one(Household, elder.household_id) for elder in (li, zhou)]
    assert [(h.area_id, h.address) for h in homes] == [
        (boss.town.areas["Elm"], "Elm Road 7"),
        (boss.town.areas["Oak"], "Oak Road 1"),
    ]


def test_wrong_rows_come_back_with_their_reasons_and_can_be_mended(boss: Importer) -> None:
    table = [
        ELDERS,
        row("李秀兰", LI),
        row("=cmd|' /C calc'!A0", ZHOU),
        row("", WU[:-1] + ("0" if WU[-1] != "0" else "1"), "12"),
        row("郑大海", phone="13800001111", area="Nowhere", born="1940-02-30", sex="男"),
        row("李秀兰", LI),
    ]
    checked = boss.check(table)
    assert numbers(checked) == (1, 0, 0, 4)
    rows = row_faults.page(
        boss.centre,
        boss.actor,
        row_faults.Wanted(int(checked["id"]), "error", uploads.PageOf(50, None), "en"),
    )["items"]
    found = [(r["row"], [(f["column"], f["code"]) for f in r["faults"]]) for r in rows]
    assert found == [
        (3, [("name", "formula")]),
        (
            4,
            [
                ("identity_number", "identity_check_digit"),
                ("phone", "not_a_phone"),
                ("name", "missing"),
                ("sex", "missing"),
                ("birth_date", "missing"),
            ],
        ),
        (5, [("birth_date", "not_a_date")]),
        (6, [("identity_number", "twice_in_file")]),
    ]
    assert rows[3]["faults"][0]["text"] == "Identity number: The same as in row 2"
    back = list(row_faults.to_mend(boss.centre, boss.actor, int(checked["id"]), "zh", boss.now))
    assert back[0] == [*ELDERS, "原行号", "错误说明"]
    assert (back[3][0], back[3][-2:]) == ("郑大海", ["5", "出生日期：不是日期，请写成 1942-03-15"])
    mended = [back[0], [*row("郑大海", phone="13800001111", born="1940-02-28", sex="男"), *back[3][-2:]]]
    assert numbers(boss.bring_in(mended)) == (1, 0, 0, 0)


def test_nobody_writes_outside_of_their_areas(town: Town) -> None:
    Importer(town).bring_in(THREE)
    west = Importer(town)
    west.actor = type(west.actor)(
        "user", "77", "West boss", frozenset({"supervisor"}), paths=town.actor("west_op").paths
    )
    checked = west.check(
        [ELDERS, row("甲", area="Elm"), row("李秀兰", LI, area="Oak"), row("乙", area="Oak", address="Oak 1")]
    )
    assert numbers(checked) == (1, 0, 0, 2)
    rows = row_faults.page(
        west.centre, west.actor, row_faults.Wanted(int(checked["id"]), "error", uploads.PageOf(50, None), "zh")
    )["items"]
    assert [[f["code"] for f in r["faults"]] for r in rows] == [["area_not_yours"], ["elder_not_yours"]]
    with pytest.raises(NotFound):
        uploads.find(
            town.centre,
            type(west.actor)(
                "user",
                "78",
                "Other",
                frozenset({"supervisor"}),
                paths=(f"/{town.areas['Town']}/{town.areas['East']}/",),
            ),
            int(checked["id"]),
        )
    assert Importer(town).look(checked)["by"] == "West boss", "who covers the area sees it"


def test_devices_get_their_place_and_never_change_homes_silently(boss: Importer) -> None:
    head = [*ELDERS[:7], "设备编号"]
    table = [
        head,
        [*row("李秀兰", LI)[:7], "NEW-1、NEW-2"],
        [*row("周长贵", ZHOU)[:7], "NEW-2"],
        [*row("吴淑华", WU, address="Elm Road 9")[:7], "NEW-1"],
        [*row("郑大海", phone="13800001111", address="Elm Road 10")[:7], "SOS-1"],
    ]
    done = boss.bring_in(table)
    assert numbers(done) == (2, 0, 0, 2)
    (li,) = named(boss.centre, "李秀兰")
    with boss.centre.database.reads() as session:
        rows = session.execute(
            select(Device.number, Device.elder_id, Device.household_id).where(Device.number.like("NEW%"))
        )
        assert sorted(map(tuple, rows)) == [("NEW-1", li.id, li.household_id), ("NEW-2", li.id, li.household_id)]
        assert (
            session.scalars(select(Device.household_id).where(Device.number == "SOS-1")).one()
            == boss.town.households["Wang"]
        )


def test_who_only_resembles_somebody_is_imported_and_proposed_as_double(boss: Importer) -> None:
    boss.bring_in([ELDERS, row("李秀兰", LI, "13800001234"), row("王淑珍", phone="13800007777", address="Elm Road 20")])
    done = boss.bring_in(
        [
            ELDERS,
            row("李秀兰", phone="13800001234", address="Oak Road 2", area="Oak", born="1942-03-15"),
            row("王叔珍", phone="", address="Elm Road 20"),
            row("无关", phone="13800008888", address="Elm Road 30"),
        ]
    )
    assert (numbers(done), done["summary"]["duplicates"]) == ((3, 0, 0, 0), 2)
    with boss.centre.database.reads() as session:
        found = session.execute(select(Double.score, Double.reasons).order_by(Double.score.desc())).all()
    assert [tuple(one) for one in found] == [
        (99, ["phone", "name", "birth_date"]),
        (75, ["address", "name_sounds_alike", "birth_date"]),
    ]


def test_the_register_may_move_between_check_and_apply(boss: Importer) -> None:
    first, second = boss.check(THREE), boss.check(THREE)
    boss.apply(first)
    done = boss.apply(second)
    assert done["state"] == "applied"
    assert [len(named(boss.centre, name)) for name in ("李秀兰", "周长贵", "吴淑华")] == [1, 1, 1]


def test_rows_that_no_longer_fit_stop_the_whole(boss: Importer) -> None:
    boss.bring_in(THREE)
    checked = boss.check([ELDERS, row("李秀兰", LI, "13800009999"), row("新来", phone="13811112222", address="Elm 99")])
    with boss.centre.database.sessions.begin() as session:
        session.scalars(select(Elder).where(Elder.name == "李秀兰")).one().archived_at = boss.now
    failed = boss.apply(checked)
    assert (failed["state"], failed["fault"]) == ("failed", {"code": "register_changed", "data": {"count": "1"}})
    assert named(boss.centre, "新来") == [], "nothing half applied"


def test_the_file_and_its_rows_are_gone_when_they_are_not_needed(boss: Importer) -> None:
    checked = boss.check([*THREE, row("", LI)])
    path = path_of(boss.centre, int(checked["id"]))
    assert oct(path.stat().st_mode)[-3:] == "600"
    boss.apply(checked)
    assert not path.exists()
    assert (count(boss.centre, ImportRow), count(boss.centre, ImportChunk)) == (1, 0), "wrong rows can be mended still"
    left = boss.check(THREE)
    uploads.cancel(boss.centre, boss.actor, int(left["id"]), None, boss.now)
    assert not path_of(boss.centre, int(left["id"])).exists()
    old = boss.check([ELDERS, row("老文件", address="Elm 40")])
    uploads.forget(boss.centre, boss.now + boss.centre.care.deadlines.imports)
    assert not path_of(boss.centre, int(old["id"])).exists()
    assert boss.look(old)["state"] == "cancelled"
    assert (count(boss.centre, ImportRow), count(boss.centre, ImportChunk)) == (0, 0)


def test_clicking_twice_applies_once_and_an_old_page_is_told(boss: Importer) -> None:
    checked = boss.check(THREE)
    with pytest.raises(VersionConflict):
        uploads.apply(boss.centre, boss.actor, int(checked["id"]), checked["version"] - 1, boss.now)
    for _ in range(2):
        uploads.apply(boss.centre, boss.actor, int(checked["id"]), checked["version"], boss.now)
    for _ in range(2):
        done = boss.work(checked)
    assert (done["state"], len(named(boss.centre, "李秀兰"))) == ("applied", 1)
    with pytest.raises(Conflict):
        uploads.cancel(boss.centre, boss.actor, int(checked["id"]), None, boss.now)


def test_the_same_key_is_the_same_import(boss: Importer) -> None:
    first = boss.bring(as_csv(THREE), key="k1")
    assert boss.bring(as_csv(THREE), key="k1")["id"] == first["id"]
    assert boss.bring(as_csv(THREE), key="k2")["id"] != first["id"]
    folder = path_of(boss.centre, int(first["id"])).parent
    assert len(list(folder.iterdir())) == 2, "no file is left behind"


def test_groups_and_levels_come_with_their_source_and_day(boss: Importer) -> None:
    head = [*ELDERS[:7], "对象类别", "独居", "能力等级", "评估日期"]
    person = row("李秀兰", LI)[:7]
    boss.bring_in([head, [*person, "高龄、低保对象", "是", "1", "2026-05-20"]])
    (li,) = named(boss.centre, "李秀兰")
    assert (li.flags, li.ability_level) == (["subsistence_allowance", "living_alone", "advanced_age"], 1)
    assert numbers(boss.check([head, [*person, "高龄、低保对象", "是", "1", "2026-05-20"]])) == (0, 0, 1, 0)
    boss.bring_in([head, [*person, "失智", "否", "3", "2025-05-20"]])
    (li,) = named(boss.centre, "李秀兰")
    assert (li.flags, li.ability_level) == (["subsistence_allowance", "dementia", "advanced_age"], 1), "an old result"
    boss.bring_in([head, [*person, "", "", "2", "2026-11-20"]])
    (li,) = named(boss.centre, "李秀兰")
    with boss.centre.database.reads() as session:
        tags = session.execute(
            select(ElderTag.code, ElderTag.source, ElderTag.ended_at.is_(None))
            .where(ElderTag.elder_id == li.id)
            .order_by(ElderTag.id)
        )
        levels = session.execute(
            select(Assessment.assessed_on, Assessment.final_level)
            .where(Assessment.elder_id == li.id)
            .order_by(Assessment.id)
        ).all()
        state = session.get_one(AssessmentState, li.id)
        assert [tuple(tag) for tag in tags] == [
            ("advanced_age", "import", True),
            ("subsistence_allowance", "import", True),
            ("living_alone", "import", False),
            ("dementia", "import", True),
            ("disabled_ability", "assessment", True),
        ]
        assert [tuple(one) for one in levels] == [
            (date(2026, 5, 20), 1),
            (date(2025, 5, 20), 3),
            (date(2026, 11, 20), 2),
        ]
        assert (li.ability_level, state.next_due_on.year) == (2, 2027)
