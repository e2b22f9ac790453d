"""Whoever asks whether the engine turns gets the truth: a job that fails is not a job that ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dispatch.services import audit
from dispatch.services.centre import Centre

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def jobs(centre: Centre, now: datetime) -> dict[str, dict[str, object]]:
    return {job["name"]: job for job in audit.health(centre, now)["jobs"]}


def test_a_centre_whose_clock_never_ran_is_not_well(centre: Centre) -> None:
    found = audit.health(centre, NOW)
    assert not found["ok"]
    assert found["late"] == ["tick"]


def test_a_job_is_late_when_it_has_not_run_for_three_intervals(centre: Centre) -> None:
    audit.mark(centre, [(audit.Ran("auditor", 15, "here"), NOW)])
    assert not jobs(centre, NOW + timedelta(seconds=45))["auditor"]["late"]
    assert jobs(centre, NOW + timedelta(seconds=46))["auditor"]["late"]


def test_a_job_that_fails_says_why_and_becomes_late(centre: Centre) -> None:
    audit.mark(centre, [(audit.Ran("auditor", 15, "here"), NOW)])
    audit.mark(centre, [(audit.Ran("auditor", 15, "here", error="ValueError: no"), NOW + timedelta(seconds=40))])
    found = jobs(centre, NOW + timedelta(seconds=50))["auditor"]
    assert found["error"] == "ValueError: no"
    assert found["cycle"] == 1
    assert found["late"]


def test_a_job_that_works_again_is_well_again(centre: Centre) -> None:
    audit.mark(centre, [(audit.Ran("auditor", 15, "here", error="ValueError: no"), NOW)])
    audit.mark(centre, [(audit.Ran("auditor", 15, "here"), NOW + timedelta(seconds=15))])
    found = jobs(centre, NOW + timedelta(seconds=16))["auditor"]
    assert (found["error"], found["late"]) == (None, False)
