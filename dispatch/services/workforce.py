"""Those who go to the homes: who they are, what they may do, where they work."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from dispatch.domain.actor import Actor
from dispatch.models.places import Area, inside
from dispatch.models.workforce import Worker
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.rows import mask


def workers(centre: Centre, actor: Actor, q: str, page: PageOf) -> dict[str, Any]:
    """Workers of the actor's areas by id; ``q`` is a part of the name or the telephone's ending."""
    with centre.database.reads() as session:
        statement = (
            select(Worker, Area.name)
            .join(Area, Area.id == Worker.area_id)
            .where(inside(actor.paths))
            .options(selectinload(Worker.skills))
            .order_by(Worker.id)
        )
        if page.before is not None:
            statement = statement.where(Worker.id > page.before)
        if q:
            statement = statement.where(
                or_(Worker.name.contains(q, autoescape=True), Worker.phone.endswith(q, autoescape=True))
            )
        found = session.execute(statement.limit(page.limit + 1)).all()
    items = [
        {
            "id": str(worker.id),
            "name": worker.name,
            "phone": mask(worker.phone),
            "kind": worker.kind,
            "skills": [held.skill for held in worker.skills],
            "area": {"id": str(worker.area_id), "name": area_name},
            "user_id": worker.user_id and str(worker.user_id),
        }
        for worker, area_name in found[: page.limit]
    ]
    return {"items": items, "next_cursor": items[-1]["id"] if len(found) > page.limit else None}
