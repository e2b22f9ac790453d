"""What people do with an import: bring a file, look at what it would do, apply it or leave it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import IO, Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.domain.actor import Actor
from dispatch.domain.errors import Conflict, Invalid, NotFound, VersionConflict
from dispatch.domain.imports.state import ENDED, ImportState, ImportTrigger, follow
from dispatch.models.imports import Import, ImportChunk, ImportPerson, ImportRow
from dispatch.services.centre import Centre
from dispatch.services.desk import PageOf
from dispatch.services.imports import files, reading
from dispatch.services.rows import stamp
from dispatch.services.trail import Deed, Subject, write
from dispatch.services.workforce.listing import without_hours

LEFT_OVER = timedelta(days=1)
"""After this a file that nobody has finished sending is what a process left that died."""
SQLITE_ROWS = 20_000
"""SQLite has one writer: more rows than this in one transaction would keep alarms waiting for seconds."""


@dataclass(frozen=True)
class Upload:
    kind: str
    file_name: str
    source: IO[bytes]
    key: str | None = None


def upload(centre: Centre, actor: Actor, given: Upload, now: datetime) -> dict[str, Any]:
    """Keep the file and have it checked; nothing of the register changes. Raises ``Invalid``.

    The same ``key`` of the same actor again answers with the import that it began the first time.
    """
    if given.kind not in centre.templates.templates:
        raise Invalid("kind", "unknown", f"use {', '.join(sorted(centre.templates.templates))}")
    if (before := _begun(centre, actor, given.key)) is not None:
        return before
    stored = files.receive(centre, given.source)
    try:
        file_kind = reading.kind_of(stored.start)
        made = Import(
            kind=given.kind,
            state=ImportState.UPLOADED,
            file_name=_name(given.file_name),
            file_kind=file_kind,
            file_size=stored.size,
            digest=stored.digest,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            paths=list(actor.paths),
            scope=_scope(actor),
            key=given.key,
            created_at=now,
            headings=[],
            next_try_at=now,
            forget_at=now + centre.care.deadlines.imports,
        )
        try:
            with centre.database.sessions.begin() as session:
                session.add(made)
                session.flush()
                write(
                    session, actor, Deed("import_uploaded", Subject("import", made.id), data={"kind": made.kind}), now
                )
                # Under its own name before the commit: a row that others can see never lacks its file.
                stored.path.replace(files.path_of(centre, made.id))
        except IntegrityError:
            if (before := _begun(centre, actor, given.key)) is None:
                raise
            return before
    finally:
        stored.path.unlink(missing_ok=True)
    return as_json(made)


def _begun(centre: Centre, actor: Actor, key: str | None) -> dict[str, Any] | None:
    if key is None:
        return None
    with centre.database.reads() as session:
        found = session.scalar(
            select(Import).where(Import.actor_kind == actor.kind, Import.actor_id == actor.id, Import.key == key)
        )
        return None if found is None else as_json(found)


def _name(given: str) -> str:
    """What people call the file, without any path and without what a terminal or a log would act on."""
    base = given.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable())[:200] or "file"


def _scope(actor: Actor) -> str:
    """The longest path of areas that all of the actor's have in common."""
    steps = [path.strip("/").split("/") for path in actor.paths]
    common = [same[0] for same in takewhile(lambda same: len(set(same)) == 1, zip(*steps, strict=False))]
    return "/" + "".join(f"{step}/" for step in common if step)


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Their own imports, and those of everybody whose areas they cover."""
    return or_(
        (Import.actor_kind == actor.kind) & (Import.actor_id == actor.id),
        *(Import.scope.startswith(path, autoescape=True) for path in actor.paths),
    )


def one(session: Session, actor: Actor, import_id: int, *, lock: bool = False) -> Import:
    statement = select(Import).where(Import.id == import_id, seen_by(actor))
    found = session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound("there is no such import")
    return found


def find(centre: Centre, actor: Actor, import_id: int) -> dict[str, Any]:
    """Of helpers also how many of the actor's have no hours: they are not asked, and nobody would notice."""
    with centre.database.reads() as session:
        found = one(session, actor, import_id)
        more = {"without_hours": without_hours(session, actor)} if found.kind == "workers" else {}
        return as_json(found) | more


def listing(centre: Centre, actor: Actor, page: PageOf) -> dict[str, Any]:
    """Newest first."""
    statement = select(Import).where(seen_by(actor))
    with centre.database.reads() as session:
        total = session.scalar(select(func.count()).select_from(statement.subquery()))
        if page.before is not None:
            statement = statement.where(Import.id < page.before)
        found = session.scalars(statement.order_by(Import.id.desc()).limit(page.limit + 1)).all()
    items = [as_json(row) for row in found[: page.limit]]
    return {
        "items": items,
        "next_cursor": items[-1]["id"] if len(found) > page.limit else None,
        "total": total,
    }


def apply(centre: Centre, actor: Actor, import_id: int, version: int | None, now: datetime) -> dict[str, Any]:
    """Have the checked rows written. Raises ``Conflict`` where nothing was found to write."""
    with centre.database.sessions.begin() as session:
        found = one(session, actor, import_id, lock=True)
        if found.state in (ImportState.APPLYING, ImportState.APPLIED):
            return as_json(found)  # clicked twice
        expect(found, version)
        state = follow(ImportState(found.state), ImportTrigger.APPLY)
        rows = found.new + found.changed
        if not rows:
            raise Conflict("this file changes nothing: there is nothing to apply")
        if rows > SQLITE_ROWS and not centre.database.is_postgresql:
            raise Conflict(
                f"with SQLite at most {SQLITE_ROWS:,} rows are applied at once, so that no alarm waits for it:"
                " send several files, or use PostgreSQL",
                most=SQLITE_ROWS,
            )
        set_state(found, state, now)
        found.done = found.attempts = found.handed_over = 0
        found.next_try_at = now
        write(session, actor, Deed("import_applied", Subject("import", found.id), data={"rows": rows}), now)
        return as_json(found)


def cancel(centre: Centre, actor: Actor, import_id: int, version: int | None, now: datetime) -> dict[str, Any]:
    """Leave it; whoever is still checking it notices and stops."""
    with centre.database.sessions.begin() as session:
        found = one(session, actor, import_id, lock=True)
        if found.state == ImportState.CANCELLED:
            return as_json(found)
        expect(found, version)
        set_state(found, follow(ImportState(found.state), ImportTrigger.CANCEL), now)
        forget_contents(session, found)
        write(session, actor, Deed("import_cancelled", Subject("import", found.id)), now)
        answer = as_json(found)
    files.remove(centre, import_id)
    return answer


def set_state(found: Import, state: ImportState, now: datetime) -> None:
    """The one place where it is written."""
    found.state = state
    found.version += 1
    if state in ENDED:
        found.claim = found.next_try_at = None
        found.ended_at = now


def expect(found: Import, version: int | None) -> None:
    if version is not None and version != found.version:
        raise VersionConflict("the import has changed in the meantime", version=found.version)


def forget_contents(session: Session, found: Import) -> None:
    session.execute(delete(ImportChunk).where(ImportChunk.import_id == found.id))
    session.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
    session.execute(delete(ImportPerson).where(ImportPerson.import_id == found.id))


def forget(centre: Centre, now: datetime) -> None:
    """Remove files and rows whose time has come. The numbers of the import stay."""
    with centre.database.reads() as session:
        due = list(session.scalars(select(Import.id).where(Import.forget_at <= now).limit(20)))
    for import_id in due:
        with centre.database.sessions.begin() as session:
            found = session.get_one(Import, import_id, with_for_update=True)
            if found.state == ImportState.APPLYING:
                continue
            if found.state not in ENDED:
                set_state(found, ImportState.CANCELLED, now)
            forget_contents(session, found)
            found.forget_at = None
        files.remove(centre, import_id)


def sweep(centre: Centre, now: datetime) -> None:
    """Remove files whose import has ended, and what a process left behind that died while it received one."""
    stored = {path.name: path for path in files.stored(centre)}
    ids = [int(name) for name in stored if name.isdigit()]
    with centre.database.reads() as session:
        states = dict(session.execute(select(Import.id, Import.state).where(Import.id.in_(ids))).all())
    for name, path in stored.items():
        state = states.get(int(name)) if name.isdigit() else None
        with suppress(FileNotFoundError):  # somebody else has removed it, or given it its name
            # A file lies there for a moment before its row can be seen.
            left = state is None and path.stat().st_mtime < (now - LEFT_OVER).timestamp()
            if state in ENDED or left:
                path.unlink()


def as_json(found: Import) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "kind": found.kind,
        "state": found.state,
        "version": found.version,
        "file_name": found.file_name,
        "file_kind": found.file_kind,
        "file_size": found.file_size,
        "by": found.actor_name,
        "created_at": stamp(found.created_at),
        "checked_at": stamp(found.checked_at),
        "applied_at": stamp(found.applied_at),
        "ended_at": stamp(found.ended_at),
        "forget_at": stamp(found.forget_at),
        "progress": {"done": found.done, "total": found.rows},
        "summary": {
            "rows": found.new + found.changed + found.same + found.errors,
            "new": found.new,
            "changed": found.changed,
            "same": found.same,
            "errors": found.errors,
            "duplicates": found.doubles,
        },
        "fault": found.fault,
    }
