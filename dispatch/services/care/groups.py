"""Target groups of an elder: each membership with its source, evidence and days; the flags of the desk follow them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.groups import Spell, flags
from dispatch.models.care import ElderTag
from dispatch.models.people import Elder
from dispatch.services import trail
from dispatch.services.care.reach import Answer, begins, elder_within, once, today
from dispatch.services.centre import Centre
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.visits import month
from dispatch.services.work import Act

log = structlog.get_logger()
BY_ASSESSMENT = "assessment"
AGAIN = timedelta(hours=1)
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True)
class NewTag:
    code: str
    source: str
    valid_from: date
    valid_to: date | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class TagChange:
    """None: as it was. ``no_end`` takes the last day away."""

    evidence: str | None = None
    valid_to: date | None = None
    no_end: bool = False


@dataclass(frozen=True)
class Finding:
    """The ability level that counts for an elder, and what it rests on."""

    level: int
    evidence: str


def spell(tag: ElderTag) -> Spell:
    return Spell(tag.valid_from, tag.valid_to, tag.ended_at is not None)


def tag_json(tag: ElderTag, day: date) -> Answer:
    return {
        "id": str(tag.id),
        "version": tag.version,
        "code": tag.code,
        "source": tag.source,
        "evidence": tag.evidence,
        "valid_from": tag.valid_from.isoformat(),
        "valid_to": tag.valid_to and tag.valid_to.isoformat(),
        "holds": spell(tag).holds(day),
        "recorded_at": stamp(tag.recorded_at),
        "recorded_by": tag.recorded_by,
        "ended_at": stamp(tag.ended_at),
        "ended_by": tag.ended_by,
        "end_reason": tag.end_reason,
    }


def tags_of(session: Session, centre: Centre, elder_id: int, now: datetime) -> list[Answer]:
    """Every membership there ever was, newest first."""
    day = today(centre, now)
    found = session.scalars(select(ElderTag).where(ElderTag.elder_id == elder_id).order_by(ElderTag.id.desc()))
    return [tag_json(tag, day) for tag in found]


def list_tags(centre: Centre, elder_id: int, actor: Actor, now: datetime) -> list[Answer]:
    with centre.database.reads() as session:
        elder_within(session, elder_id, actor)
        return tags_of(session, centre, elder_id, now)


def add_tag(centre: Centre, elder_id: int, act: Act, new: NewTag) -> Answer:
    """Raises ``Invalid`` for an unknown group or wrong days, ``Conflict`` when a day of it is covered already."""

    def change(session: Session) -> Answer:
        elder = elder_within(session, elder_id, act.actor, lock=True)
        tag = put_tag(session, centre, elder, new, act)
        follow(session, centre, elder, act.now)
        _write(session, act, "tag_added", tag)
        return tag_json(tag, today(centre, act.now))

    return once(centre, act, f"tag:{elder_id}", change)


def put_tag(session: Session, centre: Centre, elder: Elder, new: NewTag, act: Act) -> ElderTag:
    """Add a membership in the caller's transaction; ``follow`` must come after. The elder is locked."""
    if new.code not in centre.care.groups.groups:
        raise Invalid("code", "unknown", f"there is no target group {new.code}: see GET /register/tags")
    _check_days(new.valid_from, new.valid_to)
    wanted = Spell(new.valid_from, new.valid_to)
    _refuse_double(_of(session, elder, new.code), wanted, new.code)
    tag = ElderTag(
        elder_id=elder.id,
        code=new.code,
        source=new.source,
        evidence=new.evidence,
        valid_from=new.valid_from,
        valid_to=new.valid_to,
        recorded_at=act.now,
        recorded_by=act.actor.name,
    )
    session.add(tag)
    session.flush()
    return tag


def change_tag(centre: Centre, elder_id: int, tag_id: int, act: Act, wanted: TagChange) -> Answer:
    """Another evidence or another last day. Raises ``VersionConflict``, ``Conflict`` for one that was ended."""

    def change(session: Session) -> Answer:
        elder, tag = _locked(session, elder_id, tag_id, act)
        if tag.ended_at is not None:
            raise Conflict("it was ended: add a new one")
        last = None if wanted.no_end else wanted.valid_to or tag.valid_to
        _check_days(tag.valid_from, last)
        others = [t for t in _of(session, elder, tag.code) if t.id != tag.id]
        _refuse_double(others, Spell(tag.valid_from, last), tag.code)
        tag.valid_to = last
        tag.evidence = tag.evidence if wanted.evidence is None else wanted.evidence
        tag.version += 1
        follow(session, centre, elder, act.now)
        _write(session, act, "tag_changed", tag)
        return tag_json(tag, today(centre, act.now))

    return once(centre, act, f"tag:{elder_id}:{tag_id}:change", change)


def end_tag(centre: Centre, elder_id: int, tag_id: int, act: Act, reason: str) -> Answer:
    """From this moment on the elder does not belong to the group; the row stays."""

    def change(session: Session) -> Answer:
        elder, tag = _locked(session, elder_id, tag_id, act)
        if tag.ended_at is None:
            end(tag, centre, act, reason)
            follow(session, centre, elder, act.now)
            _write(session, act, "tag_ended", tag, reason)
        return tag_json(tag, today(centre, act.now))

    return once(centre, act, f"tag:{elder_id}:{tag_id}:end", change)


def end(tag: ElderTag, centre: Centre, act: Act, reason: str) -> None:
    """In the caller's transaction; ``follow`` must come after."""
    day = today(centre, act.now)
    if tag.valid_to is None or tag.valid_to > day:
        tag.valid_to = max(day, tag.valid_from)
    tag.ended_at, tag.ended_by, tag.end_reason = act.now, act.actor.name, reason
    tag.version += 1


def follow_level(session: Session, centre: Centre, elder: Elder, found: Finding | None, act: Act) -> None:
    """Groups that an ability level makes begin and end with it; what came from another source is left alone."""
    day = today(centre, act.now)
    belongs = () if found is None else centre.care.groups.by_level(found.level)
    for group in centre.care.groups.groups.values():
        if group.from_level is None:
            continue
        held = [tag for tag in _of(session, elder, group.code) if spell(tag).holds(day) or tag.valid_from > day]
        if group.code not in belongs:
            for tag in held:
                if tag.source == BY_ASSESSMENT:
                    end(tag, centre, act, BY_ASSESSMENT)
        elif found is not None and not any(spell(tag).holds(day) for tag in held):
            last = min((tag.valid_from for tag in held), default=None)
            until = last and last - timedelta(days=1)
            put_tag(session, centre, elder, NewTag(group.code, BY_ASSESSMENT, day, until, found.evidence), act)
    follow(session, centre, elder, act.now)


def follow(session: Session, centre: Centre, elder: Elder, now: datetime) -> None:
    """Set the elder's flags and the moments at which they change next, from the memberships. The elder is locked.

    A flag of a group of which no membership was ever written down stays: it is older than they are.
    """
    session.flush()
    day = today(centre, now)
    tags = session.scalars(select(ElderTag).where(ElderTag.elder_id == elder.id)).all()
    for tag in tags:
        change = spell(tag).next_change(day)
        tag.due_at = None if change is None else begins(centre, change)
    older = set(elder.flags) - {tag.code for tag in tags}
    wanted = flags(elder.flags, centre.care.groups, older | {tag.code for tag in tags if spell(tag).holds(day)})
    if wanted != elder.flags:
        elder.flags = wanted
    month.of_elder(session, centre, elder.id, now)


def tick(centre: Centre, now: datetime, most: int = 500) -> int:
    """Let the flags of those follow whose membership has begun or ended, also while nothing ran. How many elders."""
    due = select(ElderTag.elder_id).where(ElderTag.due_at <= now).distinct().limit(most)
    with centre.database.reads() as session:
        ids = list(session.scalars(due))
    for elder_id in ids:
        try:
            with centre.database.sessions.begin() as session:
                elder = session.scalars(
                    select(Elder)
                    .where(Elder.id == elder_id)
                    .with_for_update()
                    .execution_options(populate_existing=True)
                ).one()
                follow(session, centre, elder, now)
        except Exception:
            # One elder whose tags cannot be read must not keep the others' flags as they were.
            log.exception("tags_failed", elder_id=elder_id)
            with centre.database.sessions.begin() as session:
                session.execute(
                    update(ElderTag)
                    .where(ElderTag.elder_id == elder_id, ElderTag.due_at <= now)
                    .values(due_at=now + AGAIN)
                )
    return len(ids)


def groups_json(centre: Centre) -> dict[str, Any]:
    groups = centre.care.groups
    return {
        "items": [
            {
                "code": group.code,
                "name": dict(group.names),
                "safety_net": group.safety_net,
                "special_difficulty": group.special_difficulty,
                "from_level": group.from_level,
            }
            for group in groups.groups.values()
        ],
        "service_forms": [{"code": code, "name": dict(names)} for code, names in groups.forms.items()],
    }


def _of(session: Session, elder: Elder, code: str) -> list[ElderTag]:
    statement = select(ElderTag).where(
        ElderTag.elder_id == elder.id, ElderTag.code == code, ElderTag.ended_at.is_(None)
    )
    return list(session.scalars(statement))


def _refuse_double(others: Iterable[ElderTag], wanted: Spell, code: str) -> None:
    for other in others:
        if spell(other).meets(wanted):
            raise Conflict(
                f"{code} is recorded already from {other.valid_from}: change or end that one", tag=str(other.id)
            )


def _check_days(first: date, last: date | None) -> None:
    if not EARLIEST <= first <= LATEST or (last is not None and last > LATEST):
        raise Invalid("valid_from", "range", f"days lie between {EARLIEST} and {LATEST}")
    if last is not None and last < first:
        raise Invalid("valid_to", "range", "the last day must not come before the first")


def _locked(session: Session, elder_id: int, tag_id: int, act: Act) -> tuple[Elder, ElderTag]:
    elder = elder_within(session, elder_id, act.actor, lock=True)
    tag = session.get(ElderTag, tag_id)
    if tag is None or tag.elder_id != elder.id:
        raise NotFound(f"elder {elder_id} has no tag {tag_id}")
    if act.version is not None and act.version != tag.version:
        raise VersionConflict("the tag has changed in the meantime: look at it again", version=tag.version)
    return elder, tag


def _write(session: Session, act: Act, action: str, tag: ElderTag, reason: str | None = None) -> None:
    data = {"tag": tag.id, "code": tag.code, "valid_from": str(tag.valid_from), "valid_to": str(tag.valid_to or "")}
    trail.write(session, act.actor, Deed(action, Subject("elder", tag.elder_id), reason, data), act.now)
