"""Pictures from a check-in visit, and the elder's signature, each kept once; and who looked at one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from dispatch.domain.errors import Conflict, Invalid, NotFound
from dispatch.domain.helps.assignments import Oddity
from dispatch.models.visit_records import CheckinPicture
from dispatch.models.visits import CheckinRecord
from dispatch.services import trail
from dispatch.services.centre import Centre
from dispatch.services.helps.photos import JPEG, LARGEST, MOST, known
from dispatch.services.rows import stamp
from dispatch.services.transact import transact
from dispatch.services.visits import sampling
from dispatch.services.visits.rows import one
from dispatch.services.visits.visitors import AtVisit, at_visit
from dispatch.services.work import Act

PHOTO, SIGNATURE = "photo", "signature"
PNG = b"\x89PNG\r\n\x1a\n"
BEGINS = {PHOTO: JPEG, SIGNATURE: PNG}
WIDEST = 4000
"""Points of a signature: a small file can unfold to gigabytes at the desk."""
TYPES = {PHOTO: "image/jpeg", SIGNATURE: "image/png"}


@dataclass(frozen=True)
class Picture:
    client_uuid: str
    kind: str
    at: datetime
    """The telephone's own time, put right."""
    content: bytes
    consent: bool = False
    """The elder agreed to sign."""


def keep(centre: Centre, visit_id: int, act: Act, picture: Picture) -> dict[str, Any]:
    """Once, however often it is sent, and whatever became of the visit.

    Raises ``Invalid`` for what is no small picture, for more than six, and for a signature without consent.
    """

    def work(session: Session) -> dict[str, Any]:
        on = at_visit(session, visit_id, act)
        row = session.scalar(select(CheckinPicture).where(CheckinPicture.client_uuid == picture.client_uuid))
        if row is None:
            row = _keep(session, centre, on, picture)
        elif row.visit_id != visit_id:
            raise Conflict("this client_uuid belongs to another visit")
        return {"picture": picture_json(row), "applied": True, "flags": row.flags}

    return transact(centre, work)


def _keep(session: Session, centre: Centre, on: AtVisit, picture: Picture) -> CheckinPicture:
    if not picture.content.startswith(BEGINS[picture.kind]):
        raise Invalid("photo", "malformed", "send a photograph as JPEG and a signature as PNG")
    if len(picture.content) > LARGEST:
        raise Invalid("photo", "too-large", f"send at most {LARGEST // 1024} KB")
    if picture.kind == SIGNATURE and max(_size(picture.content)) > WIDEST:
        raise Invalid("photo", "too-large", f"send a signature of at most {WIDEST} points")
    if picture.kind == SIGNATURE and not picture.consent:
        raise Invalid("consent", "required", "a signature is kept only of whoever agreed to it")
    mine = (CheckinPicture.visit_id == on.visit.id, CheckinPicture.sender == on.act.actor.key)
    count = select(func.count()).select_from(CheckinPicture).where(*mine, CheckinPicture.kind == picture.kind)
    if (session.scalar(count) or 0) >= MOST:
        raise Invalid("photo", "too-many", f"{MOST} of one visit are enough, of each visitor")
    digest = hashlib.sha256(picture.content).hexdigest()
    row = CheckinPicture(
        visit_id=on.visit.id,
        client_uuid=picture.client_uuid,
        kind=picture.kind,
        at=picture.at,
        received_at=on.act.now,
        sent_by=on.act.actor.name,
        sender=on.act.actor.key,
        sha256=digest,
        content=picture.content,
        flags=[Oddity.SAME_PHOTO.value] if known(session, digest) else [],
    )
    session.add(row)
    on.visit.changed_at = on.act.now  # its line on the board may be another one
    session.flush()
    _tell_record(session, centre, row, on.act.now)
    return row


def _size(png: bytes) -> tuple[int, int]:
    """Width and height, as its first chunk says."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _tell_record(session: Session, centre: Centre, row: CheckinPicture, now: datetime) -> None:
    """A picture may come before the record, or long after it."""
    record = session.scalar(select(CheckinRecord).where(CheckinRecord.visit_id == row.visit_id).with_for_update())
    if record is not None and set(row.flags) - set(record.flags):
        record.flags = [*record.flags, *(flag for flag in row.flags if flag not in record.flags)]
        sampling.look_at_flags(session, centre, record, now)


def content(centre: Centre, visit_id: int, picture_id: int, act: Act) -> tuple[bytes, str]:
    """The picture and its type; that somebody looked into a home is written down. Raises ``NotFound``."""
    with centre.database.sessions.begin() as session:
        one(session, centre, visit_id, act)
        row = session.get(CheckinPicture, picture_id, options=[undefer(CheckinPicture.content)])
        if row is None or row.visit_id != visit_id:
            raise NotFound(f"there is no picture {picture_id} of this visit")
        seen = trail.Deed("photo_seen", trail.Subject("visit", visit_id), data={"photo": row.id})
        trail.write(session, act.actor, seen, act.now)
        return row.content, TYPES[row.kind]


def picture_json(row: CheckinPicture) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "at": stamp(row.at),
        "received_at": stamp(row.received_at),
        "sha256": row.sha256,
        "flags": row.flags,
    }
