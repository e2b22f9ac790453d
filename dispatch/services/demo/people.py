"""The invented elders: who lives where, what is known about them, who stands by them, what hangs on their walls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy.orm import Session

from dispatch.models.devices import Device
from dispatch.models.people import Contact, Elder, Fact
from dispatch.models.places import Household
from dispatch.services.demo.devices import HOMES, Kit, equipment, falls_silent, number_of
from dispatch.services.demo.names import CONTACT, ELDER, HEROINE, Numbers, born, old_name, young_name
from dispatch.services.demo.places import District, Place, home
from dispatch.services.register.names import called

COUPLES = 200
"""Homes with two elders; with the others it makes 1,200 elders."""
FACTS = [
    ("health", "心脏支架（2024年），服用抗凝药"),
    ("health", "高血压20年"),
    ("health", "糖尿病，每日注射胰岛素"),
    ("health", "轻度中风史"),
    ("health", "慢阻肺，家用制氧机"),
    ("health", "髋关节置换"),
    ("mobility", "使用助行器"),
    ("mobility", "轮椅，上下楼需两人"),
    ("mobility", "右腿无力，夜间易跌"),
    ("mobility", "行走自如"),
    ("communication", "听力差，请大声慢说"),
    ("communication", "只说方言，女儿可翻译"),
    ("communication", "记性差，同样的话要说两遍"),
    ("access", "楼道窄，担架需竖抬"),
    ("access", "养一只小狗，不咬人"),
    ("access", "反锁习惯，需开锁"),
    ("medication", "青霉素过敏"),
    ("medication", "长期服用华法林"),
    ("medication", "睡前服安眠药，夜间反应慢"),
    ("other", "老伴今年去世，情绪低落"),
    ("other", "每周三女儿来"),
    ("other", "喜欢聊京剧"),
]
SOURCES = ("daughter", "son", "elder", "home_visit", "doctor", "grid_worker", "registration")
DIALECTS = ("wenzhou", "hakka", "cantonese", "sichuan", "shandong")


@dataclass
class Home:
    number: int
    household: Household
    elders: list[Elder] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    """Of the first elder, in order."""
    devices: dict[str, Device] = field(default_factory=dict)
    """By the kind of alarm."""


def build(session: Session, chance: Random, numbers: Numbers, district: District, now: datetime) -> list[Home]:
    """Insert all homes with everybody and everything in them; the first one is 王桂英's."""
    today = now.date()
    homes = [Home(n, home(chance, district.places[(n * 7) % len(district.places)])) for n in range(1, HOMES + 1)]
    homes[0] = Home(1, _heroine_home(district.places[0]))
    session.add_all(one.household for one in homes)
    session.flush()
    for one in homes[1:]:
        couple = one.number <= COUPLES + 1
        one.elders = _residents(chance, numbers, one.household, today, couple=couple)
    homes[0].elders = [_heroine(homes[0].household, today)]
    session.add_all(elder for one in homes for elder in one.elders)
    session.flush()
    for one in homes[1:]:
        _surround(session, chance, numbers, one, now)
    _surround_heroine(session, homes[0], now)
    for one in homes:
        _equip(session, chance, one, now)
    session.flush()
    return homes


def _residents(chance: Random, numbers: Numbers, household: Household, today: date, *, couple: bool) -> list[Elder]:
    age = min(99, 62 + int(chance.betavariate(1.7, 2.2) * 38))
    sex = "F" if chance.random() < 0.56 else "M"
    first = _elder(chance, numbers, household, sex, born(today, age, chance.randint(10, 350)), age=age)
    if not couple:
        if chance.random() < 0.6:
            first.flags = ["living_alone", *first.flags]
        return [first]
    other = "M" if sex == "F" else "F"
    age = max(60, age + chance.randint(-5, 4))
    return [first, _elder(chance, numbers, household, other, born(today, age, chance.randint(10, 350)), age=age)]


def _elder(chance: Random, numbers: Numbers, household: Household, sex: str, birth: date, *, age: int) -> Elder:
    ability = chance.choices((None, 0, 1, 2, 3), (30, 40, 18, 8, 4))[0]
    flags = ["disabled_ability"] if ability is not None and ability >= 2 else []
    flags += ["advanced_age"] if age >= 80 else []
    flags += ["dementia"] if age >= 72 and chance.random() < 0.06 else []
    deaf = age >= 70 and chance.random() < 0.14
    flags += ["hard_of_hearing"] if deaf else []
    flags += ["destitute"] if chance.random() < 0.03 else []
    phone = numbers.mobile(ELDER) if chance.random() < 0.7 else numbers.landline() if chance.random() < 0.8 else None
    return Elder(
        household_id=household.id,
        sex=sex,
        birth_date=birth,
        phone=phone,
        flags=flags,
        languages=["mandarin"] if chance.random() < 0.85 else ["mandarin", chance.choice(DIALECTS)],
        hearing="weak" if deaf else None,
        ability_level=ability,
        **called(old_name(chance, sex)),
    )


def _surround(session: Session, chance: Random, numbers: Numbers, one: Home, now: datetime) -> None:
    for elder in one.elders:
        contacts = _contacts(chance, numbers, elder)
        session.add_all(contacts)
        one.contacts = one.contacts or contacts
        for kind, text in chance.sample(FACTS, chance.choice((0, 1, 2, 2, 3))):
            confirmed = now - timedelta(days=chance.randint(8, 520))
            session.add(
                Fact(elder_id=elder.id, kind=kind, text=text, source=chance.choice(SOURCES), confirmed_at=confirmed)
            )
        if chance.random() < 0.012:
            elder.absence_kind, elder.absence_note = chance.choice(
                (("hospital", "区医院住院"), ("away", "去女儿家小住"), ("away", "随子女出游"))
            )
            elder.absence_until = now + timedelta(days=chance.randint(2, 20))


def _contacts(chance: Random, numbers: Numbers, elder: Elder) -> list[Contact]:
    """Children first, nearest first, and in most homes a neighbour with a key."""
    relations = chance.choice(
        (
            ("daughter", "neighbour"),
            ("son", "neighbour"),
            ("daughter", "son", "neighbour"),
            ("son", "daughter_in_law"),
            ("daughter", "grandchild"),
            ("sister", "neighbour"),
            ("neighbour", "grid_worker"),
        )
    )
    found = []
    for position, relation in enumerate(relations, 1):
        sex = "M" if relation in ("son", "grandchild") or chance.random() < 0.2 else "F"
        near = relation in ("neighbour", "grid_worker")
        surname = elder.name[0] if relation == "son" and elder.sex == "M" else None
        found.append(
            _contact(
                elder,
                position,
                relation,
                name=old_name(chance, sex) if relation == "sister" else young_name(chance, sex, surname),
                phone=numbers.mobile(CONTACT),
                minutes=chance.randint(1, 6) if near else chance.choice((8, 12, 15, 20, 25, 40, 90)),
                key=chance.random() < (0.6 if near else 0.35),
                tried=chance.randint(0, 6),
                missed=chance.randint(0, 2),
            )
        )
    return found


def _contact(
    elder: Elder,
    position: int,
    relation: str,
    *,
    name: str,
    phone: str,
    minutes: int,
    key: bool,
    tried: int,
    missed: int,
) -> Contact:
    return Contact(
        elder_id=elder.id,
        position=position,
        relation=relation,
        name=name,
        phone=phone,
        minutes_away=minutes,
        has_key=key,
        tried=tried,
        answered=max(0, tried - missed),
    )


def _equip(session: Session, chance: Random, one: Home, now: datetime) -> None:
    for kit in equipment(one.number):
        device = _device(chance, one, kit, now)
        one.devices[kit.alarm] = device
        session.add(device)


def _device(chance: Random, one: Home, kit: Kit, now: datetime) -> Device:
    worn = kit.alarm in ("sos", "vitals")
    rare = one.number > 1 and chance.random() < 0.02
    battery = chance.randint(8, 100) if chance.random() < 0.2 else chance.randint(45, 100)
    number = number_of(one.number, kit)
    return Device(
        number=number,
        model=kit.model,
        protocol="http",
        household_id=one.household.id,
        elder_id=one.elders[0].id if worn or len(one.elders) == 1 else None,
        location=kit.location,
        battery_percent=battery,
        low_battery_at=now - timedelta(days=chance.randint(1, 6)) if battery < 15 else None,
        last_seen_at=_last_seen(number, now, chance.randint(2, 9) if rare else chance.randint(1, 50)),
        last_test_at=now - timedelta(days=chance.randint(3, 120)),
    )


def _last_seen(number: str, now: datetime, ago: int) -> datetime:
    return now - (timedelta(days=2 + ago % 8) if falls_silent(number) else timedelta(minutes=ago))


def _heroine_home(place: Place) -> Household:
    return Household(
        area_id=place.grid.id,
        address=f"银铃市银杏区{place.street}18号3幢2单元501室",
        address_short=f"{place.street}18号3幢2-501",
        lat=place.lat,
        lon=place.lon,
        access_notes="单元门密码 2580；钥匙盒在门框右侧，密码 4711",
    )


def _heroine(household: Household, today: date) -> Elder:
    return Elder(
        household_id=household.id,
        sex="F",
        birth_date=born(today, 82, 180),
        phone="13800001942",
        flags=["living_alone", "advanced_age", "hard_of_hearing"],
        languages=["mandarin", "wenzhou"],
        hearing="weak",
        ability_level=1,
        **called(HEROINE),
    )


def _surround_heroine(session: Session, one: Home, now: datetime) -> None:
    elder = one.elders[0]
    people = (
        ("daughter", "李娜", "13900000011", 15, False, 4, 1),
        ("neighbour", "陈玉洁", "13900000012", 2, True, 3, 0),
        ("son", "李伟", "13900000013", 90, False, 2, 1),
    )
    one.contacts = [
        _contact(elder, n, relation, name=name, phone=phone, minutes=minutes, key=key, tried=tried, missed=missed)
        for n, (relation, name, phone, minutes, key, tried, missed) in enumerate(people, 1)
    ]
    session.add_all(one.contacts)
    known = (
        ("health", "心脏支架（2024年），服用抗凝药", "doctor", 40),
        ("mobility", "使用助行器，夜间起床易跌", "home_visit", 82),
        ("communication", "听力差，请大声慢说；习惯说温州话", "daughter", 82),
        ("access", "门上有两把锁，夜里会反锁上面一把", "neighbour", 400),
    )
    session.add_all(
        Fact(elder_id=elder.id, kind=kind, text=text, source=source, confirmed_at=now - timedelta(days=days))
        for kind, text, source, days in known
    )
