"""Write what identifies one elder into every table that hangs on a person, and look for it everywhere afterwards.

Made from the models, so that a new table or a new column of free text is planted into and looked at by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, Boolean, Column, Date, Float, Integer, LargeBinary, String, Table, Uuid, insert, select
from sqlalchemy.orm import Session

from dispatch.models.base import Utc
from dispatch.models.sealed import Sealed
from dispatch.models.tables import METADATA
from tests.support.factories import START

Place = tuple[str, str]
"""Table and column."""

SHORTEST_TEXT = 60
"""A shorter column holds a code and not somebody's words, but for those of telephones and places."""
ALSO_TEXT = {"phone", "called"}
BY_NAME = ("answered_acts", "handover_items", "handovers", "imports", "sim_phones", "sim_traffic")
"""Tables that say by a text whom they are about, or are needed by one that is."""
NOT_TEXT = {
    *(
        "digest",
        "token_digest",
        "sha256",
        "key",
        "once_key",
        "reference",
        "provider_id",
        "event_id",
        "call_id",
        "number",
        "device_number",
        "origin_device",
        "actor",
        "actor_id",
    ),
    *("subject", "ref", "model", "path", "scope", "file_name", "seed", "claim"),
    # People of the centre, not of the register.
    *("actor_name", "agent", "assessors", "from_name", "to_name", "entered_name"),
    # Copies of the configuration, codes and numbers.
    *("plan", "policy", "scores", "by_group", "headings", "paths", "kinds", "reasons", "done", "flags", "languages"),
    *("outcome", "fault", "identity_index", "weekdays"),
}
CODED: set[Place] = {
    ("script_runs", "body"),
    ("assessments", "changes"),
    ("signals", "source"),
    ("signals", "reason"),
    ("device_beats", "source"),
    ("listening", "address"),
    ("listening", "error"),
    ("device_tasks", "data"),
    ("offer_plans", "queue"),
    ("match_records", "asked"),
    ("match_records", "candidates"),
}
LISTS = {"assessors", "changes", "kinds", "reasons", "done", "flags", "languages", "headings", "paths", "weekdays"}
STATES = {"callbacks": "done", "cases": "closed", "messages": "sent", "doubles": "proposed", "rights_requests": "open"}


def hanging(*roots: str) -> list[Table]:
    """Tables that point to one of ``roots``, or to one that does; a table after those it points to."""
    reached = {*roots}
    for table in METADATA.sorted_tables:
        if any(key.column.table.name in reached for key in table.foreign_keys):
            reached.add(table.name)
    return [table for table in METADATA.sorted_tables if table.name in {*reached, *BY_NAME} - {*roots}]


def is_text(column: Column[Any]) -> bool:
    """Somebody may have written about a person here."""
    place = (column.table.name, column.name)
    if place in CODED or column.name in NOT_TEXT or column.name.endswith(("_by", "_index")):
        return False
    if isinstance(column.type, Sealed | JSON | LargeBinary) or column.name in ALSO_TEXT:
        return True
    return isinstance(column.type, String) and (column.type.length or SHORTEST_TEXT) >= SHORTEST_TEXT


def plant(session: Session, words: str, phone: str, ids: dict[str, int], given: dict[Place, Any]) -> set[Place]:
    """A row in each table that hangs on a person; ``ids`` names the rows that they point to. Where something stands."""
    planted: set[Place] = set()
    tables = hanging("elders", "households")
    pointed_to = {key.column.table.name for table in tables for key in table.foreign_keys}
    for table in tables:
        texts = [column for column in table.columns if is_text(column)]
        if not texts and table.name not in pointed_to:
            continue
        values = dict(_values(table, words, phone, ids, given))
        key = session.execute(insert(table).values(values)).inserted_primary_key
        assert key is not None
        if len(key) == 1 and isinstance(key[0], int):
            ids.setdefault(table.name, key[0])
        planted |= {(table.name, column.name) for column in texts if (table.name, column.name) not in given}
    return planted


def _values(
    table: Table, words: str, phone: str, ids: dict[str, int], given: dict[Place, Any]
) -> Iterator[tuple[str, Any]]:
    for column in table.columns:
        place = (table.name, column.name)
        if place in given:
            yield column.name, given[place]
        elif column.foreign_keys:
            (target,) = (key.column.table.name for key in column.foreign_keys)
            if target in ids:
                yield column.name, ids[target]
        elif is_text(column):
            yield column.name, _text(column, words, phone)
        elif not column.nullable and not (column.primary_key and isinstance(column.type, Integer)):
            yield column.name, code_of(column)


def _text(column: Column[Any], words: str, phone: str) -> Any:
    if isinstance(column.type, JSON):
        return [words] if column.name in LISTS else {"said": words}
    if isinstance(column.type, LargeBinary):
        return words.encode()
    length = getattr(column.type, "length", None)
    return phone if length and length < SHORTEST_TEXT else words


def code_of(column: Column[Any]) -> Any:
    """Something that fits into ``column`` and says nothing of anybody."""
    kind = column.type
    if isinstance(kind, JSON):
        return [] if column.name in LISTS else {}
    if column.name == "state":
        return STATES.get(column.table.name, "done")
    for known, value in (
        (Uuid, uuid4()),
        (Utc, START),
        (Date, START.date()),
        (Boolean, False),
        (Float, 0.0),
        (Integer, 1),
        (LargeBinary, b""),
    ):
        if isinstance(kind, known):
            return value
    return f"{column.table.name}-{column.name}"[: getattr(kind, "length", None)]


def found(session: Session, secrets: list[str]) -> dict[Place, set[str]]:
    """Where one of ``secrets`` stands: in every column of every table, sealed ones opened."""
    places: dict[Place, set[str]] = {}
    for table in METADATA.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, String | Sealed | JSON | LargeBinary)]
        for row in session.execute(select(*columns)) if columns else ():
            for column, value in zip(columns, row, strict=True):
                text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                if seen := {secret for secret in secrets if secret in text}:
                    places.setdefault((table.name, column.name), set()).update(seen)
    return places
