"""Masks, who sees without one, and the values of the privacy rules."""

from __future__ import annotations

import copy
import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.case import OPEN, Kind, State
from dispatch.domain.privacy import (
    Basis,
    Deadlines,
    Holding,
    Kept,
    cutoff,
    load_purposes,
    load_retention,
    mask_address,
    mask_identity,
    mask_name,
    mask_phone,
    sees_unmasked,
)

CONFIG = Path(__file__).resolve().parents[2] / "config"


def read(name: str) -> Any:
    return yaml.safe_load((CONFIG / name).read_text(encoding="utf-8"))


def test_masks() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("110") == "****"
    assert mask_phone(None) is None
    assert mask_identity("230302194203150021") == "230302**********21"
    assert mask_identity("1234") == "****"
    assert mask_identity(None) is None
    assert [mask_name(n) for n in ("张桂英", "张英", "张", "欧阳桂英")] == ["张*英", "张*", "*", "欧**英"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("银铃市银杏区银杏路18号3幢2单元501室", "银铃市银杏区银杏路18号3幢****"),
        ("银杏路18号3幢2-501", "银杏路18号3幢****"),
        ("和平街12号楼3单元401", "和平街12号楼****"),
        ("和平街12号401室", "和平街12号****"),
        ("和平街12号", "和平街12号"),
        ("明德乡和平村老王家", "明德乡和平村****"),
        ("和平村3组12号", "和平村3组****"),
        ("和平村12号", "和平村****"),
        ("和平村", "和平村"),
        ("第三村民小组12号", "第三村民小组****"),
        ("靠山屯二队老王家", "靠山屯二队****"),
        ("中关村大街27号", "中关村大街27号"),
        ("幸福新村12号楼3单元", "幸福新村12号楼****"),
        ("Elm Road 1, Wang", "Elm Road 1****"),
        ("behind the mill", "****"),
        ("", "****"),
    ],
)
def test_an_address_is_shown_to_the_building_or_the_village(address: str, shown: str) -> None:
    assert mask_address(address) == shown


@given(st.from_regex(r"[0-9]{8,18}", fullmatch=True))
def test_a_mask_hides_something(number: str) -> None:
    assert mask_phone(number) != number
    assert mask_identity(number) != number


ME, OTHER, HOME, ELSEWHERE = 1, 2, 10, 11


@pytest.mark.parametrize(
    ("kind", "state", "owner", "home"),
    list(itertools.product(Kind, State, (ME, OTHER, None), (HOME, ELSEWHERE, None))),
)
def test_only_the_owner_of_an_open_emergency_of_this_home_sees_it_all(
    kind: Kind, state: State, owner: int | None, home: int | None
) -> None:
    sees = sees_unmasked(ME, HOME, [Holding(kind, state, owner, home)])
    assert sees == (kind is Kind.EMERGENCY and state in OPEN and owner == ME and home == HOME)


def test_machines_and_cases_without_a_home_see_nothing() -> None:
    held = [Holding(Kind.EMERGENCY, State.OWNED, None, None)]
    assert not sees_unmasked(None, None, held)
    assert not sees_unmasked(None, HOME, [Holding(Kind.EMERGENCY, State.NEW, None, HOME)])
    assert not sees_unmasked(ME, HOME, [])


def test_the_shipped_values_hold() -> None:
    purposes = load_purposes(read("purposes.yaml"))
    assert purposes["emergency_response"].needs_consent
    assert not purposes["visits"].needs_consent
    assert [b.article for b in Basis] == ["13(1)(1)", "13(1)(2)", "13(1)(3)", "13(1)(4)"]
    assert Deadlines.load(read("privacy.yaml")).request.days == 30
    periods = load_retention(read("retention.yaml"))
    assert (periods[Kept.RECORDINGS], periods[Kept.EMERGENCIES], periods[Kept.VISITS]) == (12, 36, 36)
    assert min(periods[Kept.TRAIL], periods[Kept.SHARING], periods[Kept.IMPACT_ASSESSMENTS]) >= 36


@pytest.mark.parametrize("kind", ["trail", "sharing", "impact_assessments", "requests"])
def test_what_a_law_wants_kept_is_not_shortened(kind: str) -> None:
    body = copy.deepcopy(read("retention.yaml"))
    body["kinds"][kind]["months"] = 35
    with pytest.raises(ValueError, match=f"{kind} must be kept 36"):
        load_retention(body)


def test_each_kind_has_its_period() -> None:
    body = copy.deepcopy(read("retention.yaml"))
    del body["kinds"]["calls"]
    with pytest.raises(ValueError, match="calls"):
        load_retention(body)
    with pytest.raises(ValueError, match="photos"):
        load_retention({"kinds": {**read("retention.yaml")["kinds"], "photos": {"months": 1, "least": 0}}})


def test_purposes_and_deadlines_that_make_no_sense() -> None:
    purposes = read("purposes.yaml")
    cut = yaml.safe_load("{code: x, zh: x, en: to 120, 119 and 110, basis: consent, sensitive: true}")
    with pytest.raises(ValueError, match="in quotes"):
        load_purposes({"purposes": [cut]})
    with pytest.raises(ValueError, match="stands twice"):
        load_purposes({"purposes": [*purposes["purposes"], purposes["purposes"][0]]})
    for wrong in ({"request_days": 5}, {"tell_within_hours": 0}, {"retention_hour": 24}):
        with pytest.raises(ValueError, match=r"request_days|retention_hour"):
            Deadlines.load({**read("privacy.yaml"), **wrong})


def test_months_back() -> None:
    assert cutoff(12, date(2026, 11, 24)) == date(2025, 11, 24)
    assert cutoff(36, date(2024, 2, 29)) == date(2021, 2, 28)
