"""Which devices an invented home has; pure, so that the simulator knows the numbers without asking."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

HOMES = 1000
HEROINE = "DEMO-0001"
"""The button of 王桂英, whom the demo's red button stands for."""


@dataclass(frozen=True)
class Kit:
    suffix: str
    model: str
    location: str
    every: int
    """One home in so many has it."""
    alarm: str
    """The kind of signal that it is for."""


BUTTON = Kit("", "银铃 B2 求助按钮", "随身", 1, "sos")
KITS = (
    Kit("-F", "银铃 F1 跌倒雷达", "卫生间", 3, "fall"),
    Kit("-S", "银铃 S3 烟雾探测器", "厨房", 2, "smoke"),
    Kit("-G", "银铃 G1 燃气探测器", "厨房", 4, "gas"),
    Kit("-I", "银铃 P2 活动传感器", "客厅", 3, "inactivity"),
    Kit("-W", "银铃 W1 水浸传感器", "卫生间", 9, "water"),
    Kit("-B", "银铃 M1 离床垫", "卧室", 7, "bed"),
    Kit("-D", "银铃 D1 门磁", "大门", 8, "door"),
    Kit("-V", "银铃 V1 体征手环", "随身", 11, "vitals"),
)


def number_of(home: int, kit: Kit) -> str:
    return f"DEMO-{home:04d}{kit.suffix}"


def equipment(home: int) -> list[Kit]:
    """The devices of home number ``home``, from 1; the first home, 王桂英's, has the usual four."""
    if home == 1:
        return [BUTTON, KITS[0], KITS[1], KITS[3]]
    return [BUTTON, *(kit for kit in KITS if home % kit.every == 0)]


def falls_silent(number: str) -> bool:
    """Some are broken, or their battery is empty, and stay so however often the demo is started again."""
    return not number.startswith(HEROINE) and zlib.crc32(number.encode()) % 50 == 0


def alarm_of(number: str) -> str:
    """The kind of alarm that the device with this number is for."""
    _, _, suffix = number.removeprefix("DEMO-").partition("-")
    return next(kit.alarm for kit in (BUTTON, *KITS) if kit.suffix.removeprefix("-") == suffix)
