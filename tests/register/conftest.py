"""Tests of the register may change the data keys; the next one finds those of the tests again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.factories import DATA_KEYS
from tests.support.keyring import ring


@pytest.fixture(autouse=True)
def keys_of_the_tests() -> Iterator[None]:
    yield
    ring(DATA_KEYS)
