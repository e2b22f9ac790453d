"""What wakes the web processes, so that they look at the live stream."""

from __future__ import annotations

import psycopg
import pytest

from dispatch.models.database import LIVE_CHANNEL
from dispatch.services import live
from tests.support.story import Story

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]


def test_a_change_wakes_them_and_numbering_it_does_not(story: Story) -> None:
    url = story.centre.database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as ear:
        ear.execute(f"LISTEN {LIVE_CHANNEL}")
        story.press("SOS-1")
        assert len(list(ear.notifies(timeout=5, stop_after=1))) == 1
        live.sequence(story.centre)
        live.sequence(story.centre)
        assert list(ear.notifies(timeout=0.3)) == []
        story.press("SOS-1")
        assert len(list(ear.notifies(timeout=5, stop_after=1))) == 1
