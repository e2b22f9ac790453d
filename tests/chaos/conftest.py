"""A broker that these tests may kill."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.redis import Redis


@pytest.fixture
def own_redis(redis_server: Redis) -> Iterator[Redis]:
    server = Redis(redis_server.program)
    try:
        server.start()
        yield server
    finally:
        server.remove()
