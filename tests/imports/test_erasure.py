"""Whoever is erased stays behind in no file that somebody brought, and no file outlives its time."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch.domain.actor import Actor
from dispatch.models.imports import Import, ImportChunk, ImportPerson, ImportRow
from dispatch.models.people import Elder
from dispatch.services.imports import row_faults, uploads
from dispatch.services.imports.files import folder, path_of
from dispatch.services.privacy import erase
from dispatch.services.work import Act
from tests.support.factories import Town
from tests.support.tables import ELDERS, LI, ZHOU, Importer, as_csv, row

ZHOUS = [ELDERS, row("周长贵", ZHOU, "13800001235", address="Elm Road 9")]


@pytest.fixture
def boss(town: Town) -> Importer:
    """李秀兰 and 周长贵 are in the register."""
    boss = Importer(town)
    boss.bring_in([ELDERS, row("李秀兰", LI, "13800001234"), *ZHOUS[1:]])
    return boss


def erase_li(boss: Importer) -> None:
    with boss.centre.database.sessions.begin() as session:
        elder = session.scalars(select(Elder).where(Elder.name == "李秀兰").with_for_update()).one()
        erase.erase_person(session, boss.centre, elder, Act(boss.actor, boss.now), request_id=None)
    uploads.sweep(boss.centre, boss.now)


def lies_there(boss: Importer, brought: dict[str, object]) -> bool:
    return path_of(boss.centre, int(str(brought["id"]))).exists()


@pytest.mark.parametrize(
    "line",
    [
        row("李秀兰", LI, "13800009999"),  # would change her
        row("李秀兰", LI, "13800001234"),  # says what is known already
        row("李秀兰", LI, "12"),  # is wrong, and lies there to be mended
    ],
)
def test_a_file_that_waits_with_the_person_in_it_goes(boss: Importer, line: list[str]) -> None:
    with_her, without = boss.check([*ZHOUS, line]), boss.check(ZHOUS)
    erase_li(boss)
    gone = boss.look(with_her)
    assert (gone["state"], gone["fault"]) == ("cancelled", {"code": "person_erased", "data": {}})
    assert (boss.look(without)["state"], lies_there(boss, without)) == ("checked", True)
    assert not lies_there(boss, with_her)
    with boss.centre.database.reads() as session:
        for table in (ImportChunk, ImportRow, ImportPerson):
            mine = select(func.count()).select_from(table).where(table.import_id == int(with_her["id"]))
            assert session.scalar(mine) == 0, table


def test_a_file_of_devices_names_her_too(boss: Importer) -> None:
    brought = boss.check([["设备编号", "型号", "老人身份证号"], ["SOS-77", "SOS-100", LI]], "devices")
    erase_li(boss)
    assert boss.look(brought)["fault"]["code"] == "person_erased"


def test_of_a_file_that_nobody_has_read_it_is_not_known_who_is_in_it(boss: Importer) -> None:
    unread = boss.bring(as_csv(ZHOUS))
    west = f"/{boss.town.areas['Town']}/{boss.town.areas['West']}/"
    boss.actor = Actor("user", "77", "West", frozenset({"supervisor"}), paths=(west,))
    elsewhere = boss.bring(as_csv(ZHOUS))
    with boss.centre.database.reads() as session:
        assert session.get_one(Import, int(elsewhere["id"])).scope == west
    boss.actor = boss.town.actor("boss")
    erase_li(boss)
    assert (boss.look(unread)["state"], lies_there(boss, unread)) == ("cancelled", False)
    assert (boss.look(elsewhere)["state"], lies_there(boss, elsewhere)) == ("uploaded", True)


def test_her_wrong_rows_go_and_those_of_others_can_still_be_mended(boss: Importer) -> None:
    head = [*ELDERS[:7], "能力等级", "评估日期"]
    boss.bring_in([head, [*row("李秀兰", LI)[:7], "2", "2026-05-20"]])
    new = [[*row("新来", phone=phone)[:7], "", ""] for phone in ("12", "13811112222")]
    done = boss.bring_in([head, [*row("李秀兰", LI)[:7], "0", ""], *new])
    assert done["summary"]["errors"] == 2
    erase_li(boss)
    rows = list(row_faults.to_mend(boss.centre, boss.actor, int(done["id"]), "zh", boss.now))
    assert [line[0] for line in rows[1:]] == ["新来"]


def test_a_file_is_kept_no_longer_than_configured(boss: Importer) -> None:
    checked = boss.check([ELDERS, row("老文件", address="Elm 40"), row("错", phone="12")])
    kept = boss.centre.care.deadlines.imports
    uploads.forget(boss.centre, boss.now + kept - timedelta(minutes=1))
    assert (boss.look(checked)["state"], lies_there(boss, checked)) == ("checked", True)
    uploads.forget(boss.centre, boss.now + kept)
    assert (boss.look(checked)["state"], lies_there(boss, checked)) == ("cancelled", False)
    with boss.centre.database.reads() as session:
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


def test_what_a_process_left_that_died_is_swept_up(boss: Importer) -> None:
    waiting = boss.check(ZHOUS)
    half, old, unknown = (folder(boss.centre) / name for name in ("new-half", "new-old", "987654"))
    for path in (half, old, unknown):
        path.write_bytes(b"x")
    for path in (old, unknown, path_of(boss.centre, int(waiting["id"]))):
        long_ago = (boss.now - timedelta(days=3)).timestamp()
        os.utime(path, (long_ago, long_ago))
    os.utime(half, (boss.now.timestamp(), boss.now.timestamp()))
    uploads.sweep(boss.centre, boss.now)
    assert (half.exists(), old.exists(), unknown.exists(), lies_there(boss, waiting)) == (True, False, False, True)
