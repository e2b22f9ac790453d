"""The words that people write back in a short message, told apart but not yet understood.

A text is cut into the longest words of the lists below. What is in no list stays as ``OTHER``, and a yes beside it is
none: "好像不行", "接孩子" and "我去医院了" begin like an acceptance. What a digit means depends on what was asked, so
that each menu (``replies``, ``helps.answers``) reads its own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 120
"""Characters; what is longer is a letter, and a person reads it."""


class Word(StrEnum):
    YES = "yes"
    NO = "no"
    UNDER_WAY = "under_way"
    """On their way; to what was asked just now, or to something that they have already."""
    MINUTES = "minutes"
    NUMBER = "number"
    NAMED = "named"
    """A number that is said to be that of a case: "372号"."""
    ARRIVED = "arrived"
    DONE = "done"
    HELP = "help"
    OPERATOR = "operator"
    COURTESY = "courtesy"
    """Changes nothing: thanks, particles, cheerful faces, "收到"."""
    WAIT = "wait"
    """Not yet, taken back, or about the telephone itself: nothing follows from the rest."""
    ASKING = "asking"
    OTHER = "other"


@dataclass(frozen=True)
class Token:
    word: Word
    text: str
    clause: int
    """Which part between two separators it stands in."""
    reason: str | None = None
    """Of a ``NO``: busy, far, cannot, sick."""
    number: int = 0
    """Of ``MINUTES``."""


LISTS: dict[tuple[Word, str | None], str] = {
    (Word.YES, None): """
        好|好的|好嘞|好滴|好哒|好吧|行|行的|可以|可以的|接|接单|接受|抢单|接了|来接|是|是的|愿意|没问题|要得|中|同意
        答应|包在我身上|交给我|去|来|过去|过来|可以去|可以来|可以接|能去|能来|能接|愿意去|愿意接|一定去|一定到|算我
        haode|hao de|hao|jie|jiedan|yes|yeah|yep|y|ok|okay|sure|accept|accepted|i accept|i will go|i'll go|i go|coming
    """,
    (Word.NO, None): """
        不|不行|不能|不去|不去了|不接|不接了|不接单|不了|不干|不做|不要|不来|不来了|去不了|去不成|来不了|来不成|过不去
        过不来|接不了|接不成|不能去|不能接|不能来|没法去|没法接|没法来|没办法去|没办法接|无法前往|无法接单|赶不过来
        赶不过去|赶不到|赶不及|来不及|到不了|不想去|不想接|不愿意|不可以|不在|不方便|不太方便|唔得|拒绝|拒单|拒接|放弃
        婉拒|找别人|换人|换别人|换个人|派别人|让别人去|转给别人|转别人|要不得|bujie|bu jie|no|n|nope|decline|declined
        reject|refuse|can't|cannot|can not|can't go|cannot go|can't come|i can't|i cannot|not available|unavailable
    """,
    (Word.NO, "busy"): """
        没空|没空闲|没得空|莫得空|没有空|不得空|冇空|没时间|没有时间|走不开|脱不开身|抽不开身|忙|在忙|正忙|很忙|太忙
        忙着|忙不过来|有事|有点事|有事情|有别的事|有单|有别的单|在上班|上班|要上班|在上课|在开会|开会|有工作|在干活
        在服务|手上有单|还有单|排满了|在外地|出差|在带孩子|要带孩子|要接孩子|得接孩子|家里有事|家里有点事|有客人|busy
        i'm busy|i am busy|at work|no time
    """,
    (Word.NO, "far"): "太远|好远|远|很远|有点远|离得远|离得太远|离太远|隔得远|不顺路|离我太远|路太远|too far|far",
    (Word.NO, "cannot"): """
        不会|不会做|不会弄|不会这个|没做过|做不了|干不了|弄不了|做不来|搞不定|搞不了|不懂|没学过|没证|没有证|没资格
        没力气|抱不动|扶不动
    """,
    (Word.NO, "sick"): """
        生病|病了|不舒服|身体不舒服|感冒|发烧|头晕|头疼|腰疼|拉肚子|住院|在医院|请病假|病假|脚扭了|腿疼|闪了腰|sick
        i'm sick|i am sick|ill|i'm ill
    """,
    (Word.UNDER_WAY, None): """
        在路上|快到|快到了|马上到|马上就到|马上到了|马上|立刻到|就到|正赶来|正在赶来|在赶来|赶过去|赶来|正在来|出发
        已出发|尽快到|尽快过去|尽快赶到|很快到|去了|来了|这就到|on my way|omw
    """,
    (Word.ARRIVED, None): """
        到|到达|到场|到位|到现场|到楼下|到门口|到家门口|到家|到老人家|到地方|到这里|到这|抵达|在门口|在楼下|在现场
        arrived|i arrived|i've arrived|i have arrived|here|i'm here|i am here
    """,
    (Word.DONE, None): """
        做完|完成|完事|结束|弄好了|弄完|洗好了|洗完|搞定|办好了|办完|做好了|送到|处理好了|处理完|服务完|服务完成
        服务结束|打扫完|买好了|陪完|done|finished|complete|completed|all done
    """,
    (Word.HELP, None): """
        救命|求助|来人|快来人|帮忙|来帮忙|快来帮忙|帮帮忙|帮帮我|请求支援|需要支援|需要帮忙|需要帮助|需要协助|要协助
        要帮忙|要人帮忙|请协助|请支援|要支援|出事了|打120|叫120|救护车|help|need help|i need help|sos
    """,
    (Word.OPERATOR, None): """
        打电话给我|打给我|给我打电话|给我打个电话|给我来电话|给我回电|给我回电话|回电|回电话|来个电话|打个电话|联系我
        电话联系|电话联系我|叫坐席|坐席|人工|转人工|找坐席|客服|找客服|call me|call me back|operator|please call
    """,
    (Word.COURTESY, None): """
        了|啦|哈|啊|呀|哦|噢|喔|嘞|哒|滴|哟|的|我|我们|俺|咱|我这里|我这边|我这|单|这单|这个|请|现在|今天|这会儿|暂时
        实在|真|真的|都|也|和|两个|就|正|这就|立刻|立即|已经|已|刚|刚刚|全|太|谢谢|谢谢您|谢谢你|谢了|多谢|感谢|辛苦
        辛苦了|你好|您好|不好意思|抱歉|对不起|收到|知道|明白|了解|嗯|恩|哎|唉|唔|刚看到|才看到|刚才没看到|没事|不客气
        有空|有时间|不忙|放心|放心吧|吧|师傅|老师|领导|同志|美女|帅哥|亲|回|回复|选|不用帮忙|不需要帮忙|不需要协助
        不用回电|不用打电话|一切正常|老人很好|平安|thanks|thank you|thx|please|pls|sorry|hi|hello|[微笑]|[强]|[ok]
        [呲牙]|[抱拳]|[玫瑰]|[握手]|[憨笑]|[愉快]|[赞]|[拳头]|[合十]|[爱心]|[耶]|[偷笑]|[可爱]|[太阳]|[鼓掌]|[加油]|👌
        👍|🙏|😊|😄|😁|🙂|✅|💪|🌹|🤝|❤|👏|🫡|😀|😃|😅|😂|👊|☺
    """,
    (Word.WAIT, None): """
        等|等等|等下|等一下|等一会|等会|等会儿|稍等|稍后|待会|待会儿|一会|一会儿|晚点|晚一点|看看|看情况|问问|考虑
        在开车|正在开车|开车|不方便接电话|不方便接听|不便接听|无法接听|不接电话|不接听|没人接|没接到|接电话|好了|行了
        可以了|完了|ok了|不去不行|不接不行|不得不|不是|不好|不好说|不一定|不知道|不确定|不清楚|不要紧|不要急|去年|来年
        来自|到底|到时候|取消|退单|回1接单|改天|改期|明天|后天|按错|点错|发错|打错|误发|不用了|不用|不需要|wait|later
        maybe|not sure|not yet|driving|if|but|not
    """,
    (Word.ASKING, None): """
        ?|吗|么|呢|嘛|哪|哪里|哪儿|谁|什么|啥|怎么|多少|为什么|几点|几楼|几号|几个|行不行|要不要|好不好|接不接|去不去
        来不来|能不能|可不可以|到没到|不会吧|是不是|who|what|where|why|how
    """,
}
"""What is written means; for a refusal also why. One word in two lists would be a fault."""
_MEANT = {text.strip(): meant for meant, listed in LISTS.items() for text in re.split(r"[|\n]", listed) if text.strip()}
_LONGEST_WORD = max(map(len, _MEANT))

_DIGITS = {**dict.fromkeys("零〇", 0), **{c: n for n, c in enumerate("一二三四五六七八九", 1)}}
_DIGITS |= {"幺": 1, "两": 2, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100}
_TRADITIONAL = str.maketrans(
    "單沒遠會過來達時間開車請電話號幫鐘後對這樓馬讓給謝嗎發燒現實無聯繫問題願",
    "单没远会过来达时间开车请电话号帮钟后对这楼马让给谢吗发烧现实无联系问题愿",
)
_SIGNS = "".join((*_DIGITS, *_TENS))
_COUNT = rf"(?:[0-9]{{1,8}}|[{_SIGNS}]{{1,8}})"
_MINUTES = re.compile(
    rf"(?:大约|大概|约|预计|about )?(?:({_COUNT}) ?(?:分钟|分|min(?:ute)?s?(?![a-z]))|半个?(?:小时|钟头))"
    "(?:左右|以内|之内|内)?(?:后|以后|之后)?(?:就到|能到|可到|赶到|到达|到)?"
)
_NAMED = re.compile(rf"(?:第|#|编号|单号|工单|订单) ?{_COUNT}(?:号单|号|单)?|[0-9{_SIGNS}]{{2,8}}(?:号单|号|单)")
_NUMBER = re.compile(_COUNT)
_LATIN = re.compile(r"[a-z']+")
_SEPARATOR = re.compile(r"[\s,.;:!~…、。·\"()“”‘’《》<>—]+|(?<=\w)-+(?=\w)")
_SIGNED = re.compile(
    r"[\s\-—_(]*(?:发自|来自|sent from my)(?:我的)?(?:[a-z0-9+ -]|华为|荣耀|小米|红米|三星|魅族|手机){1,24}\)?\s*$"
)
_TAGS = re.compile(r"^\s*(?:【[^】]{1,12}】|\(1/1\))|【[^】]{1,12}】\s*$|\(本?条?短信免费\)|\(免费\)")
_INVISIBLE = re.compile("[\ufe0e\ufe0f\u20e3\u200b-\u200f\u2060\ufeff\U0001f3fb-\U0001f3ff]")
_BY_A_MACHINE = re.compile("自动回复|自动应答|auto-?reply|automatic reply")


def scan(text: str) -> list[Token]:
    """The tokens of a reply; one ``OTHER`` for what a machine wrote or what is too long to be an answer."""
    plain = _plain(text)
    if len(plain) > LONGEST or _BY_A_MACHINE.search(text.lower()):
        return [Token(Word.OTHER, plain[:LONGEST], 0)]
    found: list[Token] = []
    at, clause = 0, 0
    while at < len(plain):
        if between := _SEPARATOR.match(plain, at):
            at, clause = between.end(), clause + 1
            continue
        token = _longest(plain, at, clause)
        found.append(token)
        at += len(token.text)
    return found


def says_yes(text: str) -> bool:
    """To a message that offers ``1`` and nothing else."""
    words = {Word.YES if is_digit(token, 1) else token.word for token in scan(text)}
    return Word.YES in words and words <= {Word.YES, Word.COURTESY}


def is_digit(token: Token, digit: int) -> bool:
    return token.word is Word.NUMBER and digits(token) == str(digit)


def digits(token: Token) -> str:
    """The number of a ``NUMBER`` or ``NAMED`` as digits: 三七二 and 三百七十二 are 372."""
    written = "".join(_NUMBER.findall(token.text))
    return written if written.isdecimal() else _chinese(written)


def _plain(text: str) -> str:
    """As it was meant: full-width forms, capitals, traditional characters, and what a telephone adds by itself."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_TRADITIONAL).lower().replace("’", "'")
    plain = _SIGNED.sub("", _TAGS.sub("", _SIGNED.sub("", plain)))
    return re.sub(r"\s+", " ", plain).strip()


def _longest(plain: str, at: int, clause: int) -> Token:
    candidates = _word(plain, at, clause)
    if minutes := _MINUTES.match(plain, at):
        count = int(_chinese(minutes[1])) if minutes[1] else 30
        candidates.append(Token(Word.MINUTES, minutes[0], clause, number=count))
    if named := _NAMED.match(plain, at):
        candidates.append(Token(Word.NAMED, named[0], clause))
    if number := _NUMBER.match(plain, at):
        candidates.append(Token(Word.NUMBER, number[0], clause))
    if candidates:
        return max(candidates, key=lambda token: len(token.text))
    run = _LATIN.match(plain, at)
    return Token(Word.OTHER, run[0] if run else plain[at], clause)


def _word(plain: str, at: int, clause: int) -> list[Token]:
    for length in range(min(_LONGEST_WORD, len(plain) - at), 0, -1):
        part = plain[at : at + length]
        if part in _MEANT and not _splits_a_word(plain, at + length):
            word, reason = _MEANT[part]
            return [Token(word, part, clause, reason)]
    return []


def _splits_a_word(plain: str, end: int) -> bool:
    """A Latin word counts as a whole only: there is no "no" in "now"."""
    return _LATIN.match(plain, end) is not None and _LATIN.match(plain, end - 1) is not None


def _chinese(written: str) -> str:
    if written.isdecimal():
        return written
    if not any(sign in _TENS for sign in written):
        return "".join(sign if sign.isdecimal() else str(_DIGITS[sign]) for sign in written)
    total, held = 0, None
    for sign in written:
        if sign in _TENS:
            total, held = total + (1 if held is None else held) * _TENS[sign], None
        else:
            held = _DIGITS[sign]
    return str(total + (held or 0))
