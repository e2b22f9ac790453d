"""How an address is written once, and shortened for a row."""

from __future__ import annotations

import pytest

from dispatch.services.register.households import short

CITY = ["银铃市", "银杏区", "明德乡", "和平村", "和平第一网格"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("银铃市银杏区明德乡和平村3组12号", "和平村3组12号"),
        ("银铃市银杏区听雨巷18号3幢", "听雨巷18号3幢"),
        ("和平村12号", "和平村12号"),
        ("银铃市", "银铃市"),
    ],
)
def test_a_row_leaves_out_what_everybody_knows_and_keeps_the_village(address: str, shown: str) -> None:
    assert short(address, CITY) == shown


def test_a_row_shows_the_end_of_what_is_too_long() -> None:
    assert short("路" * 100 + "18号", CITY) == "…" + "路" * 76 + "18号"
