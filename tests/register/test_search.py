"""Whatever an operator was told finds the elder, and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dispatch.domain.actor import Actor
from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder
from dispatch.models.places import Household
from dispatch.services.demo.names import words
from dispatch.services.desk import PageOf
from dispatch.services.register import listing, search
from dispatch.services.register.names import called
from dispatch.services.register.narrowing import ElderFilter
from tests.support.factories import START, Town

NUMBER = "11010519491231002X"


@pytest.fixture
def people(town: Town) -> Town:
    """Three elders with Chinese names in the East, one namesake in the West."""
    add(town, "王桂英", "Elm", "梧桐路18号3幢2单元501室", phone="13912341942", identity_number=NUMBER, device="BELL-1")
    add(town, "欧阳建国", "Elm", "红旗路5号A座(后院)", phone="046755512345")
    add(town, "单秀兰", "Elm", "梧桐路81号", contact="13700001111")
    add(town, "王桂英", "Oak", "西山街9号")
    return town


def add(town: Town, name: str, area: str, address: str, **more: Any) -> int:
    with town.centre.database.sessions.begin() as session:
        home = Household(area_id=town.areas[area], address=address, address_short=address)
        session.add(home)
        session.flush()
        columns = {key: value for key, value in more.items() if key in ("phone", "identity_number")}
        elder = Elder(
            household_id=home.id,
            sex="F",
            birth_date=date(1949, 12, 31),
            flags=[],
            languages=[],
            **called(name),
            **columns,
        )
        session.add(elder)
        session.flush()
        if "device" in more:
            session.add(Device(number=more["device"], model="B", household_id=home.id))
        if "contact" in more:
            contact = Contact(elder_id=elder.id, position=1, name="Li", relation="son", phone=more["contact"])
            session.add(contact)
        return elder.id


def found(town: Town, q: str, by: str = "lin", **more: Any) -> list[str]:
    return [item["name"] for item in ask(town, town.actor(by), q, **more)["items"]]


def ask(town: Town, actor: Actor, q: str, limit: int = 50, before: int | None = None, **more: Any) -> dict[str, Any]:
    return listing.elders(town.centre, actor, ElderFilter(q, **more), PageOf(limit, before), START)


@pytest.mark.parametrize(
    "q",
    [
        *words("欧阳建国 欧阳 阳建 国 ouyang ouyangjianguo jianguo OYJG yjg jg 红旗 旗路5号 A座 a座 2345 12345"),
        *("046755512345", "(后院)", "0467 55512345", "0467-55512345", "欧阳 红旗", "红旗 jianguo 2345"),
    ],
)
def test_one_of_them_is_found_by(people: Town, q: str) -> None:
    assert found(people, q) == ["欧阳建国"]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("王桂英", ["王桂英", "王桂英"]),
        ("wgy", ["王桂英", "王桂英"]),
        ("梧桐路", ["王桂英", "单秀兰"]),
        ("梧桐 桂英", ["王桂英"]),
        ("shanxiulan", ["单秀兰"]),
        ("danxiulan", []),
        (NUMBER, ["王桂英"]),
        (NUMBER.lower(), ["王桂英"]),
        (NUMBER[:17], []),
        (NUMBER[-6:], ["王桂英"]),
        (NUMBER[-6:].lower(), ["王桂英"]),
        (NUMBER[-4:], ["王桂英"]),
        (f"9{NUMBER[-5:]}", []),
        ("1942", ["王桂英"]),
        ("341942", ["王桂英"]),
        ("942", []),
        ("991942", []),
        ("13912341942", ["王桂英"]),
        ("+8613912341942", ["王桂英"]),
        ("139 1234 1942", ["王桂英"]),
        ("13700001111", ["单秀兰"]),
        ("1111", []),
        ("BELL-1", ["王桂英"]),
        ("BELL", []),
        ("１３９１２３４１９４２", ["王桂英"]),
        ("没有", []),
        ("王桂英 没有", []),
        ("%", []),
        ("_", []),
        ('"', []),
        ("' OR 1=1 --", []),
        ("* NEAR(", []),
        ("-", []),
    ],
)
def test_what_is_asked_and_who_is_found(people: Town, q: str, names: list[str]) -> None:
    assert found(people, q) == names


def test_only_ones_own_areas_are_searched(people: Town) -> None:
    assert found(people, "王桂英", by="west_op") == ["王桂英"]
    assert found(people, "1942", by="west_op") == []
    assert found(people, NUMBER, by="west_op") == []
    nowhere = Actor("user", "0", "x", roles=frozenset({"operator"}))
    assert ask(people, nowhere, "王桂英") == {"items": [], "next_cursor": None, "total": 0}
    assert ask(people, nowhere, "")["total"] == 0


def test_who_has_left_is_found_when_asked_for(people: Town) -> None:
    with people.centre.database.sessions.begin() as session:
        session.get_one(Elder, int(ask(people, people.actor("lin"), "1942")["items"][0]["id"])).archived_at = START
    assert found(people, "1942") == []
    assert found(people, "1942", archived=True) == ["王桂英"]


def test_a_name_that_changes_is_found_by_its_new_letters_alone(people: Town) -> None:
    with people.centre.database.sessions.begin() as session:
        elder = session.get_one(Elder, int(ask(people, people.actor("lin"), "欧阳")["items"][0]["id"]))
        for column, value in called("诸葛亮").items():
            setattr(elder, column, value)
        session.get_one(Household, elder.household_id).address = "卧龙岗1号"
    for gone in ("欧阳", "ouyang", "红旗"):
        assert found(people, gone) == [], gone
    for now in ("诸葛", "zhuge", "zgl", "卧龙"):
        assert found(people, now) == ["诸葛亮"], now


@pytest.mark.parametrize("near", [0, 1000])
def test_pages_follow_each_other_also_where_words_match_many(
    town: Town, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    """With thousands of matches those of a page are looked for up to where the page must end, by the index or by
    reading on; here six are many.
    """
    monkeypatch.setattr(listing, "MANY", 5)
    monkeypatch.setattr(listing, "NEAR", near)
    ids = [add(town, f"王{'甲乙丙丁'[n % 4]}", "Elm" if n % 2 else "Oak", f"长街{n}号") for n in range(16)]
    actor, seen, cursor, totals = town.actor("lin"), [], None, []
    while True:
        page = ask(town, actor, "王 长街", limit=4, before=cursor)
        totals.append(page["total"])
        seen += [int(item["id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = int(page["next_cursor"])
    assert seen == ids
    assert totals == [None] * 4
    west = ask(town, town.actor("west_op"), "王", limit=3)
    assert [int(item["id"]) for item in west["items"]] == ids[::2][:3]
    assert ask(town, actor, "王 长街3号")["total"] == 1
    assert ask(town, actor, "王甲")["total"] == 4


def test_who_moves_is_found_where_they_live_now(people: Town) -> None:
    """To another home, or because the home is of another area now."""
    key = int(ask(people, people.actor("lin"), "欧阳")["items"][0]["id"])
    with people.centre.database.sessions.begin() as session:
        new = Household(area_id=people.areas["Oak"], address="湖滨路7号", address_short="湖滨路7号")
        session.add(new)
        session.flush()
        session.get_one(Elder, key).household_id = new.id
        old_wang = session.get_one(Elder, int(ask(people, people.actor("lin"), "1942")["items"][0]["id"]))
        session.get_one(Household, old_wang.household_id).area_id = people.areas["Oak"]
    assert found(people, "红旗路") == []
    assert found(people, "湖滨路", by="west_op") == ["欧阳建国"]
    assert found(people, "1942", by="west_op") == ["王桂英"]


def test_no_row_of_somebody_who_is_gone_is_left(people: Town) -> None:
    key = int(ask(people, people.actor("lin"), "欧阳")["items"][0]["id"])
    with people.centre.database.sessions.begin() as session:
        session.delete(session.get_one(Elder, key))
    assert found(people, "欧阳") == []
    with people.centre.database.reads() as session:
        assert session.scalar(select(search.ROWS.c.elder_id).where(search.ROWS.c.elder_id == key)) is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=30))
def test_no_query_breaks_the_search(people: Town, q: str) -> None:
    q = q.replace("\0", "")
    try:
        q.encode()
    except UnicodeEncodeError:
        return  # refused at the door
    assert ask(people, people.actor("lin"), q)["items"] is not None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 14), length=st.integers(1, 15))
def test_every_part_of_a_name_sound_and_address_finds_them(people: Town, start: int, length: int) -> None:
    for text, least in (("王桂英", 1), ("wangguiying", 3), ("wgy", 2), ("梧桐路18号3幢2单元501室", 2)):
        part = text[start : start + length]
        if len(part) >= least:
            assert "王桂英" in found(people, part), part
