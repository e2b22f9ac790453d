"""What supervisors said that words of devices mean: the versions as they stand, for every door that reads words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from dispatch.domain.mapping import DeviceMapping, Scope, Subject, Words
from dispatch.domain.overlay import Mark, Overlay, newest
from dispatch.models.meanings import DeviceAnnouncement, MappingVersion
from dispatch.services.centre import Centre
from dispatch.services.transact import transact

log = structlog.get_logger()
FRESH = 2.0
"""Seconds for which a process that reads words believes what it knows."""
LONGEST_TOPIC, LONGEST_PAYLOAD = 500, 64 * 1024


def overlay(centre: Centre, known: Mark) -> Overlay | None:
    """What was said, where that is other than ``known``."""
    with centre.database.reads() as session:
        return overlay_in(session) if mark(session) != known else None


def mark(session: Session) -> Mark:
    return Mark(*session.execute(select(func.coalesce(func.max(MappingVersion.id), 0), func.count())).one())


def overlay_in(session: Session) -> Overlay:
    last = select(func.max(MappingVersion.id)).group_by(MappingVersion.scope, MappingVersion.key)
    found = session.scalars(select(MappingVersion).where(MappingVersion.id.in_(last)).order_by(MappingVersion.id))
    return Overlay(mark(session), newest((subject_of(one), readable(one)) for one in found))


def subject_of(version: MappingVersion) -> Subject:
    return Subject(Scope(version.scope), version.key)


def readable(version: MappingVersion) -> Words | None:
    """Its words; none where it has none, or only such as this release does not know: then the file stands."""
    try:
        return None if version.words is None else Words.load(version.words)
    except (ValueError, TypeError, AttributeError) as fault:
        log.error("mapping_version_refused", version=version.id, reason=str(fault))
        return None


def in_force(centre: Centre, session: Session) -> DeviceMapping:
    return overlay_in(session).over(centre.mapping)


@dataclass
class Followed:
    """The mapping as it stands, for a process that reads words with each request: looked at again after ``FRESH``."""

    _overlay: Overlay = field(default_factory=Overlay)
    _looked_at: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mapping(self, centre: Centre) -> DeviceMapping:
        """With the database away as it was known last."""
        if self._is_due() and self._lock.acquire(blocking=self._looked_at is None):
            try:
                if self._is_due():
                    self._look(centre)
            finally:
                self._lock.release()
        return self._overlay.over(centre.mapping)

    def _is_due(self) -> bool:
        return self._looked_at is None or time.monotonic() - self._looked_at > FRESH

    def _look(self, centre: Centre) -> None:
        try:
            self._overlay = overlay(centre, self._overlay.mark) or self._overlay
        except SQLAlchemyError as error:
            log.warning("mapping_not_looked_at", error=type(error).__name__)
        self._looked_at = time.monotonic()


def announced(centre: Centre, listener: str, topic: str, told: tuple[str, bytes] | None, now: datetime) -> None:
    """Keep what the device of this number announced by ``topic``; None: it is announced no more. What is too long to
    be a device's is not kept: then a trial does not know how its topics are read, and nothing else is lost.
    """
    if len(topic) > LONGEST_TOPIC or (told is not None and len(told[1]) > LONGEST_PAYLOAD):
        return

    def work(session: Session) -> None:
        same = (DeviceAnnouncement.listener == listener, DeviceAnnouncement.topic == topic)
        session.execute(delete(DeviceAnnouncement).where(*same))
        if told is not None:
            number, payload = told
            session.add(
                DeviceAnnouncement(listener=listener, topic=topic, number=number[:100], payload=payload, at=now)
            )

    transact(centre, work)


def announcements(session: Session, number: str, most: int) -> Iterable[DeviceAnnouncement]:
    of_it = select(DeviceAnnouncement).where(DeviceAnnouncement.number == number)
    return session.scalars(of_it.order_by(DeviceAnnouncement.listener, DeviceAnnouncement.topic).limit(most)).all()
