"""Target groups and ability levels that a table brings, with this import as their source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.assessment import next_due
from dispatch.domain.groups import flags
from dispatch.models.bulk import insert_many
from dispatch.models.care import Assessment, AssessmentState, ElderTag
from dispatch.models.people import Elder
from dispatch.services.care import assessments
from dispatch.services.care.assessments import UNDATED
from dispatch.services.care.groups import BY_ASSESSMENT, end, follow
from dispatch.services.imports.ids import take_ids
from dispatch.services.imports.kinds import Ground
from dispatch.services.work import Act

ALONE = "living_alone"
SOURCE = "import"
REASON = "other"


def groups(values: Mapping[str, Any]) -> list[str]:
    """The groups that a row names, 独居 among them."""
    named = list(values.get("groups", []))
    if values.get(ALONE) and ALONE not in named:
        named.append(ALONE)
    return named


def flags_of(ground: Ground, values: Mapping[str, Any]) -> list[str]:
    """What the desk sees of a new elder: the groups that the row names, and those that its ability level makes."""
    return flags([], ground.centre.care.groups, [*groups(values), *_by_level(ground, values)])


def _by_level(ground: Ground, values: Mapping[str, Any]) -> list[str]:
    level, named = values.get("ability_level"), groups(values)
    return [] if level is None else [c for c in ground.centre.care.groups.by_level(level) if c not in named]


def add(session: Session, ground: Ground, elders: Mapping[int, Mapping[str, Any]]) -> None:
    """For new elders: by id, what their rows say."""
    rests_on = _assess(session, ground, {id_: values for id_, values in elders.items() if "ability_on" in values})
    tags = [_tag(ground, id_, code) for id_, values in elders.items() for code in groups(values)]
    tags += [
        {**_tag(ground, id_, code), "source": BY_ASSESSMENT, "evidence": rests_on.get(id_, UNDATED)}
        for id_, values in elders.items()
        for code in _by_level(ground, values)
    ]
    insert_many(session, ElderTag, tags)


def held_by(session: Session, ground: Ground, elder_ids: Iterable[int]) -> dict[int, set[tuple[date, int]]]:
    """Day and level of every assessment that counts for the level."""
    found: dict[int, set[tuple[date, int]]] = {}
    rows = select(Assessment.elder_id, Assessment.assessed_on, Assessment.final_level).where(
        Assessment.elder_id.in_(elder_ids),
        Assessment.standard == ground.centre.care.setting.code,
        Assessment.voided_at.is_(None),
    )
    for elder_id, day, level in session.execute(rows):
        found.setdefault(elder_id, set()).add((day, level))
    return found


def overrules(values: Mapping[str, Any], elder: Elder, assessed: set[tuple[date, int]]) -> bool:
    """Another level than an assessment found, and nobody knows which of the two is newer."""
    level = values.get("ability_level")
    return bool(assessed) and level not in (None, elder.ability_level) and "ability_on" not in values


def level(session: Session, ground: Ground, elder: Elder, values: Mapping[str, Any]) -> None:
    """Of a known elder. A result older than the newest one goes into the history and changes nothing else."""
    if "ability_on" in values:
        insert_many(session, Assessment, [_assessment(ground, elder.id, values)])
    else:
        elder.ability_level = values["ability_level"]
    assessments.follow(session, ground.centre, elder, _act(ground))


def regroup(session: Session, ground: Ground, elder: Elder, values: Mapping[str, Any]) -> None:
    """Groups begin that the row names; 独居 = 否 ends that one. The desk's flags follow."""
    tags = list(session.scalars(select(ElderTag).where(ElderTag.elder_id == elder.id, ElderTag.ended_at.is_(None))))
    held = {tag.code for tag in tags if (tag.valid_to or ground.today) >= ground.today}
    insert_many(session, ElderTag, [_tag(ground, elder.id, code) for code in groups(values) if code not in held])
    if values.get(ALONE) is False:
        for tag in tags:
            if tag.code == ALONE:
                end(tag, ground.centre, _act(ground), SOURCE)
        elder.flags = [flag for flag in elder.flags if flag != ALONE]
    follow(session, ground.centre, elder, ground.now)


def _act(ground: Ground) -> Act:
    return Act(Actor(*ground.actor), ground.now)


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


def _assess(session: Session, ground: Ground, elders: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
    """By elder, what a membership that follows the level rests on."""
    ids = take_ids(session, Assessment, len(elders))
    rows = [{**_assessment(ground, *one), "id": id_} for one, id_ in zip(elders.items(), ids, strict=True)]
    insert_many(session, Assessment, rows)
    states = [
        {"elder_id": row["elder_id"], "assessment_id": row["id"], "next_due_on": row["next_due_on"]} for row in rows
    ]
    insert_many(session, AssessmentState, states)
    return {row["elder_id"]: assessments.evidence(row["standard"], row["assessed_on"], row["id"]) for row in rows}


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
