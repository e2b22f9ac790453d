"""Chinese texts have the marks of Chinese: ，。：；？！（）“”. Those of the console: scripts/check-texts.mjs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3400-\u9fff]")
INSIDE = re.compile(r"(?<=\d)[:,.](?=\d)|\{[^{}]*\}|https?://\S+")
"""A number, what is filled in, an address: their marks are their own."""
HALF_WIDTH = re.compile(r"""[,;:?!()"]|(?<=[\u3400-\u9fff])\.(?=$|\s|[\u3400-\u9fff])""")
BESIDE = re.compile(r"[\u3400-\u9fff][,;:?!()]|[,;:?!()][\u3400-\u9fff]")
"""For what is half markup."""
PATTERNS = {"domain/wording.py", "domain/imports/working.py", "domain/imports/cells.py"}
"""They read what people write, in whichever marks."""


def of_values(value: Any) -> Iterator[str]:
    """Values alone: keys are codes, and names of models as their makers write them."""
    if isinstance(value, dict):
        yield from (text for one in value.values() for text in of_values(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in of_values(one))
    elif isinstance(value, str):
        yield value


def of_source(tree: ast.AST) -> Iterator[str]:
    """Every string, with what is filled in as ``{}``; neither docstrings nor what is compiled to a pattern."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"re.compile", "re.fullmatch", "re.sub"}:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        else:
            yield from of_source(node)


def said() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "config").rglob("*.yaml")):
        yield from ((str(path.relative_to(ROOT)), text) for text in of_values(yaml.safe_load(path.read_text("utf-8"))))
    for path in sorted((ROOT / "dispatch").rglob("*.py")):
        if str(path.relative_to(ROOT / "dispatch")) not in PATTERNS:
            yield from ((str(path.relative_to(ROOT)), text) for text in of_source(ast.parse(path.read_text("utf-8"))))


def fault(text: str) -> str | None:
    wrong = HALF_WIDTH.search(INSIDE.sub("", text)) if CHINESE.search(text) else None
    return wrong[0] if wrong else None


def test_what_the_server_says_in_chinese_has_no_half_width_marks() -> None:
    assert [(where, text) for where, text in said() if fault(text)] == []


@pytest.mark.parametrize("folder", ["dispatch/api/templates", "dispatch/api/static"])
def test_neither_have_its_pages(folder: str) -> None:
    lines = (
        (path.name, line) for path in sorted((ROOT / folder).iterdir()) for line in path.read_text("utf-8").splitlines()
    )
    assert [(name, line.strip()) for name, line in lines if BESIDE.search(line)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("到了,做完了", ","),
        ("约{minutes}分钟到(误差 5 米)", "("),
        ("{n}岁:", ":"),
        ('请回"1"', '"'),
        ("已完成.", "."),
        ("10:42 起，共 1,000 位，见 https://care.example.cn/a?b，.xlsx 也行", None),
        ("Arrived, done: 1 (of 2).", None),
    ],
)
def test_half_width_marks_are_found(text: str, wrong: str | None) -> None:
    assert fault(text) == wrong
