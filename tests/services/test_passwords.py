"""A name that does not exist must cost as much as one that does."""

from __future__ import annotations

from argon2 import extract_parameters

from dispatch.services.access.passwords import NOBODY, hasher, matches


def test_nobodys_hash_is_worked_on_like_everybodys() -> None:
    assert extract_parameters(NOBODY) == extract_parameters(hasher.hash("anything"))
    assert not matches(NOBODY, "anything")
