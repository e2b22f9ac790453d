"""Alarms while the database is away: kept on the disk, brought in once and in order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from dispatch.models.devices import Signal
from dispatch.services import accounts, spool
from dispatch.services.centre import Centre
from dispatch.services.spool import Spooled
from tests.support import factories
from tests.support.parts import free_port
from tests.support.story import Story


def keep(story: Story, device: str, kind: str = "sos", event_id: str | None = None, token: str | None = None) -> None:
    digest = accounts.digest(token or story.town.signals_token)
    spool.keep(story.centre.spool_dir, Spooled(story.signal(device, kind, event_id), digest))
    story.sleep(0.001)


def drain(story: Story) -> int:
    return spool.drain(story.centre.spool_dir, lambda s: spool.bring_in(story.centre, s))


def test_what_was_kept_comes_in_once_and_in_order(story: Story) -> None:
    for number in range(20):
        keep(story, f"HOME-{number % 3 + 1}", event_id=f"e{number}")
    assert spool.waiting(story.centre.spool_dir) == 20
    assert drain(story) == 20
    assert (drain(story), spool.waiting(story.centre.spool_dir)) == (0, 0)
    with story.centre.database.reads() as session:
        stored = list(session.scalars(select(Signal).order_by(Signal.received_at)))
    assert [s.event_id for s in stored] == [f"e{n}" for n in range(20)]
    assert all(s.spooled and s.source == "signals of the tests" for s in stored)
    assert [e.data["count"] for e in story.events() if e.kind == "repeat"] == list(range(2, 21))
    assert story.case.signals == 20
    assert "spooled" in story.case.flags


def test_a_copy_of_a_stored_event_changes_nothing(story: Story) -> None:
    story.press("SOS-1", event_id="e1")
    keep(story, "SOS-1", event_id="e1")
    keep(story, "SOS-1", event_id="e1")
    assert drain(story) == 2
    assert story.case.signals == 1


def test_a_wrong_token_is_put_aside_and_kept(story: Story) -> None:
    keep(story, "SOS-1", token="guessed")
    keep(story, "SOS-1", token=story.town.calls_token)
    keep(story, "SOS-2")
    assert drain(story) == 1
    assert spool.rejected(story.centre.spool_dir) == 2
    assert len(story.cases()) == 1


def _signed(body: object) -> bytes:
    inner = json.dumps(body)
    return json.dumps({"sha256": hashlib.sha256(inner.encode()).hexdigest(), "signal": inner}).encode()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"sha256": 1, "signal": 2}', _signed([]), _signed({"id": 1})],
    ids=["empty", "cut", "list", "null", "number", "bytes", "types", "signed list", "signed part"],
)
def test_a_damaged_file_never_stops_the_others(story: Story, content: bytes) -> None:
    directory = story.centre.spool_dir
    directory.mkdir(parents=True)
    (directory / "00000000T000000-first.json").write_bytes(content)
    keep(story, "SOS-1")
    assert drain(story) == 1
    assert (directory / "rejected" / "00000000T000000-first.json").read_bytes() == content


def test_one_bit_is_noticed(story: Story) -> None:
    keep(story, "SOS-1")
    (path,) = story.centre.spool_dir.glob("*.json")
    path.write_bytes(path.read_bytes().replace(b"SOS-1", b"SOS-2"))
    assert drain(story) == 0
    assert spool.rejected(story.centre.spool_dir) == 1


def test_while_the_database_is_away_everything_waits(story: Story, tmp_path: Path) -> None:
    for number in range(3):
        keep(story, "SOS-1", event_id=f"e{number}")
    away: Centre = factories.make_centre(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none", tmp_path / "data")
    assert away.spool_dir == story.centre.spool_dir
    with pytest.raises(OperationalError):
        spool.drain(away.spool_dir, lambda s: spool.bring_in(away, s))
    assert (spool.waiting(away.spool_dir), spool.rejected(away.spool_dir)) == (3, 0)
    assert drain(story) == 3
    assert story.case.signals == 3


def test_what_died_between_the_commit_and_the_unlink_comes_in_once(story: Story) -> None:
    keep(story, "SOS-1")
    (path,) = story.centre.spool_dir.glob("*.json")
    before = path.read_bytes()
    assert drain(story) == 1
    path.write_bytes(before)
    assert drain(story) == 1
    assert story.case.signals == 1
