"""Thirty days that never were: 250 closed cases with their timelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from dispatch.domain.case import Channel, Help, Kind
from dispatch.models.people import User
from dispatch.services.centre import Centre
from dispatch.services.demo import called
from dispatch.services.demo.names import words
from dispatch.services.demo.people import Home
from dispatch.services.demo.tape import Tape, Wish, alarm, phone_call, request

CASES = 250
DAYS = 30
MIX = {
    "sos": 62, "fall": 24, "smoke": 10, "gas": 7, "water": 9, "inactivity": 22, "bed": 14, "door": 12, "vitals": 12,
    "call": 34, "missed": 8, "service": 30, "complaint": 6,
}  # fmt: skip
ENDS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "sos": (
        ("false_alarm", 34, "整理床铺时误碰按钮，已与老人通话确认平安"),
        ("helped_on_site", 24, "起身时滑坐在地，邻居上门扶起，无外伤"),
        ("talk", 16, "老人想找人说话，陪聊后情绪平稳"),
        ("test", 14, "老人试按按钮，设备正常，已说明"),
        ("ambulance", 12, "胸闷气短，已转120，家属陪同前往"),
    ),
    "fall": (
        ("helped_on_site", 46, "卫生间滑倒，邻居持钥匙进门扶起，左腕轻微擦伤"),
        ("false_alarm", 34, "弯腰拾物被误判，通话确认平安"),
        ("ambulance", 20, "髋部疼痛不能站立，已转120，女儿到场"),
    ),
    "smoke": (
        ("false_alarm", 70, "炒菜油烟，已开窗，确认无明火"),
        ("helped_on_site", 20, "锅烧干冒烟，邻居上门关火通风"),
        ("fire_brigade", 10, "厨房起火，119已到场扑灭，老人已撤离无伤"),
    ),
    "gas": (
        ("false_alarm", 55, "热水器点火时误报，已通风复测正常"),
        ("helped_on_site", 45, "灶具未关严，指导关阀开窗，燃气公司已上门检查"),
    ),
    "water": (("helped_on_site", 60, "水管接头渗漏，维修人员上门更换"), ("false_alarm", 40, "拖地时溅水，已擦干")),
    "inactivity": (
        ("false_alarm", 52, "老人外出散步未带手环，邻居确认平安"),
        ("information_given", 28, "在女儿家小住，已登记外出"),
        ("helped_on_site", 20, "老人卧床不适，网格员上门探望并联系社区医生"),
    ),
    "bed": (("false_alarm", 72, "起夜时间较长，通话确认平安"), ("helped_on_site", 28, "起夜后坐在客厅不适，邻居陪护")),
    "door": (("false_alarm", 76, "晾衣服未关门，已确认"), ("helped_on_site", 24, "老人夜间出门，网格员找到并送回家")),
    "vitals": (
        ("information_given", 58, "血压偏高，提醒按时服药，两小时后复测"),
        ("helped_on_site", 28, "社区医生上门复测，调整用药"),
        ("ambulance", 14, "心率持续异常，已转120"),
    ),
    "call": (
        ("information_given", 60, "咨询助餐点时间与价格，已答复"),
        ("talk", 28, "老人来电聊天，提醒天冷添衣"),
        ("false_alarm", 12, "拨错号码"),
    ),
    "missed": (("information_given", 70, "回拨接通，咨询补贴政策，已答复"), ("talk", 30, "回拨接通，老人报平安")),
    "service": (("helped_on_site", 78, "服务已完成，老人满意"), ("information_given", 22, "已约定时间并告知价格")),
    "complaint": (("information_given", 100, "已核实并致歉，责成服务商整改，次日回访满意"),),
}  # fmt: skip
HANDED_TO = {"ambulance": ("120", "约十分钟到，先让老人平卧"), "fire_brigade": ("119", "两辆车出动，老人已到楼下")}
DANGER: dict[str, tuple[tuple[str, str], ...]] = {
    "sos": (("voice", "talks"), ("need", "ill"), ("danger_signs", "yes_any"), ("ambulance", "agrees")),
    "fall": (("voice", "talks"), ("head", "none"), ("pain", "bad"), ("ambulance", "agrees")),
    "vitals": (("voice", "talks"), ("danger_signs", "yes_any")),
    "smoke": (("voice", "fire"), ("out", "is_out"), ("hurt", "unhurt")),
}
WISHES = (
    (Help.MEAL, "明天起每天送一份午餐，软食少盐"),
    (Help.BATH, "预约周四下午助浴"),
    (Help.CLEAN, "厨房油烟机清洗"),
    (Help.MEDICAL, "陪同去区医院复查"),
    (Help.SHOPPING, "代购降压药与大米"),
    (Help.MOBILITY, "周五上午用轮椅接送"),
    (Help.CHAT, "希望每周有人来聊聊天"),
)
COMPLAINTS = words("送餐晚到四十分钟 助浴人员没按约定时间上门 维修后按钮仍不响 工作人员态度生硬")
BY_PHONE = ("call", "missed", "service", "complaint")
HEARD = words("已接通，老人意识清楚 老人回应含糊，继续询问 背景有电视声，老人应答正常 老人称无大碍，仍核对情况")


def build(centre: Centre, chance: Random, homes: list[Home], users: dict[str, User], now: datetime) -> list[Tape]:
    """Closed cases over the last thirty days, each lived through by the rules."""
    staff = [users["operator"], users["operator2"], users["operator2"], users["supervisor"]]
    found: list[Tape] = []
    for at in _times(chance, centre, now):
        cause = chance.choices(list(MIX), list(MIX.values()))[0]
        user = chance.choice(staff)
        tape = _opened(chance, Opening(centre, _home(chance, homes, cause), cause, user, at))
        _lived(chance, tape, cause, user, now)
        found.append(tape)
    return found


def _times(chance: Random, centre: Centre, now: datetime) -> list[datetime]:
    """Moments up to two hours ago, few of them at night."""
    found: list[datetime] = []
    while len(found) < CASES:
        at = now - timedelta(hours=2, seconds=chance.uniform(0, DAYS * 86400 - 7200))
        asleep = at.astimezone(centre.zone).hour < 6
        if not asleep or chance.random() < 0.35:
            found.append(at)
    return found


def _home(chance: Random, homes: list[Home], cause: str) -> Home:
    """A home, not 王桂英's, that can have such a case: with the device for it, or with a telephone."""
    while True:
        home = chance.choice(homes[1:])
        if home.elders[0].phone if cause in BY_PHONE else cause in home.devices:
            return home


@dataclass(frozen=True)
class Opening:
    centre: Centre
    home: Home
    cause: str
    user: User
    at: datetime


def _opened(chance: Random, opening: Opening) -> Tape:
    centre, home, user, at = opening.centre, opening.home, opening.user, opening.at
    if opening.cause in ("call", "missed"):
        caller = home.elders[0].phone
        assert caller is not None, "a caller has a telephone"
        return phone_call(centre, home, caller, at)
    if opening.cause == "service":
        wished, text = chance.choice(WISHES)
        channel = chance.choice((Channel.HOTLINE, Channel.COUNTER))
        return request(centre, home, Wish(Kind.SERVICE, channel, text, wished), user, at)
    if opening.cause == "complaint":
        wish = Wish(Kind.COMPLAINT, Channel.HOTLINE, chance.choice(COMPLAINTS), priority=2)
        return request(centre, home, wish, user, at)
    return alarm(centre, home, opening.cause, at)


def _lived(chance: Random, tape: Tape, cause: str, user: User, now: datetime) -> None:
    """From the opening to the end: taken after 5 to 40 seconds, spoken to, written down, closed."""
    codes = ENDS[cause]
    outcome, _, text = chance.choices(codes, [weight for _, weight, _ in codes])[0]
    if cause == "call":
        tape.wait(chance.uniform(3, 14)).call_event("answered", user)
        tape.wait(chance.uniform(40, 200)).say(user, text).call_event("hangup")
    else:
        if cause == "missed":
            tape.wait(chance.uniform(18, 30)).call_event("missed")
        elif cause not in BY_PHONE and chance.random() < 0.16:
            tape.wait(chance.uniform(2, 4)).again(cause)
        tape.wait(min(40.0, 5 + chance.expovariate(1 / 9))).take(user)
        _spoken(chance, tape, user, outcome)
        if outcome in HANDED_TO:
            _handed(chance, tape, user, outcome)
        tape.wait(chance.uniform(15, 90)).say(user, text)
    back = chance.random() < 0.2 and outcome in ("helped_on_site", "ambulance", "information_given")
    due = tape.now + timedelta(hours=chance.uniform(3, 26))
    if back and due < now - timedelta(minutes=30):
        tape.wait(20).close(user, outcome, text, due)
        tape.wait((due - tape.now).total_seconds() + chance.uniform(-900, 1200))
        tape.follow_up(user, "satisfied", "回访老人，情况良好")
    else:
        tape.wait(chance.uniform(5, 40)).close(user, outcome, text)


def _handed(chance: Random, tape: Tape, user: User, outcome: str) -> None:
    """Asked by the script until it says whom to call, then read out to them."""
    tape.wait(5).follow(user, *DANGER[tape.case.cause])
    service, note = HANDED_TO[outcome]
    reference = f"{tape.now:%m%d}-{chance.randint(100, 999)}"
    tape.wait(chance.uniform(30, 70)).hand_off(user, service, f"{chance.randint(1, 40)}号", reference, note)


def _spoken(chance: Random, tape: Tape, user: User, outcome: str) -> None:
    """The elder is rung first; who does not answer is looked for through the contacts."""
    home = tape.home
    likely = 1.0 if tape.case.cause == "call" else 0.45 if outcome == "helped_on_site" else 0.85
    answered = home.elders[0].phone is not None and chance.random() < likely
    if home.elders[0].phone is not None:
        rings = chance.uniform(3, 14) if answered else 25
        tape.wait(chance.uniform(4, 15)).call(user, None, rings=rings, answered=answered)
    if answered:
        tape.wait(chance.uniform(15, 60)).say(user, chance.choice(HEARD))
    near = called.nearest(tape)
    if not answered and outcome == "helped_on_site" and near is not None:
        called.went(tape, user, near)
    elif not answered or outcome in ("helped_on_site", "ambulance"):
        for contact in home.contacts[:2]:
            reached = chance.random() < 0.75
            tape.wait(chance.uniform(3, 12))
            tape.call(user, contact, rings=chance.uniform(4, 16) if reached else 25, answered=reached)
            if reached:
                tape.wait(chance.uniform(20, 80)).say(user, f"{contact.name}已联系上，约{contact.minutes_away}分钟到")
                break
    if outcome == "helped_on_site":
        for _ in range(chance.randint(1, 3)):
            tape.wait(chance.uniform(50, 140)).say(user, chance.choice(words("正在赶往 已到楼下 已进门，老人情绪稳定")))
