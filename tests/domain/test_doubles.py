"""Who may be one and the same, and who is only a neighbour, a daughter or a husband."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dispatch.domain.doubles import Likeness, address_key, similar_names, weigh

LI = Likeness(1, "李秀兰", "lixiulan", "F", date(1942, 3, 15), "id1", "tel1", "7:elm 1")


def other(**more: object) -> Likeness:
    return replace(LI, id=2, identity=None, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("two", "score", "reasons"),
    [
        (other(), 99, ["phone", "address", "name", "birth_date"]),
        (other(phone=None), 80, ["address", "name", "birth_date"]),
        (other(phone=None, home="7:elm 2"), 0, []),
        (other(home="7:elm 2", name="李秀蓝"), 95, ["phone", "name_sounds_alike", "birth_date"]),
        (
            other(phone=None, pinyin="lixiulang", name="李秀郎", birth_date=date(1950, 1, 1)),
            55,
            ["address", "name_sounds_alike"],
        ),
        (other(name="王桂英", pinyin="wangguiying", home="7:elm 2", birth_date=date(1950, 1, 1)), 50, ["phone"]),
    ],
)
def test_who_is_proposed(two: Likeness, score: int, reasons: list[str]) -> None:
    assert weigh(LI, two) == (score, reasons)


def test_an_identity_number_decides() -> None:
    stranger = Likeness(2, "王大山", "wangdashan", "M", date(1950, 1, 1), "id1", None, "9:x")
    assert weigh(LI, stranger) == (100, ["identity_number"])
    assert weigh(LI, replace(stranger, identity="id2")) == (0, [])


def test_two_identity_numbers_are_two_people_unless_one_was_mistyped() -> None:
    assert weigh(LI, replace(LI, id=2, identity="id2", birth_date=date(1943, 1, 1))) == (0, [])
    assert weigh(LI, replace(LI, id=2, identity="id2"))[0] == 99


@pytest.mark.parametrize(
    "two",
    [
        other(name="王大山", pinyin="wangdashan", sex="M", birth_date=date(1940, 1, 1)),
        other(name="王大山", pinyin="wangdashan", sex="M", birth_date=date(1940, 1, 1), home="7:elm 9"),
        other(name="张桂英", pinyin="zhangguiying", birth_date=date(1920, 1, 1)),
    ],
    ids=["husband", "son with her telephone", "mother in one home"],
)
def test_a_family_is_not_one_person(two: Likeness) -> None:
    assert weigh(LI, two) == (0, [])


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("柳荫路18号3幢2单元501室", "柳荫路 18号3栋2-501", True),
        ("柳荫路18号3幢2单元501室", "柳荫路18号3幢2单元502室", False),
        ("1-23", "12-3", False),
        ("Elm Road 7", "elm road 7", True),
    ],
)
def test_one_door_is_written_in_many_ways(a: str, b: str, same: bool) -> None:
    assert (address_key(a) == address_key(b)) is same


@pytest.mark.parametrize(
    ("a", "b", "similar"),
    [
        ("wangguiying", "wangguiying", True),
        ("wangguiying", "wangguiyin", True),
        ("wangguiying", "wangguihing", True),
        ("wangguiying", "wanguiying", True),
        ("wangguiying", "wangguiyign", False),
        ("li", "lu", False),
        ("", "", True),
    ],
)
def test_names_that_sound_alike(a: str, b: str, similar: bool) -> None:
    assert similar_names(a, b) is similar
    assert similar_names(b, a) is similar
