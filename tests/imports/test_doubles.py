"""Two files of one person: shown side by side, merged whole or left apart, and the past of their cases untouched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from dispatch.domain.case import Channel, Help, Kind
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.models.care import ElderTag
from dispatch.models.cases import Case
from dispatch.models.devices import Device
from dispatch.models.imports import Double, ElderOrigin
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.trail import TrailEntry
from dispatch.services.imports import doubles, find_doubles, merging
from dispatch.services.imports.merging import Merge
from tests.support.factories import START, Town
from tests.support.story import Story
from tests.support.tables import ELDERS, LI, Importer, numbers, row

HEAD = [*ELDERS, "外部编号", "对象类别", "设备编号", "方言"]


@pytest.fixture
def boss(town: Town) -> Importer:
    """李秀兰 is twice in the register: with her identity number, and with nothing but her telephone."""
    boss = Importer(town)
    boss.bring_in(
        [
            HEAD,
            [
                *row("李秀兰", LI, "13800001234", contact="女儿", relation="女儿", contact_phone="13900000001"),
                *("A-1", "高龄", "LI-1", ""),
            ],
            [
                *row(
                    "李秀兰",
                    phone="13800001234",
                    address="Elm Road 7 ",
                    born="1942-03-15",
                    contact="儿子",
                    contact_phone="13900000002",
                ),
                *("A-2", "高龄、失智", "LI-2", "东北话"),
            ],
        ]
    )
    return boss


def pair(boss: Importer) -> dict[str, object]:
    found = doubles.listing(boss.centre, boss.actor, doubles.Wanted(10), boss.now)
    assert (found["total"], len(found["items"])) == (1, 1)
    return dict(doubles.side_by_side(boss.centre, boss.actor, int(found["items"][0]["id"]), boss.now))


def merge(boss: Importer, keep: str = "a") -> dict[str, object]:
    both = pair(boss)
    kept, versions = both[keep], {int(both[side]["id"]): both[side]["version"] for side in "ab"}  # type: ignore[index]
    return merging.merge(boss.centre, boss.actor, Merge(int(both["id"]), int(kept["id"]), versions), boss.now)  # type: ignore[call-overload,index]


def test_both_are_shown_masked_with_what_differs(boss: Importer) -> None:
    both = pair(boss)
    a, b = both["a"], both["b"]
    assert (both["score"], both["reasons"]) == (99, ["phone", "address", "name", "birth_date"])
    assert (a["phone_masked"], a["identity_masked"], b["identity_masked"]) == (
        "138****1234",
        f"990101**********{LI[-2:]}",
        None,
    )  # type: ignore[index]
    assert both["differences"] == ["identity_masked", "flags", "dialect", "external_id"]
    assert [c["phone_masked"] for c in b["contact_list"]] == ["139****0002"]  # type: ignore[index]


def test_one_file_stays_and_everything_hangs_on_it(story: Story) -> None:
    boss = Importer(story.town)
    fixture = boss
    test = [
        HEAD,
        [*row("李秀兰", LI, "13800001234", contact="女儿", contact_phone="13900000001"), "A-1", "高龄", "LI-1", ""],
    ]
    fixture.bring_in(test)
    fixture.bring_in(
        [
            HEAD,
            [
                *row("李秀兰", phone="13800001234", born="1942-03-15", contact="儿子", contact_phone="13900000002"),
                "A-2",
                "高龄、失智",
                "LI-2",
                "东北话",
            ],
        ]
    )
    both = pair(boss)
    keep, other = int(both["a"]["id"]), int(both["b"]["id"])  # type: ignore[index]
    with boss.centre.database.sessions.begin() as session:
        session.add(Fact(elder_id=other, kind="health", text="stent", source="daughter", confirmed_at=START))
    open_case = story.press("LI-2").case_id
    story.take(case=open_case)
    closed = story.request(kind=Kind.SERVICE, channel=Channel.HOTLINE, elder_id=other, help=Help.MEAL)[0]["id"]
    story.take(case=int(closed))
    story.close("talk", case=int(closed))
    before = [(e.id, e.kind, e.data) for e in story.events()]
    done = merge(boss)
    assert (done["keep"], done["other"]) == (str(keep), str(other))
    with boss.centre.database.reads() as session:
        kept, gone = session.get_one(Elder, keep), session.get_one(Elder, other)
        assert (gone.merged_into, gone.archive_reason, kept.archived_at) == (keep, "merged", None)
        assert gone.archived_at is not None
        assert (kept.dialect, kept.flags) == ("东北话", ["dementia", "advanced_age"])
        contacts = session.execute(
            select(Contact.name, Contact.position).where(Contact.elder_id == keep).order_by(Contact.position)
        )
        assert [tuple(one) for one in contacts] == [("女儿", 1), ("儿子", 2)]
        assert session.scalars(select(Fact.text).where(Fact.elder_id == keep)).all() == ["stent"]
        assert set(session.scalars(select(Device.number).where(Device.elder_id == keep))) == {"LI-1", "LI-2"}
        assert set(session.scalars(select(ElderTag.code).where(ElderTag.elder_id == keep))) == {
            "advanced_age",
            "dementia",
        }
        assert session.scalars(select(ElderTag.code).where(ElderTag.elder_id == other)).all() == ["advanced_age"]
        assert set(session.scalars(select(Case.elder_id).where(Case.id.in_([open_case, int(closed)])))) == {keep}
        deeds = session.execute(
            select(TrailEntry.action, TrailEntry.subject_id).where(
                TrailEntry.action.in_(["elder_merged", "elder_archived"])
            )
        )
        assert sorted(map(tuple, deeds)) == [("elder_archived", str(other)), ("elder_merged", str(keep))]
    after = [(e.id, e.kind, e.data) for e in story.events()]
    assert after[: len(before)] == before, "what happened stays what happened"
    assert [kind for _, kind, _ in after[len(before) :]] == ["elder_merged"], "the open case says so"
    assert story.events()[-1].case_id == open_case
    assert doubles.listing(boss.centre, boss.actor, doubles.Wanted(10), boss.now)["total"] == 0


def test_whoever_is_kept_has_the_identity_number_and_is_found_by_both_external_ids(boss: Importer) -> None:
    keep = int(merge(boss, keep="b")["keep"])  # type: ignore[call-overload]
    with boss.centre.database.reads() as session:
        assert session.get_one(Elder, keep).identity_number == LI
        assert session.get_one(ElderOrigin, keep).external_id == "A-2"
    for external in ("A-1", "A-2"):
        table = [HEAD, [*row("李秀兰", phone="13800005555", born="1942-03-15"), external, "", "", ""]]
        assert numbers(boss.check(table)) == (0, 1, 0, 0)


def test_what_was_seen_must_still_be_so(boss: Importer) -> None:
    both = pair(boss)
    keep = int(both["a"]["id"])  # type: ignore[index]
    with pytest.raises(VersionConflict):
        merging.merge(boss.centre, boss.actor, Merge(int(both["id"]), keep, {keep: 7}), boss.now)  # type: ignore[call-overload]
    with pytest.raises(Invalid):
        merging.merge(boss.centre, boss.actor, Merge(int(both["id"]), 1, {}), boss.now)  # type: ignore[call-overload]
    west = boss.town.actor("west_op")
    with pytest.raises(NotFound):
        merging.merge(boss.centre, west, Merge(int(both["id"]), keep, {}), boss.now)  # type: ignore[call-overload]
    assert doubles.listing(boss.centre, west, doubles.Wanted(10), boss.now)["total"] == 0


def test_of_two_who_decide_at_once_one_does(boss: Importer) -> None:
    both = pair(boss)
    keep = int(both["a"]["id"])  # type: ignore[index]

    def decide(_: int) -> str:
        try:
            merging.merge(boss.centre, boss.actor, Merge(int(both["id"]), keep, {}), boss.now)  # type: ignore[call-overload]
        except Conflict:
            return "too late"
        return "merged"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(decide, range(4))) == ["merged", "too late", "too late", "too late"]


def test_a_pair_that_was_dismissed_never_comes_back(boss: Importer) -> None:
    both = pair(boss)
    doubles.dismiss(boss.centre, boss.actor, int(both["id"]), "two sisters", boss.now)  # type: ignore[call-overload]
    with pytest.raises(Conflict):
        doubles.dismiss(boss.centre, boss.actor, int(both["id"]), "again", boss.now)  # type: ignore[call-overload]
    assert find_doubles.everywhere(boss.centre, boss.now) == 0
    with boss.centre.database.reads() as session:
        found = session.scalars(select(Double)).one()
        assert (found.state, found.reason, found.decided_by) == ("dismissed", "two sisters", "Boss")


def test_somebody_added_by_hand_is_compared_at_once(boss: Importer) -> None:
    with boss.centre.database.sessions.begin() as session:
        session.query(Double).delete()
        newest = session.scalar(select(func.max(Elder.id)))
        assert find_doubles.of(session, [newest], boss.now) == 1
        assert find_doubles.of(session, [newest], boss.now) == 0
        assert doubles.open_of(session, newest) == 1


def test_a_telephone_of_a_whole_village_proposes_nobody(town: Town) -> None:
    boss = Importer(town)
    boss.bring_in(
        [
            ELDERS,
            *(row(f"村民{n}", phone="04675551234", address=f"Elm {n}", born=f"19{30 + n}-01-01") for n in range(12)),
        ]
    )
    assert find_doubles.everywhere(boss.centre, boss.now) == 0


def test_every_table_that_points_to_an_elder_is_thought_of() -> None:
    """Whoever adds one: does it move along (nothing to do), or does it stay (``STAYS`` in merging.py)?"""
    found = {f"{table.name}.{column.name}" for table, column in merging.references()}
    assert {f"{table}.{column}" for table, column in merging.STAYS} <= found
