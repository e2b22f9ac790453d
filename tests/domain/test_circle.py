"""The nearest place to a home is the one that asking every place would find, wherever homes and places lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.helps.circle import Nearest
from dispatch.domain.helps.geography import Point, metres

ANYWHERE = st.builds(Point, st.floats(-85, 85), st.floats(-179, 179))
A_TOWN = st.builds(Point, st.floats(45.0, 45.2), st.floats(130.9, 131.1))
PLACES = st.lists(A_TOWN | ANYWHERE, max_size=30)
HOMES = st.lists(A_TOWN | ANYWHERE, min_size=1, max_size=20)


@given(PLACES, HOMES)
def test_it_equals_asking_every_place(places: list[Point], homes: list[Point]) -> None:
    nearest = Nearest(enumerate(places))
    for home in homes:
        found = nearest.of(home)
        if found is None:
            assert not places
        else:
            assert found.metres == pytest.approx(min(metres(place, home) for place in places), abs=0.05)
            assert found.metres == metres(places[found.key], home)


def test_on_the_line_between_two_squares_both_sides_are_seen() -> None:
    """Measured from the middle of its square alone, the home just north of the line would go south."""
    nearest = Nearest([(1, Point(45.0795, 131.0)), (2, Point(45.081, 131.0))])
    assert nearest.of(Point(45.0801, 131.0)) is not None
    assert [nearest.of(Point(lat, 131.0)).key for lat in (45.0799, 45.0801, 45.0805)] == [1, 1, 2]  # type: ignore[union-attr]
