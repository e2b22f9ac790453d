"""Another mapping tried on what a device said lately, before anybody's alarm depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dispatch.domain.trial import Meaning, Read, Verdict
from dispatch.services.centre import Centre
from dispatch.services.devices.lately import Message
from dispatch.services.devices.mapping import Looking, Proposed, around_device
from dispatch.services.rows import stamp


def try_out(centre: Centre, looking: Looking, proposed: Proposed) -> dict[str, Any]:
    """What the last hundred messages meant, and would mean, newest first; nothing is changed.

    Raises ``NotFound`` or ``Invalid``.
    """
    words = proposed.read()
    with centre.database.reads() as session:
        around = around_device(session, centre, looking)
    around.refuse_foreign(proposed)
    after = around.with_(proposed.subject, words)
    reads = looking.reader.read(around.device.whose, [one.kept for one in around.messages], [around.mapping, after])
    items = []
    before: Mapping[str, str] = {}
    for message, read in zip(around.messages, reads, strict=True):
        items.append(_tried(message, read, before))
        before = {**before, **read.states}
    return {
        "items": items[::-1],
        "counts": {name: sum(item[name] for item in items) for name in ("changed", "lost", "gained")},
        "silences": around.silenced_by(proposed, words),
        "not_read": len(around.device.messages) - len(around.messages),
    }


def _tried(message: Message, read: Read, before: Mapping[str, str]) -> dict[str, Any]:
    present, after = read.meant
    verdict = Verdict.of(message.stored, present, after)
    changed = {name: value for name, value in read.states.items() if before.get(name) != value}
    return {
        "at": stamp(message.kept.at),
        "words": list(read.words),
        "states": {} if message.withheld else changed,
        "withheld": message.withheld,
        "fault": read.fault,
        "unmapped": message.word,
        "case_id": message.case_id and str(message.case_id),
        "stored": _json(message.stored),
        "before": _json(present),
        "after": _json(after),
        "changed": verdict.changed,
        "lost": verdict.lost,
        "gained": verdict.gained,
    }


def _json(meanings: Iterable[Meaning]) -> list[dict[str, Any]]:
    return [{"kind": each.kind.value, "code": each.code} for each in meanings]
