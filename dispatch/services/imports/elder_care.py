"""Target groups and ability levels that a table brings, with this import as their source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.assessment import next_due
from dispatch.domain.groups import flags
from dispatch.models.bulk import insert_many
from dispatch.models.care import Assessment, AssessmentState, ElderTag
from dispatch.models.people import Elder
from dispatch.services.imports.ids import take_ids
from dispatch.services.imports.kinds import Ground

ALONE = "living_alone"
SOURCE = "import"
REASON = "other"


def groups(values: Mapping[str, Any]) -> list[str]:
    """The groups that a row names, 独居 among them."""
    named = list(values.get("groups", []))
    if values.get(ALONE) and ALONE not in named:
        named.append(ALONE)
    return named


def flags_of(ground: Ground, present: Iterable[str], held: Iterable[str]) -> list[str]:
    return flags(present, ground.centre.care.groups, held)


def add(session: Session, ground: Ground, elders: Mapping[int, Mapping[str, Any]]) -> None:
    """For new elders: by id, what their rows say."""
    tags = [_tag(ground, id_, code) for id_, values in elders.items() for code in groups(values)]
    if tags:
        insert_many(session, ElderTag, tags)
    assessed = {id_: values for id_, values in elders.items() if "ability_on" in values}
    if assessed:
        _assess(session, ground, assessed)


def held_by(session: Session, elder_ids: Iterable[int]) -> dict[int, set[tuple[date, int]]]:
    """Day and level of every assessment that counts."""
    found: dict[int, set[tuple[date, int]]] = {}
    rows = select(Assessment.elder_id, Assessment.assessed_on, Assessment.final_level)
    for elder_id, day, level in session.execute(
        rows.where(Assessment.elder_id.in_(elder_ids), Assessment.voided_at.is_(None))
    ):
        found.setdefault(elder_id, set()).add((day, level))
    return found


def level(session: Session, ground: Ground, elder: Elder, values: Mapping[str, Any]) -> None:
    """Of a known elder. A result older than the newest one goes into the history and changes nothing else."""
    if "ability_on" not in values:
        elder.ability_level = values["ability_level"]
        return
    known = held_by(session, [elder.id]).get(elder.id, set())
    newest = max((day for day, _ in known), default=None)
    if newest is None or newest <= values["ability_on"]:
        elder.ability_level = values["ability_level"]
        state = session.get(AssessmentState, elder.id)
        if state is not None:
            session.delete(state)
            session.flush()
        _assess(session, ground, {elder.id: values})
    else:
        insert_many(session, Assessment, [_assessment(ground, elder.id, values)])


def regroup(session: Session, ground: Ground, elder: Elder, values: Mapping[str, Any]) -> None:
    """Groups begin that the row names; 独居 = 否 ends that one. The desk's flags follow."""
    tags = list(session.scalars(select(ElderTag).where(ElderTag.elder_id == elder.id, ElderTag.ended_at.is_(None))))
    held = {
        tag.code for tag in tags if tag.valid_from <= ground.today and (tag.valid_to or ground.today) >= ground.today
    }
    # Flags that are older than the memberships, of which nobody knows more.
    known = ground.centre.care.groups.groups
    held |= {flag for flag in elder.flags if flag in known}
    begun = [code for code in groups(values) if code not in held]
    if begun:
        insert_many(session, ElderTag, [_tag(ground, elder.id, code) for code in begun])
    if values.get(ALONE) is False:
        for tag in tags:
            if tag.code == ALONE:
                tag.ended_at, tag.ended_by, tag.end_reason = ground.now, ground.actor[2], SOURCE
                tag.version += 1
        held.discard(ALONE)
    elder.flags = flags_of(ground, elder.flags, held | set(begun))


def _tag(ground: Ground, elder_id: int, code: str) -> dict[str, Any]:
    return {
        "elder_id": elder_id,
        "code": code,
        "source": SOURCE,
        "evidence": f"import #{ground.import_id}",
        "valid_from": ground.today,
        "recorded_at": ground.now,
        "recorded_by": ground.actor[2],
    }


def _assess(session: Session, ground: Ground, elders: Mapping[int, Mapping[str, Any]]) -> None:
    ids = take_ids(session, Assessment, len(elders))
    rows = [{**_assessment(ground, *one), "id": id_} for one, id_ in zip(elders.items(), ids, strict=True)]
    insert_many(session, Assessment, rows)
    states = [
        {"elder_id": row["elder_id"], "assessment_id": row["id"], "next_due_on": row["next_due_on"]} for row in rows
    ]
    insert_many(session, AssessmentState, states)


def _assessment(ground: Ground, elder_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """A result without its form: who assessed and which items is not known to us, and nobody invents it."""
    standard = ground.centre.care.setting
    return {
        "elder_id": elder_id,
        "standard": standard.code,
        "standard_version": standard.version,
        "reason": REASON,
        "assessed_on": values["ability_on"],
        "next_due_on": next_due(standard, values["ability_on"]),
        "assessors": [],
        "scores": {},
        "answers": {},
        "by_group": {},
        "changes": [],
        "final_level": values["ability_level"],
        "note": f"import #{ground.import_id}",
        "source": SOURCE,
        "recorded_at": ground.now,
        "recorded_by": ground.actor[2],
    }
