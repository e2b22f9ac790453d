"""Invented people for the demo: names as they are usual among the old and the young, and telephones that nobody has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
    "于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎"
)


def words(text: str) -> list[str]:
    return text.split()


OLD_FEMALE = words(
    "桂英 秀兰 玉兰 凤英 素珍 秀珍 淑华 桂芳 玉珍 秀英 淑兰 桂兰 玉英 春梅 凤兰 月娥 金凤 菊香 素芬 惠珍 "
    "彩霞 玉梅 爱华 桂珍 银花 翠英 雪梅 淑贞 秋菊 兰芳 静宜 佩芝 美珍 云仙 莲香 巧云"
)
OLD_MALE = words(
    "建国 德明 国强 志明 永福 大海 宝山 长贵 福生 金水 文斌 树林 庆祥 玉山 世昌 广仁 守信 洪亮 立新 春生 "
    "耀宗 兴旺 家栋 怀仁 克勤 炳坤 传福 正华 明远 少武 伯年 子清 学文 振东 占元 宗保"
)
YOUNG_FEMALE = words("娜 敏 静 丽 艳 娟 霞 婷 雪 慧 晓燕 丽华 海燕 红梅 志红 雅琴 佳怡 文静 春燕 小芳 玉洁 思雨")
YOUNG_MALE = words("伟 强 磊 军 勇 涛 斌 超 鹏 刚 建军 志强 海波 文杰 国庆 晓东 立群 俊杰 振华 卫东 明辉 子豪")


HEROINE = "王桂英"
"""There is one, so that whoever searches for her finds her."""


def demo_random(seed: int) -> Random:
    """The same invented world every time."""
    return Random(seed)  # noqa: S311 -- nothing here is secret


def old_name(chance: Random, sex: str) -> str:
    name = HEROINE
    while name == HEROINE:
        name = chance.choice(SURNAMES) + chance.choice(OLD_FEMALE if sex == "F" else OLD_MALE)
    return name


def young_name(chance: Random, sex: str, surname: str | None = None) -> str:
    return (surname or chance.choice(SURNAMES)) + chance.choice(YOUNG_FEMALE if sex == "F" else YOUNG_MALE)


def born(today: date, age: int, days: int) -> date:
    """A day of birth that makes somebody ``age`` years old today; ``days`` (10 to 350) since the last birthday."""
    return today - timedelta(days=int(age * 365.2425) + days)


@dataclass
class Numbers:
    """Telephone numbers, each given once: ``1380000xxxx`` elders, ``1390000xxxx`` contacts, ``1370000xxxx`` staff."""

    chance: Random
    taken: set[str] = field(default_factory=set)

    def mobile(self, prefix: str) -> str:
        return self._free(prefix, 10_000)

    def landline(self) -> str:
        return self._free("046755", 100_000)

    def _free(self, prefix: str, size: int) -> str:
        width = len(str(size - 1))
        while (number := f"{prefix}{self.chance.randrange(size):0{width}d}") in self.taken:
            pass
        self.taken.add(number)
        return number


ELDER, CONTACT, STAFF = "1380000", "1390000", "1370000"
