"""Look at a file without changing anything: read it as a stream, hold each row against the register, keep what is due.

What is to be written is kept in sealed chunks beside the register, each with its own short transaction. A worker that
dies leaves chunks that the next one throws away: a file is read from its beginning or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from dispatch.domain.imports.rows import Row, is_empty, read_row
from dispatch.domain.imports.state import ImportState, ImportTrigger, follow
from dispatch.domain.imports.template import Column, Template, WrongHeadings, understand
from dispatch.models.bulk import insert_many
from dispatch.models.imports import Import, ImportChunk, ImportPerson, ImportRow
from dispatch.services.centre import Centre
from dispatch.services.imports import files, reading
from dispatch.services.imports.areas import Areas
from dispatch.services.imports.bodies import Entry, pack, pack_cells
from dispatch.services.imports.claims import hold, lease
from dispatch.services.imports.kinds import Ground, Table
from dispatch.services.imports.known import recognise
from dispatch.services.imports.limits import Unreadable
from dispatch.services.imports.uploads import forget_contents, set_state
from dispatch.services.imports.watermark import is_watermark

CHUNK = 1_000
MOST_KEPT = 20_000
"""Wrong rows that are kept for download, and changed rows that are shown; beyond that they are only counted."""


class Check:
    def __init__(self, centre: Centre, import_id: int, claim: str, time: Callable[[], datetime]) -> None:
        self._centre, self._id, self._claim, self._time = centre, import_id, claim, time
        self._counts: Counter[str] = Counter()
        self._kept: Counter[str] = Counter()

    def run(self, table: Table) -> None:
        """Raises ``Unreadable`` for a file that cannot be used, ``Lost`` when somebody else has the import now."""
        found, ground = self._begin()
        with (
            files.opened(self._centre, self._id, found.digest) as file,
            closing(
                reading.rows(file, found.file_kind)
            ) as rows,  # before its file, also when it was not read to the end
        ):
            self._read(table, found, ground, rows)

    def _read(self, table: Table, found: Import, ground: Ground, rows: Iterator[Row]) -> None:
        template = self._centre.templates.templates[found.kind]
        first = next(rows, None)
        if first is not None and is_watermark(first.cells[0]):
            first = next(rows, None)
        columns, headings = _headings(template, first)
        number = 0
        while batch := list(islice(_filled(rows), CHUNK)):
            number += 1
            self._keep(number, self._look(table, ground, template, columns, batch), batch)
        if not number:
            raise Unreadable("no_rows")
        self._end(headings)

    def _begin(self) -> tuple[Import, Ground]:
        now = self._time()
        with self._centre.database.sessions.begin() as session:
            hold(session, self._id, self._claim, done=0, new=0, changed=0, same=0, errors=0, rows=None)
            found = session.get_one(Import, self._id)
            forget_contents(session, found)
            return found, ground_of(session, self._centre, found, now)

    def _look(
        self, table: Table, ground: Ground, template: Template, columns: list[Column | None], batch: list[Row]
    ) -> list[Entry]:
        entries = []
        for row in batch:
            values, faults = read_row(template, columns, row, ground.today)
            entries.append(Entry(row.number, values, faults))
        with self._centre.database.reads() as session:
            table.look(session, ground, [entry for entry in entries if not entry.faults])
            wrong = [entry for entry in entries if entry.faults and entry.person is None]
            if wrong and table.names is not None:
                recognise(session, wrong, table.names)
        return entries

    def _keep(self, number: int, entries: list[Entry], batch: list[Row]) -> None:
        """One short transaction for each chunk: alarms are written between any two of them."""
        verdicts = Counter(entry.verdict for entry in entries)
        self._counts.update(verdicts)
        with self._centre.database.sessions.begin() as session:
            due = [entry for entry in entries if entry.verdict in ("new", "changed")]
            if due:
                session.add(ImportChunk(import_id=self._id, number=number, body=pack(due)))
            session.add_all(self._worth_keeping(entries, batch))
            people = ((entry.number, entry.person) for entry in entries if entry.person is not None)
            insert_many(
                session,
                ImportPerson,
                [{"import_id": self._id, "number": number, "elder_id": elder_id} for number, elder_id in people],
            )
            hold(
                session,
                self._id,
                self._claim,
                done=sum(self._counts.values()),
                **lease(self._time()),
                **self._numbers(),
            )

    def _worth_keeping(self, entries: list[Entry], batch: list[Row]) -> Iterator[ImportRow]:
        for entry, row in zip(entries, batch, strict=True):
            verdict = entry.verdict
            if verdict not in ("error", "changed") or self._kept[verdict] >= MOST_KEPT:
                continue
            self._kept[verdict] += 1
            yield ImportRow(
                import_id=self._id,
                number=entry.number,
                verdict=verdict,
                faults=[fault.as_json() for fault in entry.faults],
                changes=entry.changes,
                target_id=entry.target,
                original=pack_cells(row) if verdict == "error" else None,
            )

    def _numbers(self) -> dict[str, int]:
        return {
            "new": self._counts["new"],
            "changed": self._counts["changed"],
            "same": self._counts["same"],
            "errors": self._counts["error"],
        }

    def _end(self, headings: list[str]) -> None:
        now = self._time()
        with self._centre.database.sessions.begin() as session:
            total = sum(self._counts.values())
            hold(session, self._id, self._claim, claim=None, next_try_at=None, rows=total, done=total)
            found = session.get_one(Import, self._id)
            set_state(found, follow(ImportState(found.state), ImportTrigger.DONE_CHECKING), now)
            found.headings = headings
            found.checked_at = now


def ground_of(session: Session, centre: Centre, found: Import, now: datetime) -> Ground:
    return Ground(
        centre=centre,
        import_id=found.id,
        actor=(found.actor_kind, found.actor_id, found.actor_name),
        paths=tuple(found.paths),
        areas=Areas(session),
        today=now.astimezone(centre.zone).date(),
        now=now,
    )


def _headings(template: Template, first: Row | None) -> tuple[list[Column | None], list[str]]:
    if first is None:
        raise Unreadable("no_headings")
    try:
        columns = understand(template, first.cells)
    except WrongHeadings as wrong:
        raise Unreadable(wrong.code, headings="、".join(wrong.headings)) from wrong
    return columns, ["" if cell is None else str(cell).strip()[:60] for cell in first.cells[: len(columns)]]


def _filled(rows: Iterator[Row]) -> Iterator[Row]:
    return (row for row in rows if not is_empty(row))
