"""What the invented centre assessed, agreed and gave away: each list of the privacy desk has something to show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.assessment import Answers, Diagnosis, Reason, Standard, assess, next_due
from dispatch.models.care import Assessment, AssessmentState, Consent, ElderTag
from dispatch.models.people import Elder, User
from dispatch.models.places import paths_of
from dispatch.models.privacy import ImpactAssessment, Incident, RightsRequest, Sharing
from dispatch.services import trail
from dispatch.services.care.reach import today
from dispatch.services.centre import Centre
from dispatch.services.demo.names import demo_random
from dispatch.services.demo.people import Home
from dispatch.services.trail import Deed, Subject

ASSESSORS = ("林晓梅", "何建国", "吴敏", "徐丽")
EVIDENCE = {"destitute": "特困人员供养证", "dementia": "区医院诊断书", "disabled_ability": "能力评估报告"}
SEED = 20260105


def build(session: Session, centre: Centre, homes: list[Home], users: dict[str, User], now: datetime) -> None:
    """Some homes agreed to nothing yet: their emergencies leave somebody to tell."""
    chance = demo_random(SEED)
    elders = [elder for one in homes for elder in one.elders]
    day = today(centre, now)
    boss = users["supervisor"]
    _assessments(session, centre, chance, elders, now)
    session.execute(insert(ElderTag), [tag for e in elders for tag in _tags(centre, chance, e, day, now)])
    words = [word for elder in elders if chance.random() < 0.9 for word in _consents(centre, chance, elder, now)]
    session.execute(insert(Consent), words)
    _desk(session, elders, boss, now)
    _looks(session, elders, users, now)
    _books(session, boss, day, now)


def _assessments(session: Session, centre: Centre, chance: Random, elders: list[Elder], now: datetime) -> None:
    standard, day = centre.care.setting, today(centre, now)
    rows = [_assessment(standard, chance, e, day, now) for e in elders if e.ability_level is not None]
    session.execute(insert(Assessment), rows)
    kept = session.execute(select(Assessment.elder_id, Assessment.id, Assessment.next_due_on))
    session.execute(
        insert(AssessmentState),
        [{"elder_id": elder_id, "assessment_id": number, "next_due_on": due} for elder_id, number, due in kept],
    )


def _assessment(standard: Standard, chance: Random, elder: Elder, day: date, now: datetime) -> dict[str, Any]:
    """A form whose answers make the level that the elder has; dementia makes it one worse than the score says."""
    demented = "dementia" in elder.flags and elder.ability_level not in (None, 0)
    wanted = (elder.ability_level or 0) - int(demented)
    level = standard.levels[wanted]
    scores = _scores(standard, chance, chance.randint(level.low or 0, level.high or 0))
    answers = Answers(scores, diagnoses=(Diagnosis("F03"),) if demented else ())
    on = day - timedelta(days=chance.choice((20, 60, 110, 170, 230, 300, 345, 352, 390)))
    result = assess(standard, answers, on)
    return {
        "elder_id": elder.id,
        "standard": standard.code,
        "standard_version": standard.version,
        "reason": chance.choice((Reason.FIRST, Reason.ROUTINE, Reason.IMMEDIATE)),
        "assessed_on": on,
        "next_due_on": next_due(standard, on),
        "assessors": chance.sample(ASSESSORS, 2),
        "scores": scores,
        "answers": {
            "coma": False,
            "diagnoses": [{"code": "F03", "by_psychiatrist": False}] if demented else [],
            "risk_events": [],
            "informant": None,
        },
        "total": result.total,
        "by_group": result.by_group,
        "preliminary_level": result.preliminary_level,
        "changes": [str(change) for change in result.changes],
        "final_level": result.final_level,
        "source": "form",
        "recorded_at": now,
        "recorded_by": "王强",
    }


def _scores(standard: Standard, chance: Random, total: int) -> dict[str, int]:
    """Answers that add up to ``total``, lost points spread over the items."""
    scores = {name: item.max for name, item in standard.items.items()}
    missing = standard.full_score - total
    names = list(scores)
    while missing:
        name = chance.choice(names)
        if scores[name]:
            scores[name] -= 1
            missing -= 1
    return scores


def _tags(centre: Centre, chance: Random, elder: Elder, day: date, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "elder_id": elder.id,
            "code": code,
            "source": "assessment" if code == "disabled_ability" else chance.choice(("community", "civil_affairs")),
            "evidence": EVIDENCE.get(code),
            "valid_from": day - timedelta(days=chance.randint(30, 900)),
            "version": 1,
            "recorded_at": now,
            "recorded_by": "王强",
        }
        for code in elder.flags
        if code in centre.care.groups.groups
    ]


def _consents(centre: Centre, chance: Random, elder: Elder, now: datetime) -> list[dict[str, Any]]:
    at = now - timedelta(days=chance.randint(60, 400))
    how = chance.choice(("paper", "visit", "counter", "telephone"))
    said = {"emergency_response": True, "tell_family": True, "share_rescue": True, "services": True}
    said["call_recording"] = chance.random() < 0.8
    return [
        {
            "elder_id": elder.id,
            "purpose": purpose,
            "given": given,
            "how": how,
            "by": elder.name,
            "read_by": "李敏",
            "notice": centre.care.purposes[purpose].notice,
            "document": f"同意书 {elder.id:05d}" if how == "paper" else None,
            "at": at,
            "recorded_by": "李敏",
        }
        for purpose, given in said.items()
    ]


def _desk(session: Session, elders: list[Elder], boss: User, now: datetime) -> None:
    """Requests: one late, one pressing, one fresh, one whose asker was checked, one answered."""
    asked = (
        (31, "correction", "self", None, "telephone", "门牌号写错了，应该是28号", "open"),
        (25, "copy", "guardian", "李娜", "counter", "想要一份母亲的档案", "checked"),
        (9, "access", "self", None, "visit", "想知道谁看过我的电话", "open"),
        (2, "deletion", "relative_of_dead", "张伟", "paper", "父亲已去世，请删除他的资料", "open"),
        (40, "explanation", "self", None, "telephone", "为什么要录音", "granted"),
    )
    for elder, (days, kind, asker, name, channel, words, state) in zip(elders[3::17], asked, strict=False):
        received = now - timedelta(days=days)
        done = state == "granted"
        session.add(
            RightsRequest(
                elder_id=elder.id,
                kind=kind,
                asker=asker,
                asker_name=name,
                channel=channel,
                text=words,
                received_at=received,
                due_at=received + timedelta(days=30),
                state=state,
                identity_check="看了身份证" if state != "open" else None,
                checked_by=boss.name if state != "open" else None,
                decided_at=received + timedelta(days=3) if done else None,
                decided_by=boss.name if done else None,
                answer="录音用于核实报警内容，12个月后删除；可随时撤回同意" if done else None,
                outcome={},
                recorded_by="李敏",
            )
        )


def _looks(session: Session, elders: list[Elder], users: dict[str, User], now: datetime) -> None:
    looked = (
        (74, "supervisor", ["identity_number"], "核对补贴名单"),
        (50, "operator", ["contacts"], "家属电话换号，核对"),
        (26, "operator2", ["address", "contacts"], "送餐员找不到门"),
        (3, "operator", ["phone"], "老人留言要求回电"),
    )
    for elder, (hours, username, fields, reason) in zip(elders[7::23], looked, strict=False):
        user = users[username]
        deed = Deed("reveal", Subject("elder", elder.id), reason, {"fields": fields})
        trail.write(session, Actor("user", str(user.id), user.name), deed, now - timedelta(hours=hours))
    given = (
        (90, "区民政局", "authority", "ability_assessment", ["name", "ability"], "legal_duty"),
        (28, "春晖居家服务中心", "provider", "services", ["name", "address"], "contract"),
        (5, "市第二医院急诊科", "hospital", "share_rescue", ["name", "address", "health"], "legal_duty"),
    )
    for elder, (hours, receiver, kind, purpose, kinds, basis) in zip(elders[11::29], given, strict=False):
        session.add(
            Sharing(
                at=now - timedelta(hours=hours),
                elder_id=elder.id,
                receiver=receiver,
                receiver_kind=kind,
                purpose=purpose,
                kinds=kinds,
                basis=basis,
                recorded_by=users["supervisor"].name,
            )
        )


def _books(session: Session, boss: User, day: date, now: datetime) -> None:
    session.add(
        Incident(
            title="一份探访名单误发给另一个街道站点",
            scope="".join(f"|{path}" for path in paths_of(session, boss.area_ids)),
            occurred_at=now - timedelta(days=20, hours=2),
            discovered_at=now - timedelta(days=20),
            kinds=["name", "phone"],
            persons=14,
            cause="收件人选错",
            harm="可能接到陌生来电",
            measures="对方已删除并书面确认；发送前增加核对",
            advice="不要接听陌生来电，有疑问拨打热线",
            contact="值班班长 13700000001",
            authority_told_at=now - timedelta(days=19),
            recorded_at=now - timedelta(days=20),
            recorded_by=boss.name,
        )
    )
    session.add(
        ImpactAssessment(
            title="紧急呼叫中使用健康信息和住址",
            trigger="sensitive",
            lawful="为保护生命健康所必需，老人单独同意",
            impact="泄露会影响人身和财产安全",
            measures="默认打码、按事件开放、加密保存、查看留痕",
            document="档案室 PIA-2026-01",
            assessed_on=day - timedelta(days=200),
            assessed_by="周静",
            keep_until=day + timedelta(days=895),
            review_on=day + timedelta(days=165),
            recorded_at=now,
            recorded_by=boss.name,
        )
    )
