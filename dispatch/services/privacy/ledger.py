"""Incidents with the items of article 57, and the impact assessments of articles 55 and 56."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.assessment import add_months
from dispatch.domain.errors import Invalid, NotFound, VersionConflict
from dispatch.domain.privacy import Kept
from dispatch.models.privacy import ImpactAssessment, Incident
from dispatch.services import trail
from dispatch.services.care.reach import Answer, once, today
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject
from dispatch.services.work import Act

TOLD = ("authority_told_at", "persons_told_at")


@dataclass(frozen=True)
class NewIncident:
    title: str
    discovered_at: datetime
    kinds: tuple[str, ...]
    cause: str
    harm: str
    measures: str
    advice: str
    contact: str
    occurred_at: datetime | None = None
    persons: int | None = None


def report_incident(centre: Centre, act: Act, new: NewIncident) -> Answer:
    """Write down a leak, a loss or a change. Raises ``Invalid`` for times that cannot be."""

    def change(session: Session) -> Answer:
        if new.discovered_at > act.now or (new.occurred_at is not None and new.occurred_at > new.discovered_at):
            raise Invalid("discovered_at", "range", "it happened before it was discovered, and both lie in the past")
        values = {**new.__dict__, "kinds": list(new.kinds)}
        scope = "".join(f"|{path}" for path in act.actor.paths)
        incident = Incident(**values, scope=scope, recorded_at=act.now, recorded_by=act.actor.name)
        session.add(incident)
        session.flush()
        trail.write(session, act.actor, Deed("incident_reported", Subject("incident", incident.id)), act.now)
        return incident_json(incident)

    return once(centre, act, "incident", change)


def change_incident(centre: Centre, incident_id: int, act: Act, changes: dict[str, Any]) -> Answer:
    """Raises ``Invalid`` when it is to be closed before authority and persons were told, or it was said why not."""

    def change(session: Session) -> Answer:
        mine = select(Incident).where(Incident.id == incident_id, _seen(act.actor))
        incident = session.scalar(mine.with_for_update())
        if incident is None:
            raise NotFound(f"there is no incident {incident_id} in your areas")
        if act.version is not None and act.version != incident.version:
            raise VersionConflict(
                "the incident has changed in the meantime: look at it again", version=incident.version
            )
        for name, value in changes.items():
            setattr(incident, name, value)
        for name in (*TOLD, "closed_at"):
            at = getattr(incident, name)
            if at is not None and at > act.now:
                raise Invalid(name, "future", "this has not happened yet")
        if incident.closed_at is not None:
            _complete(incident)
        incident.version += 1
        session.flush()
        deed = Deed("incident_changed", Subject("incident", incident.id), data={"fields": sorted(changes)})
        trail.write(session, act.actor, deed, act.now)
        return incident_json(incident)

    return once(centre, act, f"incident:{incident_id}", change)


def _complete(incident: Incident) -> None:
    if incident.authority_told_at is None:
        raise Invalid("authority_told_at", "missing", "article 57: the authority is told of every incident")
    if incident.persons_told_at is None and not incident.not_told_reason:
        raise Invalid("persons_told_at", "missing", "tell the persons, or say why no harm can come to them")


def incident_json(incident: Incident) -> Answer:
    return {
        "id": str(incident.id),
        "version": incident.version,
        "title": incident.title,
        "occurred_at": stamp(incident.occurred_at),
        "discovered_at": stamp(incident.discovered_at),
        "kinds": incident.kinds,
        "persons": incident.persons,
        "cause": incident.cause,
        "harm": incident.harm,
        "measures": incident.measures,
        "advice": incident.advice,
        "contact": incident.contact,
        "authority_told_at": stamp(incident.authority_told_at),
        "persons_told_at": stamp(incident.persons_told_at),
        "not_told_reason": incident.not_told_reason,
        "closed_at": stamp(incident.closed_at),
        "recorded_at": stamp(incident.recorded_at),
        "recorded_by": incident.recorded_by,
    }


def _seen(actor: Actor) -> ColumnElement[bool]:
    """Incidents of the actor's areas: they tell of persons, and those of another district are not theirs to read."""
    return or_(false(), *(Incident.scope.contains(f"|{path}", autoescape=True) for path in actor.paths))


def list_incidents(centre: Centre, actor: Actor, page: PageOf) -> Answer:
    with centre.database.reads() as session:
        return _newest(session, select(Incident).where(_seen(actor)), incident_json, page)


@dataclass(frozen=True)
class NewImpact:
    title: str
    trigger: str
    lawful: str
    impact: str
    measures: str
    assessed_on: date
    assessed_by: str
    document: str | None = None
    review_on: date | None = None


def register_impact(centre: Centre, act: Act, new: NewImpact) -> Answer:
    """Keep a report of article 56, at least three years."""

    def change(session: Session) -> Answer:
        if new.assessed_on > today(centre, act.now):
            raise Invalid("assessed_on", "future", "an assessment that is still to come cannot be kept")
        months = centre.care.retention[Kept.IMPACT_ASSESSMENTS]
        impact = ImpactAssessment(
            **new.__dict__,
            keep_until=add_months(new.assessed_on, months),
            recorded_at=act.now,
            recorded_by=act.actor.name,
        )
        session.add(impact)
        session.flush()
        trail.write(session, act.actor, Deed("impact_registered", Subject("impact", impact.id)), act.now)
        return impact_json(impact)

    return once(centre, act, "impact", change)


def impact_json(impact: ImpactAssessment) -> Answer:
    return {
        "id": str(impact.id),
        "title": impact.title,
        "trigger": impact.trigger,
        "lawful": impact.lawful,
        "impact": impact.impact,
        "measures": impact.measures,
        "document": impact.document,
        "assessed_on": impact.assessed_on.isoformat(),
        "assessed_by": impact.assessed_by,
        "keep_until": impact.keep_until.isoformat(),
        "review_on": impact.review_on and impact.review_on.isoformat(),
        "recorded_by": impact.recorded_by,
    }


def list_impacts(centre: Centre, page: PageOf) -> Answer:
    """Of the whole centre: they tell of what is done with information, and of no person."""
    with centre.database.reads() as session:
        return _newest(session, select(ImpactAssessment), impact_json, page)


def _newest(session: Session, statement: Select[Any], as_json: Callable[[Any], Answer], page: PageOf) -> Answer:
    key = statement.selected_columns.id
    statement = statement.order_by(key.desc()).limit(page.limit + 1)
    if page.before is not None:
        statement = statement.where(key < page.before)
    found = session.scalars(statement).all()
    items = [as_json(row) for row in found[: page.limit]]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}
