"""The corpus of helpers' replies: understood, and never taken for a yes that they are not."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.helps.answers import Answer, Meaning, read

CORPUS = Path(__file__).with_name("sms_replies.yaml")
UNDERSTOOD = 0.98


def replies() -> list[tuple[str, tuple[str, ...], Answer]]:
    found = []
    for block in yaml.safe_load(CORPUS.read_text("utf-8")):
        codes = tuple(block.pop("open"))
        for expected, texts in block.items():
            meaning, code, reason = (None if word == "-" else word for word in expected.split())
            found += [(text, codes, Answer(Meaning(meaning), code, reason)) for text in texts]
    return found


ROWS = replies()


def test_the_corpus_is_large_and_says_nothing_twice() -> None:
    assert len(ROWS) >= 300
    assert len({(text, codes) for text, codes, _ in ROWS}) == len(ROWS)


def test_nearly_all_are_understood_as_a_careful_person_would() -> None:
    wrong = [(text, codes, read(text, codes), answer) for text, codes, answer in ROWS if read(text, codes) != answer]
    assert len(wrong) <= (1 - UNDERSTOOD) * len(ROWS), "\n".join(map(str, wrong))


def test_no_other_reply_is_an_acceptance() -> None:
    others = [(text, codes) for text, codes, answer in ROWS if answer.meaning is not Meaning.ACCEPT]
    assert not [text for text, codes in others if read(text, codes).meaning is Meaning.ACCEPT]


def test_no_acceptance_is_of_another_offer() -> None:
    for text, codes, answer in ROWS:
        if answer.meaning is Meaning.ACCEPT and read(text, codes).meaning is Meaning.ACCEPT:
            assert read(text, codes).code == answer.code, text


YES = [
    "1",
    "一",
    "壹",
    "幺",
    "①",
    "1️⃣",
    "１",
    "好",
    "好的",
    "接",
    "接单",
    "行",
    "可以",
    "我去",
    "我来",
    "马上去",
    "没问题",
]
YES += ["yes", "y", "ok", "sure", "同意", "是", "hao"]
WEAK = [
    "372",
    "374",
    "0",
    "2",
    "3",
    "4",
    "21",
    "号",
    "我",
    "收到",
    "谢谢",
    "您",
    "了",
    "吧",
    "的",
    "10分钟到",
    "马上到",
]
WEAK += [
    "到",
    "在路上",
    "完成",
    "什么",
    "?",
    "不",
    "没",
    "别",
    "吗",
    "如果",
    "老人",
    "取消",
    ",",
    "。",
    "!",
    "👌",
    " ",
    "\n",
]
TAKEN_BACK = ["不", "没", "别", "勿", "吗", "?", "?", "如果", "但是", "取消", "明天", "等一下", "谁", "老人"]
TAKEN_BACK += ["no", "not", "later", "❌", "😭", "2"]
words = st.lists(st.sampled_from([*YES, *WEAK]), max_size=7).map("".join)
codes = st.lists(st.sampled_from(["372", "374", "21", "12", "100", "37"]), unique=True, max_size=3)
_ACCEPTED_FORM = re.compile(
    "(?:好的|好|接单|接|行|可以|我去|去|我来|来|马上去|没问题|yes|y|ok|sure|同意|是|hao|[0-9一壹幺]+|号|我|收到|谢谢|了|吧|的|"
    "10分钟到|马上到|在路上|,|[。!👌\ufe0f\u20e3]|\\s)*"
)


@given(words, codes)
def test_an_acceptance_is_made_of_nothing_but_words_of_acceptance(text: str, open_codes: list[str]) -> None:
    answer = read(text, open_codes)
    if answer.meaning is not Meaning.ACCEPT:
        return
    plain = unicodedata.normalize("NFKC", text).lower()
    assert _ACCEPTED_FORM.fullmatch(plain), text
    assert any(unicodedata.normalize("NFKC", word).lower() in plain for word in YES), text
    if len(open_codes) > 1:
        assert answer.code is not None
        assert answer.code in re.sub(r"\D", "", plain.replace("一", "1").replace("壹", "1").replace("幺", "1"))


@given(st.text(max_size=40), codes)
def test_arbitrary_text_accepts_nothing(text: str, open_codes: list[str]) -> None:
    """Unless it happens to be one of the shortest forms, it goes to a person."""
    answer = read(text, open_codes)
    if answer.meaning is Meaning.ACCEPT:
        plain = unicodedata.normalize("NFKC", text).lower()
        assert re.fullmatch(r"[\W_]*(?:[1一壹幺y好接行是去来中]|ok|yes)[\W_了啊哈哦嗯我亲单]*", plain), text


UNSIGNED = [text for text, _, answer in ROWS if answer.meaning is Meaning.ACCEPT and not re.search("自|from", text)]


@given(st.sampled_from(UNSIGNED), st.sampled_from(TAKEN_BACK))
def test_one_word_that_takes_it_back_is_enough(text: str, taken_back: str) -> None:
    """Before a yes or after it: who says "好的" and "但是" has not said yes."""
    for hedged in (f"{taken_back} {text}", f"{text} {taken_back}"):
        assert read(hedged, ["372"]).meaning is not Meaning.ACCEPT, hedged
