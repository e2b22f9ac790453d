"""A few elders of the demo who stand in the register twice, and the files that were brought in before today."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.domain.imports.state import ImportState
from dispatch.models.imports import Import
from dispatch.models.people import Elder, User
from dispatch.services.demo.people import Home
from dispatch.services.imports import find_doubles

AGAIN = ((210, 640, "phone"), (233, 701, "phone"), (255, 817, "address"))
"""Homes of which the second one's elder is the first one's, known once more by the telephone or by the door."""
FILES = (
    (40, "elders", "2026年老年人基本信息（梧桐街道）.xlsx", (300, 9, 0, 3)),
    (33, "devices", "智能设备台账.csv", (180, 0, 12, 0)),
    (26, "elders", "民政名单.xlsx", None),
)
"""How many days ago, what, and the rows that were new, changed, the same and wrong; the last one could not be read."""
Brought = tuple[int, str, str, tuple[int, int, int, int] | None]
UNKNOWN = {"code": "unknown_headings", "data": {"headings": "电话号、住址"}}


def build(session: Session, homes: list[Home], users: dict[str, User], now: datetime) -> None:
    """Nobody is added: the second one becomes the first one's double, so that every count stays what it was."""
    doubles = [_double(session, homes[first], homes[second], by) for first, second, by in AGAIN]
    session.flush()
    find_doubles.of(session, [elder.id for elder in doubles], now)
    boss = users["supervisor"]
    session.add_all(_file(boss, now, brought) for brought in FILES)
    session.flush()


def _double(session: Session, first: Home, second: Home, by: str) -> Elder:
    known, again = first.elders[0], second.elders[0]
    again.name, again.pinyin, again.initials = known.name, known.pinyin, known.initials
    again.sex, again.birth_date = known.sex, known.birth_date
    if by == "phone":
        known.phone = known.phone or again.phone
        again.phone = known.phone
    else:
        second.household.area_id = first.household.area_id
        second.household.address, second.household.address_short = (
            first.household.address,
            first.household.address_short,
        )
    return again


def _file(boss: User, now: datetime, brought: Brought) -> Import:
    days, kind, name, numbers = brought
    at = now - timedelta(days=days)
    new, changed, same, errors = numbers or (0, 0, 0, 0)
    return Import(
        kind=kind,
        state=ImportState.APPLIED if numbers else ImportState.FAILED,
        version=4,
        file_name=name,
        file_kind=name.rpartition(".")[2],
        file_size=48_200,
        digest="0" * 64,
        actor_kind="user",
        actor_id=str(boss.id),
        actor_name=boss.name,
        paths=[],
        scope=f"/{boss.area_ids[0]}/",
        created_at=at,
        checked_at=at + timedelta(seconds=4) if numbers else None,
        applied_at=at + timedelta(minutes=3) if numbers else None,
        ended_at=at + timedelta(minutes=3),
        rows=new + changed + same + errors,
        done=new + changed + same + errors,
        new=new,
        changed=changed,
        same=same,
        errors=errors,
        headings=[],
        fault=None if numbers else UNKNOWN,
    )
