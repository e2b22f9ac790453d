"""Every row of history that the server can write is a sentence in the console, in both languages."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.domain.escalation import Do

ROOT = Path(__file__).resolve().parents[2]
WRITERS = {"record": 2, "happened": 1, "note": 1, "_note": 0}
"""Who writes a row, and the place of its kind among the arguments."""
ONLY_IN = {"note": "heard.py", "_note": "tape.py"}
PASSED_ON = ("lifecycle.py", "heard.py", "tape.py")
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
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place = WRITERS.get(name)
            if place is None or len(node.args) <= place or not _is_history(path, name, node.args[0]):
                continue
            yield path.name, node.args[place]


def _is_history(path: Path, name: str, first: ast.expr) -> bool:
    """Other things are recorded and noted too."""
    if name in ONLY_IN:
        return path.name == ONLY_IN[name]
    return name == "happened" or (isinstance(first, ast.Name) and first.id == "session")


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
