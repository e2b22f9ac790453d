"""Every row of history that the server can write is a sentence in the console, in both languages."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.escalation import Do

ROOT = Path(__file__).resolve().parents[2]
NOTES = {
    "heard.py": 1,
    "tape.py": 0,
    "called.py": 0,
    **dict.fromkeys(("answering.py", "crying.py", "ending.py", "offering.py", "working.py"), 1),
}
"""Whose ``note`` is a row of history, and the place of its kind among the arguments."""
PASSED_ON = ("lifecycle.py", "heard.py", "tape.py", "answering.py", "ending.py", "working.py")
"""Where a kind goes through that somebody else has named."""
COMPUTED = {
    "callbacks.py": {"callback_done", "callback_cancelled", "callback_due", "callback_late"},
    "requests.py": {"opened", "repeat"},
    "intake.py": {"restored", "cancelled_by_elder"},
    "promises.py": {"arrived", "arrival_cancelled"},
    "escalate.py": {do.value for do in Do},
    "tape.py": {do.value for do in Do},
}
"""Kinds that no constant at the place of the call names."""


def calls() -> Iterator[tuple[str, ast.expr]]:
    """The file, and the kind, of every row that is written."""
    for path in sorted((ROOT / "dispatch").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            place = _place(path.name, node)
            if place is not None and len(node.args) > place:
                yield path.name, node.args[place]


def _place(file: str, call: ast.Call) -> int | None:
    """Where among the arguments the kind stands; None: other things are recorded and noted too."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "note":
        return NOTES.get(file)
    if name == "happened":
        return 1
    of_session = call.args and isinstance(call.args[0], ast.Name) and call.args[0].id == "session"
    return 2 if name == "record" and of_session else None


def constants(kind: ast.expr) -> set[str] | None:
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str):
        return {kind.value}
    if isinstance(kind, ast.IfExp):
        both = [constants(kind.body), constants(kind.orelse)]
        return None if None in both else set().union(*(one or set() for one in both))
    return None


def written() -> set[str]:
    found: set[str] = set()
    for file, kind in calls():
        named = constants(kind)
        if named is not None:
            found |= named
        elif file in COMPUTED:
            found |= COMPUTED[file]
        else:
            assert ast.unparse(kind) == "kind", f"{file} writes {ast.unparse(kind)}: say in COMPUTED what it can be"
            assert file in PASSED_ON, f"{file} writes a computed kind: say in COMPUTED what it can be"
    return found


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_row_of_history_has_a_sentence_and_a_word(locale: str) -> None:
    texts = json.loads((ROOT / "console/src/i18n" / f"{locale}.json").read_text("utf-8"))
    kinds = written()
    assert len(kinds) > 45, "the search finds them"
    sentences = {key.split(".")[1] for key in texts if key.startswith("event.")}
    assert sorted(kinds - sentences) == [], "no sentence on the timeline"
    assert sorted(kind for kind in kinds if f"last.{kind}" not in texts) == [], "no word in the live list"
