"""Write the checked rows into the register: all of them in one transaction, or none.

New rows go in first and disturb nobody. What is changed comes last, so that the rows that an operator or an alarm may
want are locked for a moment only. The last statement asks whether the import is still ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.imports.state import ImportState, ImportTrigger, follow
from dispatch.models.bulk import analyze
from dispatch.models.imports import Import, ImportChunk
from dispatch.services.centre import Centre
from dispatch.services.imports import files
from dispatch.services.imports.bodies import Entry, unpack
from dispatch.services.imports.check import ground_of
from dispatch.services.imports.claims import hold, renew
from dispatch.services.imports.kinds import Ground, Table
from dispatch.services.imports.limits import Unreadable
from dispatch.services.imports.uploads import set_state
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.visits import generating
from dispatch.services.visits.month import LATER

APPLY_LOCK = 0x1A9


PATIENCE = "60s"
"""For one statement, and between two: a worker that is gone for longer has lost its lease as well."""
PACE = timedelta(seconds=3)
COUNTED_AFTER = frozenset({4, 16, 64, 256})
"""Chunks after which the tables that the rows are held against are counted anew."""


class Busy(Exception):
    """Another import is being applied."""


class Apply:
    def __init__(self, centre: Centre, import_id: int, claim: str, time: Callable[[], datetime]) -> None:
        self._centre, self._id, self._claim, self._time = centre, import_id, claim, time
        self._renewed: datetime | None = None

    def run(self, table: Table) -> None:
        """Raises ``Unreadable`` when rows fit the register no longer, ``Lost`` when somebody else has the import."""
        with self._centre.database.sessions.begin() as session:
            self._alone(session)
            session.info[LATER] = True
            found = session.get_one(Import, self._id)
            ground = ground_of(session, self._centre, found, self._time())
            self._write(session, table, ground, found)
            self._end(session, found)
        files.remove(self._centre, self._id)

    def _alone(self, session: Session) -> None:
        """One import at a time writes: two of the same file would not see each other's elders. SQLite has one writer.

        Raises ``Busy`` and does not wait: a statement that waits is ended after some seconds.
        """
        if not self._centre.database.is_postgresql:
            return
        if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": APPLY_LOCK}):
            raise Busy
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            session.execute(text(f"SET LOCAL {setting} = '{PATIENCE}'"))

    def _write(self, session: Session, table: Table, ground: Ground, found: Import) -> None:
        done = refused = 0
        late: dict[int, set[int]] = {}
        for count, (number, entries) in enumerate(self._chunks(session, found)):
            if count in COUNTED_AFTER:
                analyze(session, *table.held_against)
            table.look(session, ground, entries)  # the register may have moved on since the check
            refused += sum(entry.verdict == "error" for entry in entries)
            new = [entry for entry in entries if entry.verdict == "new"]
            if new and not refused:
                table.add(session, ground, new)
            if changed := {entry.number for entry in entries if entry.verdict == "changed"}:
                late[number] = changed
            done += len(entries) - len(changed)
            self._renew(done)
        if refused:
            raise Unreadable("register_changed", count=str(refused))
        ground.seen.clear()
        for number, entries in self._chunks(session, found, list(late)):
            changed_ones = [entry for entry in entries if entry.number in late[number]]
            table.look(session, ground, changed_ones)
            table.change(session, ground, [entry for entry in changed_ones if entry.verdict == "changed"])
            done += len(changed_ones)
            self._renew(done)
        table.end(session, ground)

    def _chunks(
        self, session: Session, found: Import, numbers: list[int] | None = None
    ) -> Iterator[tuple[int, list[Entry]]]:
        template = self._centre.templates.templates[found.kind]
        if numbers is None:
            wanted = select(ImportChunk.number).where(ImportChunk.import_id == self._id).order_by(ImportChunk.number)
            numbers = list(session.scalars(wanted))
        for number in numbers:
            body = session.scalars(
                select(ImportChunk.body).where(ImportChunk.import_id == self._id, ImportChunk.number == number)
            ).one()
            if body is None:  # sealed with a key that is no longer there
                raise Unreadable("file_changed")
            yield number, unpack(body, template)

    def _renew(self, done: int) -> None:
        """In a transaction of its own, so that others see the progress. SQLite has one writer, and that is us.

        Not after each chunk: what our transaction may still see is not cleared away, and each row that comes in looks
        through all versions of the import to which it points.
        """
        now = self._time()
        if self._centre.database.is_postgresql and (self._renewed is None or now - self._renewed > PACE):
            renew(self._centre, self._id, self._claim, now, done=done)
            self._renewed = now

    def _end(self, session: Session, found: Import) -> None:
        now = self._time()
        hold(session, self._id, self._claim, claim=None, next_try_at=None)
        session.execute(delete(ImportChunk).where(ImportChunk.import_id == self._id))
        session.refresh(found)
        set_state(found, follow(ImportState(found.state), ImportTrigger.DONE_APPLYING), now)
        found.applied_at = now
        if found.kind == "elders":
            generating.ask(session, self._centre, found.actor_name, now)
        found.done = found.rows or 0
        numbers = {"new": found.new, "changed": found.changed, "same": found.same, "errors": found.errors}
        by = Actor(found.actor_kind, found.actor_id, found.actor_name)
        write(session, by, Deed("import_done", Subject("import", found.id), data=numbers), now)
