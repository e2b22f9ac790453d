"""The templates: documented as they are, read in both languages, refused when they are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.domain.imports.cells import Refused, read_cell
from dispatch.domain.imports.template import CellKind, Template, WrongHeadings, template_of, understand
from dispatch.settings import ROOT, load_templates, read_yaml
from tests.imports.columns import PAGE, page
from tests.support.factories import START

BOOK = load_templates(ROOT / "config")
KINDS = sorted(BOOK.templates)
TODAY = START.date()


def test_the_page_says_what_the_templates_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `python -m tests.imports.columns`"


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_headings_of_both_languages_are_understood_in_any_order(kind: str, language: str) -> None:
    template = BOOK.templates[kind]
    titles = [f" {column.heading(language).upper()}* " for column in reversed(template.columns)]
    assert understand(template, [*titles, None, ""]) == list(reversed(template.columns))


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_right(kind: str) -> None:
    for column in BOOK.templates[kind].columns:
        if column.example:
            assert read_cell(column, column.example, TODAY) is not None, column.key


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_is_read_in_both_languages(kind: str) -> None:
    for column in BOOK.templates[kind].columns:
        for choice in column.choices if column.kind is not CellKind.PAPERS else ():
            for word in (choice.code, choice.zh, choice.en.upper(), *choice.also):
                assert read_cell(column, word, TODAY) in (choice.code, [choice.code])


def test_every_reason_has_words_in_both_languages() -> None:
    where = [*(ROOT / "dispatch").rglob("imports/*.py"), ROOT / "dispatch/domain/identity.py"]
    source = "\n".join(path.read_text("utf-8") for path in where)
    unused = [code for code in BOOK.faults if f'"{code}"' not in source]
    assert unused == []
    for code, words in BOOK.faults.items():
        assert set(words) == {"zh", "en"}, code


def test_an_unknown_heading_is_refused_and_named() -> None:
    template = BOOK.templates["elders"]
    with pytest.raises(WrongHeadings) as wrong:
        understand(template, ["姓名", "电话号", "所属区划", "地址", "身份证号"])
    assert (wrong.value.code, wrong.value.headings) == ("unknown_headings", ["电话号"])


def test_a_needed_column_may_be_left_out_where_another_one_says_it() -> None:
    template = BOOK.templates["elders"]
    assert len(understand(template, ["姓名", "身份证号", "所属区划", "地址"])) == 4
    with pytest.raises(WrongHeadings) as wrong:
        understand(template, ["姓名", "所属区划", "地址"])
    assert wrong.value.headings == ["性别", "出生日期"]


def broken(**change: Any) -> Template:
    body = read_yaml(ROOT / "config" / "templates" / "workers.yaml")
    body["columns"][0].update(change)
    lists = {column["choices_from"] for column in body["columns"] if "choices_from" in column}
    return template_of(body, {name: [{"code": "a", "zh": "甲", "en": "A"}] for name in lists})


@pytest.mark.parametrize(
    "change", [{"kind": "nothing"}, {"key": "phone"}, {"zh": "电话"}, {"unless": "nobody"}, {"choices": [1]}]
)
def test_a_wrong_template_is_refused_at_the_start(change: dict[str, Any]) -> None:
    assert broken().kind == "workers"
    with pytest.raises((ValueError, KeyError, TypeError)):
        broken(**change)


@pytest.mark.parametrize(
    ("key", "cell", "code"),
    [
        ("identity_number", "110101194203150022", "identity_check_digit"),
        ("identity_number", "110101194213150021", "identity_birth_date"),
        ("identity_number", 1.10101194203e17, "lost_digits"),
        ("identity_number", "1.10101E+17", "lost_digits"),
        ("identity_number", "330121420315002", "not_an_identity_number"),
        ("phone", 1.38e15, "lost_digits"),
        ("birth_date", "1942-02-30", "not_a_date"),
        ("birth_date", "1800-01-01", "date_out_of_range"),
        ("birth_date", 200_000, "not_a_date"),
        ("lat", "north", "not_a_number"),
        ("lat", float("nan"), "out_of_range"),
        ("lat", float("inf"), "out_of_range"),
        ("ability_level", 1.5, "not_a_whole_number"),
        ("ability_level", 5, "out_of_range"),
        ("sex", "?", "not_a_choice"),
        ("living_alone", "maybe", "not_yes_or_no"),
        ("devices", "、".join(f"D{n}" for n in range(21)), "too_many"),
        ("name", "a\ud800b", "control_characters"),
    ],
)
def test_what_cannot_stand_in_a_cell_is_refused_with_its_reason(key: str, cell: Any, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_cell(BOOK.templates["elders"].by_key[key], cell, TODAY)
    assert refused.value.code == code
    assert "{" not in BOOK.say(code, refused.value.data, "zh")
