"""``python -m tests.imports.columns``: write the columns of the templates into docs/imports.md."""

from __future__ import annotations

from pathlib import Path

from dispatch.domain.imports.template import Template
from dispatch.services.imports.blank import described
from dispatch.settings import load_templates

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "imports.md"
MARK = "a test compares. -->\n"


def columns() -> str:
    templates = load_templates(ROOT / "config").templates
    return "\n".join(table(template) for template in templates.values())


def table(template: Template) -> str:
    head, *rows = described(template, "en")
    lines = [head, ["---"] * len(head), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"\n### {template.en} ({template.zh})\n\n{body}\n"


def page() -> str:
    text = PAGE.read_text("utf-8")
    return text[: text.index(MARK) + len(MARK)] + columns()


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
