"""What an elder writes back to a reminder: it is well, another time, not at all, or a person should read it. Pure.

Nothing is done by it alone: whoever asks for a change is called by the desk, and until then all stays as it was.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Answer(StrEnum):
    CONFIRM = "confirm"
    MOVE = "move"
    CANCEL = "cancel"
    TALK = "talk"
    UNCLEAR = "unclear"


MENU = {"1": Answer.CONFIRM, "2": Answer.MOVE, "3": Answer.CANCEL, "0": Answer.TALK}
WHOLE = {
    Answer.CONFIRM: [
        "好",
        "好的",
        "好嘞",
        "行",
        "可以",
        "知道",
        "知道了",
        "收到",
        "嗯",
        "谢谢",
        "好谢谢",
        "确认",
        "同意",
        "confirm",
        "好的谢谢",
        "ok",
        "okay",
        "yes",
    ],
    Answer.TALK: ["打电话", "回电", "回电话", "给我打电话", "联系我", "人工", "坐席", "客服", "call", "operator"],
}
"""Only as the whole of it: "好像不行" begins like a yes."""
INSIDE = (
    (Answer.CANCEL, ("取消", "退订", "不要了", "不用了", "不用来", "不来了", "别来", "不需要", "cancel")),
    (Answer.MOVE, ("改", "换", "推迟", "提前", "晚点", "早点", "延后", "move", "later", "earlier")),
)
"""Anywhere in it: a wish too many costs a call, one that is overlooked a meal before a closed door."""
LONGEST = 60


def read(text: str) -> Answer:
    said = unicodedata.normalize("NFKC", text).strip("。.!,~ \n").lower()
    if not said or len(said) > LONGEST:
        return Answer.UNCLEAR
    if said in MENU:
        return MENU[said]
    for answer, words in WHOLE.items():
        if said in words:
            return answer
    found = [answer for answer, words in INSIDE if any(word in said for word in words)]
    return found[0] if len(found) == 1 else Answer.UNCLEAR
