"""What an attacker, a broken unit or a storm on the line sends: a short run of bench/fuzz.py, and what ever broke."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import fuzzing
from tests.support.fuzzing import Target

FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module", params=fuzzing.PROTOCOLS)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    one = Target(request.param)
    yield one
    one.close()


def test_what_is_kept_breaks_nothing(target: Target) -> None:
    kept = fuzzing.corpus(target.protocol)
    assert kept
    for data in kept:
        target(data)


@FUZZ
@given(chance=st.randoms(use_true_random=False))
def test_what_is_nearly_right_breaks_nothing(target: Target, chance: Random) -> None:
    target(fuzzing.mutated(chance, fuzzing.corpus(target.protocol), target.protocol))


@FUZZ
@given(data=st.binary(min_size=1, max_size=400))
def test_what_is_no_message_at_all_breaks_nothing(target: Target, data: bytes) -> None:
    target(data)
