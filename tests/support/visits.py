"""Check-in visits for the small town."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from dispatch.models.bulk import analyze, insert_many
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.models.places import Household
from dispatch.models.visit_records import CheckinCheck, CheckinPicture, CheckinReport
from dispatch.models.visits import CheckinRecord, CheckinRefusal, CheckinVisit
from dispatch.services.register.names import called
from dispatch.services.visits import extra, generating
from dispatch.services.work import Act
from tests.support.factories import START, Town

MONTH = f"{START:%Y-%m}"
GROUPS = ("living_alone", "empty_nest", "left_behind", "disabled_ability", "dementia")
BATCH = 5_000


def generate(town: Town, month: str = MONTH, now: datetime = START) -> dict[str, Any]:
    return generating.generate(town.centre, Act(town.actor("boss"), now), month, lambda: now)


def visit_of(town: Town, name: str, period: str = MONTH) -> CheckinVisit:
    with town.centre.database.reads() as session:
        return session.scalars(
            select(CheckinVisit).where(CheckinVisit.elder_id == town.elders[name], CheckinVisit.period == period)
        ).one()


def in_the_east(town: Town) -> dict[str, str]:
    """A visit of an elder there, and a refusal."""
    generate(town)
    with town.centre.database.sessions.begin() as session:
        refusal = CheckinRefusal(
            elder_id=town.elders["Wang"],
            refused_on=START.date(),
            until=START.date(),
            said_by="Wang",
            recorded_at=START,
            recorded_by="Mei",
        )
        picture = CheckinPicture(
            visit_id=visit_of(town, "Wang").id,
            client_uuid="p1",
            kind="photo",
            at=START,
            received_at=START,
            sent_by="Hua",
            sender="user:1",
            sha256="0" * 64,
            content=b"a door",
        )
        record = CheckinRecord(
            visit_id=visit_of(town, "Zhao").id,
            elder_id=town.elders["Zhao"],
            day=START.date(),
            mode="home",
            started_at=START,
            ended_at=START,
            recorded_at=START,
            recorded_by="Hua",
            flags=[],
        )
        report = CheckinReport(
            visit_id=visit_of(town, "Wang").id,
            why="not_due",
            state="waiting",
            said={},
            entered_at=START,
            entered_by="user:1",
            entered_name="Hua",
        )
        session.add_all([refusal, picture, record, report])
        session.flush()
        call = CheckinCheck(
            record_id=record.id, why="drawn", month=MONTH, share=5, flags=[], state="open", opened_at=START
        )
        session.add(call)
        session.flush()
        ids = {
            "refusal_id": str(refusal.id),
            "picture_id": str(picture.id),
            "visit_call_id": str(call.id),
            "report_id": str(report.id),
        }
    round_ = cold_wave(town)
    return {"visit_id": str(visit_of(town, "Wang").id), **ids, "round_id": round_["id"]}


def cold_wave(town: Town, area: str = "East", now: datetime = START, *groups: str) -> dict[str, Any]:
    """From tomorrow on, for four days."""
    day = now.date()
    first, last = day + timedelta(days=1), day + timedelta(days=4)
    new = extra.NewRound("寒潮", extra.Reason.COLD_WAVE, town.areas[area], first, last, groups)
    return generating.order_round(town.centre, Act(town.actor("boss"), now), new, lambda: now)


def crowd(town: Town, number: int, areas: Sequence[int]) -> None:
    """So many elders alone in homes of these areas by turns; every fifth belongs to two groups."""
    for start in range(0, number, BATCH):
        ids = range(10_000 + start, 10_000 + min(start + BATCH, number))
        with town.centre.database.sessions.begin() as session:
            insert_many(session, Household, [_home(n, areas[n % len(areas)]) for n in ids])
            insert_many(session, Elder, [_elder(n) for n in ids])
            insert_many(session, ElderTag, [tag for n in ids for tag in _tags(n)])
    with town.centre.database.sessions.begin() as session:
        analyze(session, Household, Elder, ElderTag)


def _home(n: int, area_id: int) -> dict[str, Any]:
    return {"id": n, "area_id": area_id, "address": f"Road {n}", "address_short": f"Road {n}"}


def _elder(n: int) -> dict[str, Any]:
    born = (START - timedelta(days=365 * (62 + n % 35))).date()
    fixed = {"sex": "FM"[n % 2], "flags": [GROUPS[n % 5]], "languages": ["mandarin"]}
    return {"id": n, "household_id": n, "birth_date": born, **called(f"E{n}"), **fixed}


def _tags(n: int) -> list[dict[str, Any]]:
    since = (START - timedelta(days=30 + n % 900)).date()
    codes = [GROUPS[n % 5], *([GROUPS[(n + 1) % 5]] if n % 5 == 0 else [])]
    fixed = {"elder_id": n, "source": "bench", "valid_from": since, "recorded_at": START, "recorded_by": "bench"}
    return [{"code": code, **fixed} for code in codes]
