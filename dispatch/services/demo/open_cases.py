"""What is going on when the demo begins: twelve open cases, one of nearly every kind, with their deadlines ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from dispatch.domain.case import Channel, Help, Kind
from dispatch.models.people import User
from dispatch.services.centre import Centre
from dispatch.services.demo import called
from dispatch.services.demo.people import Home
from dispatch.services.demo.tape import Tape, Wish, alarm, phone_call, request

Find = Callable[[str], Home]


def build(centre: Centre, homes: list[Home], users: dict[str, User], now: datetime) -> list[Tape]:
    find = _finder(homes)
    operator, colleague, supervisor = users["operator"], users["operator2"], users["supervisor"]

    def ago(seconds: float) -> datetime:
        return now - timedelta(seconds=seconds)

    return [
        *_waiting(centre, find, ago, colleague),
        *_in_hand(centre, find, ago, [operator, colleague, supervisor]),
        *_put_off(centre, find, ago, [operator, colleague]),
    ]


def _finder(homes: list[Home]) -> Find:
    """Each asked-for home is another one, somewhere else in the district; none is 王桂英's."""
    free = homes[37::13]

    def find(device: str) -> Home:
        found = next(home for home in free if device in home.devices and home.elders[0].phone)
        free.remove(found)
        return found

    return find


def _waiting(centre: Centre, find: Find, ago: Callable[[float], datetime], user: User) -> list[Tape]:
    caller = find("sos")
    assert caller.elders[0].phone is not None, "found by it"
    bath = Wish(Kind.SERVICE, Channel.COUNTER, "预约周四下午助浴，需要两人", Help.BATH)
    ask = Wish(Kind.ENQUIRY, Channel.COUNTER, "想了解高龄津贴怎样申请", priority=4)
    return [
        alarm(centre, find("inactivity"), "inactivity", ago(18)).wait(18),
        alarm(centre, find("door"), "door", ago(75)).wait(75),
        phone_call(centre, caller, caller.elders[0].phone, ago(52)).wait(24).call_event("missed").wait(28),
        request(centre, find("sos"), bath, user, ago(250)).wait(250),
        request(centre, find("sos"), ask, user, ago(1500)).wait(1500),
    ]


def _in_hand(centre: Centre, find: Find, ago: Callable[[float], datetime], users: list[User]) -> list[Tape]:
    operator, colleague, supervisor = users
    fall = alarm(centre, find("fall"), "fall", ago(70)).wait(9).take(colleague)
    fall.wait(5).call(colleague, None, rings=7, answered=True)
    fall.follow(colleague, ("voice", "talks"), ("head", "none")).wait(6)
    fall.say(colleague, "老人坐在地上，意识清楚，正在联系邻居")
    fall.wait((ago(0) - fall.now).total_seconds())
    called.goes_on(fall, colleague)
    vitals = alarm(centre, find("vitals"), "vitals", ago(240)).wait(21).take(operator)
    vitals.wait(10).call(operator, None, rings=6, answered=True)
    vitals.follow(operator, ("voice", "talks"), ("danger_signs", "none"))
    vitals.wait(136).say(operator, "血压150/95，已提醒服药，稍后复测")
    water = alarm(centre, find("water"), "water", ago(150)).wait(33).take(colleague)
    water.wait(40).say(colleague, "老人已关总阀，维修人员在路上")
    called.promised(water, colleague, "维修人员 周师傅", 12)
    wish = Wish(Kind.COMPLAINT, Channel.HOTLINE, "送餐晚到四十分钟", priority=2)
    complaint = request(centre, find("sos"), wish, operator, ago(1500)).wait(50).take(supervisor)
    complaint.wait(400).say(supervisor, "已联系服务商核实").wait(500).say(supervisor, "服务商致歉并补送，待老人确认")
    return [fall, vitals, water, complaint]


def _put_off(centre: Centre, find: Find, ago: Callable[[float], datetime], users: list[User]) -> list[Tape]:
    operator, colleague = users
    bed = alarm(centre, find("bed"), "bed", ago(2400)).wait(28).take(colleague)
    bed.wait(30).say(colleague, "离床垫反复报警，已约维修").wait(20)
    bed.hold(colleague, ago(-5400), "waiting_repair")
    meal = Wish(Kind.SERVICE, Channel.HOTLINE, "明天起每天送一份午餐，软食少盐", Help.MEAL)
    held = request(centre, find("sos"), meal, operator, ago(1800)).wait(35).take(operator)
    held.wait(60).say(operator, "等女儿确认口味后下单").wait(5).hold(operator, ago(-2400), "waiting_family")
    button = alarm(centre, find("sos"), "sos", ago(7000)).wait(12).take(operator)
    button.wait(6).call(operator, None, rings=5, answered=True)
    button.wait(90).say(operator, "起身时滑坐在地，邻居已扶起，无外伤").wait(40)
    button.close(operator, "helped_on_site", "邻居上门扶起，无外伤，晚些回访", ago(-1500))
    for tape in (bed, held, button):
        tape.wait((ago(0) - tape.now).total_seconds())
    return [bed, held, button]
