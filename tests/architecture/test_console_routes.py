"""Every screen of the console stands in the table that the accessibility test walks."""

from __future__ import annotations

from tests.browser.walk import WALK, names_in_router


def test_no_screen_is_left_out_of_the_walk() -> None:
    found = names_in_router()
    assert found, "the router names no route: did its file move?"
    assert found - set(WALK) == set(), "add a line to WALK of tests/browser/walk.py for each"
    assert set(WALK) - found == set(), "there is no such route any more: take its line out of tests/browser/walk.py"
