"""What people write back, and what it means: no wrong acceptance, ever."""

from __future__ import annotations

import pytest

from dispatch.domain.replies import Meaning, Reply, read

ACCEPT = [
    "1",
    "１",
    "1。",
    " 1 ",
    "好",
    "好的",
    "好的。",
    "可以",
    "行",
    "OK",
    "ok!",
    "我去",
    "在路上",
    "马上到",
    "Yes.",
]
ARRIVED = ["2", "２。", "到", "到了", "我到了!", "已到达", "Arrived"]
DECLINE = ["0", "０", "不", "不行", "去不了", "没空", "No.", "我不能去", "不好意思,我去不了"]
UNCLEAR = [
    "",
    "不好",
    "不是1",
    "11",
    "12",
    "3",
    "她好吗",
    "好吗?",
    "哪里?",
    "不去不行",
    "快到了吗",
    "谁",
    "1还是2",
    "到哪里",
    "行不行",
    "1" * 500,
    "分钟",
    "0分钟",
    "999分钟",
    "-5分钟",
    "😀",
    "退订",
    "T",
    "不1",
    "1234567890分钟",
]


@pytest.mark.parametrize("text", ACCEPT)
def test_a_yes(text: str) -> None:
    assert read(text) == Reply(Meaning.ACCEPT)


@pytest.mark.parametrize("text", ARRIVED)
def test_there(text: str) -> None:
    assert read(text).meaning is Meaning.ARRIVED


@pytest.mark.parametrize("text", DECLINE)
def test_a_no(text: str) -> None:
    assert read(text).meaning is Meaning.DECLINE


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_not_clear_is_left_to_a_person(text: str) -> None:
    assert read(text).meaning is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15分钟", 15),
        ("1,15分钟", 15),
        ("1 20", 20),
        ("好的,10分钟到", 10),
        ("大约30分钟后到", 30),
        ("10分", 10),
        ("１，１５分钟", 15),
        ("about 25 min", 25),
        ("240分钟", 240),
    ],
)
def test_with_minutes(text: str, minutes: int) -> None:
    assert read(text) == Reply(Meaning.ACCEPT, minutes)
