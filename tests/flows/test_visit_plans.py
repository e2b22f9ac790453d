"""Rounds of check-in visits: planned as a preview, published, and planned again when the day turns out otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from dispatch.bootstrap import background
from dispatch.domain.errors import Conflict, IllegalTransition, Invalid, NotFound
from dispatch.domain.rounds.planner import Effort, SolverFailed
from dispatch.domain.rounds.problem import Plan, Problem
from dispatch.domain.visits.visit import Mode, VisitState
from dispatch.models.outbox import Message
from dispatch.models.places import Household
from dispatch.models.rounds import CheckinStop
from dispatch.models.visits import CheckinVisit
from dispatch.models.workforce import Worker
from dispatch.services import audit
from dispatch.services.desk import PageOf
from dispatch.services.register import elders
from dispatch.services.register.elders import Absence
from dispatch.services.rounds import asking, listing, pruning
from dispatch.services.rounds.asking import Asked
from dispatch.services.rows import stamp
from dispatch.services.visits import recording
from dispatch.services.workforce import hours, wishes
from tests.support.factories import START, Town
from tests.support.story import Story
from tests.support.visit_plans import ANNE, BERT, FRIDAY, TODAY, TOMORROW, Planning, calls_off
from tests.support.visits import visit_of

IN_THE_EAST = ("Wang", "Zhao", "Sun", "Family")


@pytest.fixture
def planning(town: Town) -> Planning:
    return Planning(town)


def who_comes(planning: Planning) -> dict[str, tuple[int | None, datetime | None]]:
    visits = {name: visit_of(planning.town, name) for name in IN_THE_EAST}
    return {name: (visit.worker_id, visit.planned_at) for name, visit in visits.items()}


def stops(planning: Planning, plan_id: int) -> list[dict[str, object]]:
    found = listing.rounds(
        planning.town.centre, plan_id, planning.town.actor("boss"), listing.Wanted(), PageOf(50, None)
    )
    return [stop for one in found["items"] for stop in one["stops"]]


def unplaced(planning: Planning, plan_id: int) -> dict[str, str]:
    who = (planning.town.actor("boss"), planning.now)
    found = listing.unplaced(planning.town.centre, plan_id, who, None, PageOf(50, None))
    return {one["elder"]["name"]: one["why"] for one in found["items"]}


def test_a_plan_is_a_preview_until_it_is_published(planning: Planning) -> None:
    plan = planning.made()
    assert (plan["state"], plan["placed"], plan["unplaced"]) == ("ready", 4, [])
    assert sum(day["visits"] for day in plan["days"]) == 4
    assert {visit_of(planning.town, name).state for name in IN_THE_EAST} == {VisitState.PLANNED}
    plan = planning.publish(int(plan["id"]))
    assert (plan["state"], plan["booked"], plan["changed"]) == ("published", 4, 0)
    for stop in stops(planning, int(plan["id"])):
        visit = visit_of(planning.town, str(stop["elder"]["name"]))  # type: ignore[index]
        assert visit.state == VisitState.BOOKED
        assert visit.worker_id in planning.ids.values()
        assert stamp(visit.planned_at) == stop["starts_at"]
        assert visit.minutes == 25


def test_the_solver_itself_makes_a_plan(town: Town) -> None:
    plan = Planning(town, planner=background.planner).published(seconds=0.5)
    assert (plan["state"], plan["booked"]) == ("published", 4)
    assert plan["ready_at"] == plan["published_at"] == stamp(START)


def test_visitors_are_told_once_how_much_and_from_when(planning: Planning) -> None:
    planning.published()
    with planning.town.centre.database.reads() as session:
        messages = session.scalars(select(Message).where(Message.purpose == "visit_rounds")).all()
    assert {one.phone for one in messages} <= {ANNE.phone, BERT.phone}
    assert sum(int(str(one.body).split("：")[1].split("户")[0]) for one in messages) == 4
    assert all("从明天开始" in str(one.body) or "11月" in str(one.body) for one in messages)


def test_the_clock_hands_a_plan_to_a_worker_and_makes_it_itself_without_one(story: Story) -> None:
    planning = Planning(story.town)
    plan_id = planning.ask()
    story.forward(5)
    assert planning.plan(plan_id)["state"] == "ready"


def test_one_plan_of_an_area_at_a_time(planning: Planning) -> None:
    first = planning.ask()
    with pytest.raises(Conflict):
        planning.ask()
    planning.ask(area="West")
    asking.cancel(planning.town.centre, first, planning.act())
    planning.ask()


def test_only_days_to_come_and_areas_of_ones_own_are_planned(planning: Planning) -> None:
    with pytest.raises(Invalid):
        planning.ask(TODAY - timedelta(days=9), TODAY - timedelta(days=1))
    with pytest.raises(Invalid):
        planning.ask(TODAY, TODAY + timedelta(days=90))
    asked = Asked(planning.town.areas["East"], TODAY, TODAY)
    with pytest.raises(NotFound):
        asking.ask(planning.town.centre, planning.act("west_op"), asked)


def test_what_could_not_be_placed_says_why(planning: Planning) -> None:
    with planning.town.centre.database.sessions.begin() as session:
        nowhere = update(Household).where(Household.id == planning.town.households["Wang"])
        session.execute(nowhere.values(lat=None, lon=None))
        far = update(Household).where(Household.id == planning.town.households["Zhao"])
        session.execute(far.values(lat=49.0, lon=135.0))
    elders.set_absence(planning.town.centre, planning.town.elders["Family"], planning.act(), Absence("away"))
    for worker in planning.ids.values():
        wishes.record(planning.town.centre, planning.town.elders["Sun"], worker, planning.act(), wanted=False)
    plan = planning.made()
    assert unplaced(planning, int(plan["id"])) == {
        "Wang": "no_place",
        "Zhao": "too_far",
        "Family": "absent",
        "Sun": "refused",
    }
    assert {one["reason"]: one["count"] for one in plan["unplaced"]} == dict.fromkeys(
        ("no_place", "too_far", "absent", "refused"), 1
    )


def test_a_plan_that_is_called_off_stops(town: Town) -> None:
    planning = Planning(town)
    ids: list[int] = []
    planning.planner = calls_off(planning, lambda: ids[0])
    ids.append(planning.ask())
    planning.work(ids[0])
    assert planning.plan(ids[0])["state"] == "cancelled"
    assert stops(planning, ids[0]) == []
    with pytest.raises(IllegalTransition):
        asking.publish(town.centre, ids[0], planning.act())


def test_a_solver_that_fails_is_a_failed_plan_and_no_empty_one(town: Town) -> None:
    def broken(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
        raise SolverFailed("out of memory")

    plan = Planning(town, planner=broken).made()
    assert (plan["state"], plan["failure"], plan["rounds"]) == ("failed", "solver", 0)


def test_a_plan_that_nobody_could_walk_is_never_shown(town: Town) -> None:
    planning = Planning(town)
    honest = planning.planner

    def reckless(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
        found = honest(problem, effort, told)
        return replace(found, rounds=tuple(replace(one, returns=one.returns + 86_400) for one in found.rounds))

    planning.planner = reckless
    plan = planning.made()
    assert (plan["state"], plan["failure"]) == ("failed", "faulty")


def test_what_changed_since_it_was_planned_is_left_alone_and_named(planning: Planning) -> None:
    plan = planning.made()
    met = recording.Attempt(met=True, mode=Mode.HOME, started_at=START, ended_at=START + timedelta(minutes=20))
    recording.record(planning.town.centre, visit_of(planning.town, "Wang").id, planning.act(), met)
    plan = planning.publish(int(plan["id"]))
    assert (plan["booked"], plan["changed"]) == (3, 1)
    assert unplaced(planning, int(plan["id"])) == {"Wang": "changed"}
    assert visit_of(planning.town, "Wang").state == VisitState.DONE


def test_two_plans_never_give_a_visitor_two_things_at_once(planning: Planning) -> None:
    """Both were made before either was published."""
    first, second = planning.made(), None
    with planning.town.centre.database.sessions.begin() as session:
        session.execute(update(CheckinVisit).values(version=CheckinVisit.version))
    second = planning.made()
    planning.publish(int(first["id"]))
    again = planning.publish(int(second["id"]))
    assert (again["booked"], again["changed"]) == (0, 4)


def test_what_is_booked_stays_when_the_area_is_planned_again(planning: Planning) -> None:
    planning.published()
    before = who_comes(planning)
    plan = planning.published()
    assert (plan["placed"], plan["kept"]) == (0, 4)
    assert who_comes(planning) == before


def test_anew_may_move_what_is_booked_on_later_days(planning: Planning) -> None:
    planning.published()
    plan = planning.published(anew=True)
    assert (plan["placed"], plan["kept"], plan["booked"]) == (4, 0, 4)


def test_who_falls_ill_is_replaced_and_nobody_elses_promise_moves(planning: Planning) -> None:
    planning.now = START + timedelta(hours=15)  # 07:00 of the next day
    planning.published(TOMORROW, TOMORROW)
    before = who_comes(planning)
    ill = next(worker for worker, _ in before.values() if worker is not None)
    theirs = {name for name, (worker, _) in before.items() if worker == ill}
    planning.now += timedelta(hours=1)
    hours.set_days(planning.town.centre, ill, planning.act(), hours.Days(TOMORROW, TOMORROW))
    plan = planning.published(TOMORROW, TOMORROW)
    after = who_comes(planning)
    assert plan["kept"] == len(IN_THE_EAST) - len(theirs)
    for name in IN_THE_EAST:
        if name in theirs:
            assert after[name][0] not in (ill, None)
        else:
            assert after[name] == before[name]


def test_what_somebody_who_fell_ill_should_have_done_by_now_is_planned_too(planning: Planning) -> None:
    planning.now = START + timedelta(hours=15)
    planning.published(TOMORROW, TOMORROW)
    planning.now += timedelta(hours=3)  # 10:00
    for worker in planning.ids.values():
        if worker != planning.ids["Bert"]:
            hours.set_days(planning.town.centre, worker, planning.act(), hours.Days(TOMORROW, TOMORROW))
    before = who_comes(planning)
    planning.published(TOMORROW, TOMORROW)
    for name, (worker, at) in who_comes(planning).items():
        assert worker == planning.ids["Bert"]
        assert at is not None
        assert at > planning.now or before[name] == (worker, at)


def test_what_was_missed_yesterday_comes_back(planning: Planning) -> None:
    planning.now = START + timedelta(hours=15)
    planning.published(TOMORROW, TOMORROW)
    planning.now += timedelta(days=1)
    plan = planning.published(FRIDAY, FRIDAY)
    assert plan["booked"] == 4
    assert all(at is not None and at > planning.now for _, at in who_comes(planning).values())


def test_who_left_does_not_come(planning: Planning) -> None:
    planning.published()
    with planning.town.centre.database.sessions.begin() as session:
        session.execute(update(Worker).where(Worker.id == planning.ids["Anne"]).values(active=False))
    planning.published()
    assert {worker for worker, _ in who_comes(planning).values()} == {planning.ids["Bert"]}


def test_an_urgent_visit_is_put_between_what_is_booked(planning: Planning) -> None:
    planning.now = START + timedelta(hours=15)
    wang, others = visit_of(planning.town, "Wang"), [visit_of(planning.town, name) for name in IN_THE_EAST[1:]]
    planning.published(TOMORROW, TOMORROW, visit_ids=tuple(one.id for one in others))
    assert visit_of(planning.town, "Wang").state == VisitState.PLANNED
    before = who_comes(planning)
    planning.now += timedelta(hours=2)
    planning.published(TOMORROW, TOMORROW, visit_ids=(wang.id,))
    after = who_comes(planning)
    assert {name: after[name] for name in IN_THE_EAST[1:]} == {name: before[name] for name in IN_THE_EAST[1:]}
    assert after["Wang"][1] is not None
    assert after["Wang"][1] > planning.now


def test_a_plan_of_today_sends_nobody_into_the_past(planning: Planning) -> None:
    planning.now = START - timedelta(hours=2)  # 14:00
    planning.published(TODAY, TODAY)
    for worker, at in who_comes(planning).values():
        assert worker is None or (at is not None and at >= planning.now + timedelta(minutes=10))


def test_who_was_there_last_time_comes_again(planning: Planning) -> None:
    for name, who in (("Wang", ANNE), ("Zhao", BERT), ("Family", BERT)):
        met = recording.Attempt(
            met=True, mode=Mode.PHONE, started_at=START, ended_at=START, worker_id=planning.ids[who.name]
        )
        recording.record(planning.town.centre, visit_of(planning.town, name).id, planning.act(), met)
    seen: list[Problem] = []
    honest = planning.planner

    def watching(problem: Problem, effort: Effort, told: Callable[[float], bool]) -> Plan:
        seen.append(problem)
        return honest(problem, effort, told)

    planning.planner = watching
    with planning.town.centre.database.sessions.begin() as session:
        session.execute(update(CheckinVisit).values(state=VisitState.PLANNED.value))
    planning.made()
    liked = {visit.id: visit.preferred for visit in seen[0].visits}
    assert liked[visit_of(planning.town, "Wang").id] == planning.ids["Anne"]
    assert liked[visit_of(planning.town, "Zhao").id] == planning.ids["Bert"]
    assert liked[visit_of(planning.town, "Sun").id] is None


def test_two_go_together_where_the_rules_say_so(planning: Planning) -> None:
    centre = planning.town.centre
    planning.town.centre = replace(centre, planning=replace(centre.planning, two_for=frozenset({"monthly"})))
    plan = planning.published()
    assert (plan["placed"], plan["booked"]) == (4, 4)
    with centre.database.reads() as session:
        rows = session.scalars(select(CheckinStop).where(CheckinStop.plan_id == int(plan["id"]))).all()
    when = {(row.visit_id, row.second): (row.round_id, row.starts_at) for row in rows}
    for visit_id in {row.visit_id for row in rows}:
        assert when[visit_id, False][1] == when[visit_id, True][1]
        assert when[visit_id, False][0] != when[visit_id, True][0]


def test_a_worker_that_died_while_publishing_is_gone_on_with(planning: Planning) -> None:
    plan = planning.made()
    plan_id = int(plan["id"])
    asking.publish(planning.town.centre, plan_id, planning.act())
    claimed = asking.claim(planning.town.centre, plan_id, lambda: planning.now)
    assert claimed is not None
    assert asking.claim(planning.town.centre, plan_id, lambda: planning.now) is None
    planning.now += timedelta(minutes=2)
    planning.work(plan_id)
    assert planning.plan(plan_id)["state"] == "published"


def test_the_month_is_planned_over_its_working_days(planning: Planning) -> None:
    plan = planning.made(TODAY, TODAY + timedelta(days=6))
    weekend = {(TODAY + timedelta(days=number)).isoformat() for number in (4, 5)}
    assert not {day["day"] for day in plan["days"]} & weekend
    assert FRIDAY.isoformat() not in weekend


def test_whoever_replaces_a_visitor_is_asked_for_where_they_were_expected(planning: Planning) -> None:
    town, anne = planning.town, planning.ids["Anne"]

    def asked_for(worker_id: int | None = anne) -> str:
        plan = asking.ask(town.centre, planning.act(), Asked(None, TOMORROW, TOMORROW, worker_id=worker_id))
        asking.cancel(town.centre, int(plan["id"]), planning.act())
        return str(plan["area"]["name"])

    def expects(name: str, day: date) -> None:
        at = datetime.combine(day, time(2), UTC)
        booked = {"state": VisitState.BOOKED, "worker_id": anne, "planned_at": at, "minutes": 25}
        with town.centre.database.sessions.begin() as session:
            session.execute(update(CheckinVisit).where(CheckinVisit.id == visit_of(town, name).id).values(booked))

    assert asked_for() == "East", "nobody expects her: where she works"
    expects("Wang", TOMORROW)
    expects("Qian", FRIDAY)
    assert asked_for() == "Elm"
    expects("Qian", TOMORROW)
    assert asked_for() == "Town", "she is expected in both halves"
    for nobody in (999_999, None):
        with pytest.raises(Invalid):
            asked_for(nobody)


def test_a_plan_that_nobody_ever_finishes_is_said(planning: Planning) -> None:
    """A worker that dies of it each time leaves a lease that is renewed and a share that looks alive."""
    plan_id = planning.ask()

    def said(at: datetime) -> list[str]:
        return [one.code for one in audit.audit(planning.town.centre, at)]

    for minutes in range(0, 40, 2):
        asking.claim(planning.town.centre, plan_id, lambda at=START + timedelta(minutes=minutes): at)  # type: ignore[misc]
        asking.hand_over(planning.town.centre, START + timedelta(minutes=minutes + 1, seconds=30))
    assert "plan_stuck" not in said(START + timedelta(minutes=29))
    assert "plan_stuck" in said(START + timedelta(minutes=31))
    asking.cancel(planning.town.centre, plan_id, planning.act())
    assert "plan_stuck" not in said(START + timedelta(minutes=31))


def test_previews_are_forgotten_long_after_their_days_and_what_was_published_never(planning: Planning) -> None:
    kept, gone = int(planning.published()["id"]), int(planning.made()["id"])
    after = datetime.combine(FRIDAY, time(12), UTC)
    assert pruning.prune(planning.town.centre, after + timedelta(days=31)) == 0
    assert pruning.prune(planning.town.centre, after + timedelta(days=32)) == 1
    assert planning.plan(kept)["state"] == "published"
    with pytest.raises(NotFound):
        planning.plan(gone)
    with planning.town.centre.database.reads() as session:
        assert set(session.scalars(select(CheckinStop.plan_id))) == {kept}
