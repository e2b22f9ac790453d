"""Every refusal has a code, and the web answers each with its status."""

from __future__ import annotations

import pytest

from dispatch.api.problems import STATUS, of_error
from dispatch.domain import errors

EVERY = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.DispatchError)]


@pytest.mark.parametrize("kind", EVERY[1:], ids=lambda kind: kind.__name__)
def test_a_refusal_is_problem_details(kind: type[errors.DispatchError]) -> None:
    made = errors.Invalid("f", "c", "d") if kind is errors.Invalid else kind("why", extra="more")
    response = of_error(made)
    assert response.mimetype == "application/problem+json"
    assert 400 <= response.status_code < 600
    body = response.get_json()
    assert (body["type"], body["status"]) == (f"/problems/{kind.code}", response.status_code)
    assert body.get("extra", "more") == "more"


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in EVERY]
    assert len(codes) == len(set(codes))
    assert errors.DispatchError not in STATUS
