"""What is kept of a script: the run, its answers, and what the timeline says of both."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.domain.actor import Actor
from dispatch.domain.scripts import Answer, Script, Step
from dispatch.models.cases import Case
from dispatch.models.response import ScriptRun
from dispatch.services.rows import stamp


def new_run(case: Case, script: Script, actor: Actor, now: datetime) -> ScriptRun:
    return ScriptRun(
        case_id=case.id,
        code=script.code,
        version=script.version,
        body=script.dump(),
        answers={},
        done=[],
        started_at=now,
        started_by=actor.user_id,
    )


def began(script: Script) -> dict[str, Any]:
    return {"script": script.code, "version": script.version, "name": script.name.dump()}


def note_answer(
    run: ScriptRun, where: tuple[Step, Answer], actor: Actor, now: datetime, text: str | None = None
) -> dict[str, Any]:
    """Keep the answer in its run; what the timeline says of it comes back."""
    step, chosen = where
    words = {"answer": chosen.id, "question": step.words.dump(), "reply": chosen.words.dump()}
    data = {"script": run.code, "version": run.version, "step": step.id, **words}
    if step.id in run.answers:
        data["corrected"] = True
    kept = {**words, "at": stamp(now), "by": actor.name or actor.kind, "text": text}
    run.answers = {**run.answers, step.id: kept}
    return data
