"""What is written back to "满意吗? 回复1满意2一般3不满意": understood, or left to a person."""

from __future__ import annotations

import pytest

from dispatch.domain.followup import Result, bare_digit, named, read_rating

GOOD, MIDDLING, BAD = Result.SATISFIED, Result.PARTLY, Result.DISSATISFIED
REPLIES: dict[Result | None, tuple[str, ...]] = {
    GOOD: ("1", "１", " 1 ", "一", "1满意", "1 满意", "1,满意", "满意",
           "很满意", "非常满意!", "满意,谢谢", "很好", "不错", "都满意的"),
    MIDDLING: ("2", "２", "一般", "2一般", "还行", "2、一般般", "马马虎虎"),
    BAD: ("3", "3不满意", "不满意", "很不满意", "不满意,来晚了", "3 饭是凉的", "３ 态度差", "太差", "不好"),
    None: ("", "4", "12", "1?", "好的", "收到", "谢谢",
           "1 还是 3", "满意,不满意都有", "不是不满意", "怎么收费?", "明天再说", "372", "1 但是来晚了"),
}  # fmt: skip


@pytest.mark.parametrize(("meant", "text"), [(meant, text) for meant, texts in REPLIES.items() for text in texts])
def test_what_is_written_back(meant: Result | None, text: str) -> None:
    assert read_rating(text) == meant


def test_only_words_that_nothing_else_could_mean_name_a_rating() -> None:
    assert [text for texts in REPLIES.values() for text in texts if named(text)] == [
        *("1满意", "1 满意", "1,满意", "满意", "很满意", "非常满意!", "满意,谢谢", "不错", "都满意的"),
        *("一般", "2一般", "还行", "2、一般般", "马马虎虎"),
        *("3不满意", "不满意", "很不满意", "不满意,来晚了", "太差"),
    ]
    assert [bare_digit(text) for text in ("1", "１", "一", "1 谢谢", "1 372", "好的", "12")] == ["1"] * 4 + [None] * 3
