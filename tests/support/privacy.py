"""One thing of the privacy desk in the East, for the test that walks every route."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dispatch.domain.privacy import Asker, Right
from dispatch.models.places import Area
from dispatch.models.privacy import Incident, TellDuty
from dispatch.services.privacy import requests
from dispatch.services.privacy.requests import Asked
from dispatch.services.work import Act
from tests.support.factories import Town


def in_the_east(town: Town, case_id: str) -> dict[str, str]:
    """A request, a word owed and an incident, by the name of their part of the address."""
    now = datetime.now(UTC)
    elder_id = town.elders["Wang"]
    asked = Asked(elder_id, Right.COPY, Asker.SELF, "telephone")
    request_id = requests.receive(town.centre, Act(town.actor("lin"), now), asked)["id"]
    with town.centre.database.sessions.begin() as session:
        path = session.get_one(Area, town.areas["East"]).path
        incident = Incident(
            title="a list went astray",
            discovered_at=now,
            kinds=["name"],
            cause="wrong address",
            harm="calls",
            measures="deleted",
            advice="none",
            contact="centre",
            recorded_at=now,
            recorded_by="Lin",
            scope=f"|{path}",
        )
        session.add(incident)
        duty = TellDuty(
            elder_id=elder_id,
            case_id=int(case_id),
            purpose="emergency_response",
            arose_at=now,
            due_at=now + timedelta(days=3),
        )
        session.add(duty)
        session.flush()
        return {"request_id": request_id, "duty_id": str(duty.id), "incident_id": str(incident.id)}
