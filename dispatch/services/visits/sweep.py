"""What has come due of the check-in visits, in the order in which it must be carried out."""

from __future__ import annotations

from datetime import datetime

from dispatch.services.centre import Centre
from dispatch.services.visits import appointments, reminding, running_out, trying


def tick(centre: Centre, now: datetime) -> None:
    """Safe to run twice at once. What was missed is known before anybody is told how many there are."""
    trying.tick(centre, now)
    running_out.tick(centre, now)
    reminding.tick(centre, now)
    appointments.tick(centre, now)
