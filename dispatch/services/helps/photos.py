"""Pictures that a helper sends from a visit, each kept once; and how whoever checks gets to see them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.helps.assignments import LIVE, AssignmentState, Oddity, odd_times
from dispatch.models.helps import Assignment, WorkPhoto
from dispatch.models.visit_records import CheckinPicture
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.helps.evidence import to_check
from dispatch.services.helps.visiting import on_the_job
from dispatch.services.helps.working import OnTheJob
from dispatch.services.rows import must_see, stamp
from dispatch.services.work import Act

MOST = 6
"""Of one visit."""
LARGEST = 400 * 1024
JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Picture:
    client_uuid: str
    at: datetime
    """The telephone's own time."""
    content: bytes


def keep(centre: Centre, job_id: int, act: Act, picture: Picture) -> dict[str, Any]:
    """Once, however often it is sent. ``applied`` is False where the job was not the helper's any more.

    Raises ``Invalid`` for what is no small JPEG, and for more than six of one visit.
    """

    def work(session: Session, on: OnTheJob) -> dict[str, Any]:
        row = session.scalar(select(WorkPhoto).where(WorkPhoto.client_uuid == picture.client_uuid))
        if row is None:
            row = _keep(session, centre, on, picture)
        elif row.assignment_id != on.job.id:
            raise Conflict("this client_uuid belongs to another job")
        return {"photo": _json(row), "applied": Oddity.AFTER_END not in row.flags, "flags": row.flags}

    return on_the_job(centre, job_id, act, work)


def _keep(session: Session, centre: Centre, on: OnTheJob, picture: Picture) -> WorkPhoto:
    if not picture.content.startswith(JPEG):
        raise Invalid("photo", "malformed", "send a JPEG")
    if len(picture.content) > LARGEST:
        raise Invalid("photo", "too-large", f"send at most {LARGEST // 1024} KB")
    of_job = select(func.count()).select_from(WorkPhoto).where(WorkPhoto.assignment_id == on.job.id)
    if (session.scalar(of_job) or 0) >= MOST:
        raise Invalid("photo", "too-many", f"{MOST} pictures of one visit are enough")
    digest = hashlib.sha256(picture.content).hexdigest()
    odd = odd_times(picture.at, on.now, centre.matching.evidence)
    if known(session, digest):
        odd.append(Oddity.SAME_PHOTO)
    if AssignmentState(on.job.state) not in LIVE:
        odd.append(Oddity.AFTER_END)
    row = WorkPhoto(
        assignment_id=on.job.id,
        client_uuid=picture.client_uuid,
        device_at=picture.at,
        received_at=on.now,
        sha256=digest,
        content=picture.content,
        flags=[flag.value for flag in odd],
    )
    session.add(row)
    on.job.flags = [*on.job.flags, *(flag for flag in row.flags if flag not in on.job.flags)]
    on.job.version += 1
    to_check(session, centre, on.case, on.job, on.now)
    session.flush()
    return row


def known(session: Session, digest: str) -> bool:
    """The very same picture was sent before, from wherever."""
    return any(
        session.scalar(select(table.id).where(table.sha256 == digest).limit(1)) is not None
        for table in (WorkPhoto, CheckinPicture)
    )


def of_job(centre: Centre, job_id: int, actor: Actor) -> dict[str, Any]:
    with centre.database.reads() as session:
        _seen_job(session, job_id, actor)
        found = session.scalars(select(WorkPhoto).where(WorkPhoto.assignment_id == job_id).order_by(WorkPhoto.id))
        return {"items": [_json(row) for row in found]}


def content(centre: Centre, job_id: int, photo_id: int, actor: Actor, now: datetime) -> bytes:
    """The picture itself; that somebody looked into a home is written down."""
    with centre.database.sessions.begin() as session:
        job = _seen_job(session, job_id, actor)
        row = session.get(WorkPhoto, photo_id, options=[undefer(WorkPhoto.content)])
        if row is None or row.assignment_id != job.id:
            raise NotFound(f"there is no picture {photo_id}")
        seen = trail.Deed("photo_seen", trail.Subject("case", job.case_id), data={"photo": row.id})
        trail.write(session, actor, seen, now)
        return row.content


def _seen_job(session: Session, job_id: int, actor: Actor) -> Assignment:
    job = session.get(Assignment, job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id}")
    must_see(session, job.case_id, actor)
    return job


def _json(row: WorkPhoto) -> dict[str, Any]:
    return {"id": str(row.id), "at": stamp(row.device_at), "sha256": row.sha256, "flags": row.flags}
