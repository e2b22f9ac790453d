"""Recordings of calls: which there are of a case, who may listen, and that each listening is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import NotFound
from dispatch.domain.permissions import May
from dispatch.models.cases import Call, Case
from dispatch.models.people import User
from dispatch.services.centre import Centre
from dispatch.services.hotline.talking import may_end
from dispatch.services.rows import must_see, stamp
from dispatch.services.trail import Deed, Subject, write

KINDS = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg"}
"""What a browser plays; nothing else in that directory is ever given out."""


def calls_of(centre: Centre, case_id: int, actor: Actor) -> list[dict[str, Any]]:
    """The calls of a case, the newest first; without numbers, which the case itself shows to whoever may see them."""
    with centre.database.reads() as session:
        must_see(session, case_id, actor)
        owner_id = session.get_one(Case, case_id).owner_id
        named = select(Call, User.name).outerjoin(User, User.username == Call.agent)
        found = session.execute(named.where(Call.case_id == case_id).order_by(Call.id.desc()).limit(50))
        me = _username(session, actor)
        return [
            {
                "id": str(call.id),
                "outward": call.outward,
                "at": stamp(call.first_at),
                "answered_at": stamp(call.answered_at),
                "ended_at": stamp(call.ended_at),
                "end_asked_at": stamp(call.end_asked_at),
                "may_end": may_end(call) and me is not None and call.agent == me,
                "waited": call.waited,
                "missed": call.missed,
                "agent": name or call.agent,
                "recorded": is_ours(call.recording_url),
                "may_listen": _may_listen(actor, call, me, owner_id),
            }
            for call, name in found
        ]


def listen(centre: Centre, call_id: int, actor: Actor, now: datetime, asked: str | None) -> tuple[Path, str]:
    """The file and its kind, after it was written down who asked for which part of it.

    Raises ``NotFound``, also for those who may not.
    """
    with centre.database.sessions.begin() as session:
        call = session.get(Call, call_id)
        if call is None or call.case_id is None:
            raise NotFound(f"there is no call {call_id}")
        must_see(session, call.case_id, actor)
        owner_id = session.get_one(Case, call.case_id).owner_id
        if not _may_listen(actor, call, _username(session, actor), owner_id):
            raise NotFound("only who spoke, who has the case, and who looks after quality may listen to it")
        path = _file(centre, call.recording_url)
        data = {"case_id": str(call.case_id), **({"range": asked[:40]} if asked else {})}
        write(session, actor, Deed("listened", Subject("call", call.id), data=data), now)
    return path, KINDS[path.suffix.lower()]


def is_ours(recording: str | None) -> bool:
    """Written by an exchange into the directory of recordings, and not somewhere in the web."""
    return bool(recording) and "://" not in str(recording)


def forget_of(session: Session, centre: Centre, case_ids: Sequence[int]) -> None:
    """The recordings of cases that are shut away, or of a person who is erased."""
    forget(centre, session.scalars(select(Call.recording_url).where(Call.case_id.in_(case_ids))).all())


def forget(centre: Centre, recordings: Sequence[str | None]) -> None:
    """Delete the files whose time is over. One that is gone already is gone."""
    for recording in filter(is_ours, recordings):
        (centre.recordings_dir / Path(str(recording)).name).unlink(missing_ok=True)


def _may_listen(actor: Actor, call: Call, me: str | None, owner_id: int | None) -> bool:
    mine = actor.may(May.CASES_WORK) and actor.user_id is not None
    return actor.may(May.QUALITY) or (mine and (owner_id == actor.user_id or call.agent == me))


def _username(session: Session, actor: Actor) -> str | None:
    if actor.user_id is None:
        return None
    return session.scalar(select(User.username).where(User.id == actor.user_id))


def _file(centre: Centre, recording: str | None) -> Path:
    """By its name alone: the exchange knows other directories than we do, and none of them is ours to look into."""
    path = centre.recordings_dir / Path(recording or "").name
    if not is_ours(recording) or path.suffix.lower() not in KINDS or not path.is_file():
        raise NotFound("there is no recording of this call, or its time is over")
    return path
