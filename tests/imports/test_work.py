"""Who works on an import: a worker, the clock where none comes, another one when the first died; never two of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from dispatch.domain.errors import IllegalTransition
from dispatch.domain.imports.state import TRANSITIONS, ImportState, ImportTrigger, follow
from dispatch.models.imports import Import, ImportChunk
from dispatch.models.people import Elder
from dispatch.services.imports import applying, check, claims, run, uploads
from dispatch.services.imports.claims import HANDOVER, LEASE, TRIES, Lost
from dispatch.services.imports.elders import ElderTable
from tests.support.factories import Town
from tests.support.story import Story
from tests.support.tables import ELDERS, LI, Importer, as_csv, numbers, row

SOME = [ELDERS, *(row(f"老人{n}", phone=f"1380000{n:04d}", address=f"Elm {n}") for n in range(30))]


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing is tidied up."""


@pytest.fixture
def boss(town: Town, monkeypatch: pytest.MonkeyPatch) -> Importer:
    monkeypatch.setattr(check, "CHUNK", 10)
    return Importer(town)


def elders(boss: Importer) -> int:
    with boss.centre.database.reads() as session:
        return session.scalar(select(func.count()).select_from(Elder).where(Elder.name.startswith("老人"))) or 0


def later(boss: Importer, by: timedelta) -> None:
    boss.now += by


@pytest.mark.parametrize("trigger", ImportTrigger)
@pytest.mark.parametrize("state", ImportState)
def test_every_state_and_trigger_is_decided(state: ImportState, trigger: ImportTrigger) -> None:
    if (state, trigger) in TRANSITIONS:
        assert follow(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransition):
            follow(state, trigger)


def test_the_clock_does_it_when_there_is_no_broker(story: Story) -> None:
    boss = Importer(story.town)
    brought = boss.bring(as_csv(SOME))
    story.clock.imports(story.now)
    assert boss.look(brought)["state"] == "checked"
    uploads.apply(boss.centre, boss.actor, int(brought["id"]), None, story.now)
    story.clock.imports(story.now)
    assert (boss.look(brought)["state"], elders(boss)) == ("applied", 30)
    assert claims.hand_over(boss.centre, story.now + timedelta(days=1)) == []


def test_it_is_offered_to_a_worker_first_and_done_directly_when_none_comes(boss: Importer) -> None:
    brought = int(boss.bring(as_csv(SOME))["id"])
    assert claims.hand_over(boss.centre, boss.now) == [claims.Handover(brought, directly=False)]
    assert claims.hand_over(boss.centre, boss.now) == []
    assert claims.hand_over(boss.centre, boss.now + HANDOVER) == [claims.Handover(brought, directly=True)]


def test_of_two_workers_one_gets_it(boss: Importer) -> None:
    brought = int(boss.bring(as_csv(SOME))["id"])
    assert claims.claim(boss.centre, brought, boss.now) is not None
    assert claims.claim(boss.centre, brought, boss.now) is None
    assert claims.claim(boss.centre, brought, boss.now + LEASE / 2) is None


def test_a_worker_killed_while_checking_is_followed_by_another(boss: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = boss.bring(as_csv(SOME))
    look, calls = ElderTable.look, []

    def dies(self: ElderTable, *given: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        look(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(ElderTable, "look", dies)
    with pytest.raises(Killed):
        boss.work(brought)
    assert (boss.look(brought)["state"], boss.look(brought)["progress"]["done"]) == ("checking", 20)
    boss.work(brought)
    assert boss.look(brought)["progress"]["done"] == 20, "the lease of the dead one has not run out"
    later(boss, LEASE)
    assert numbers(boss.work(brought)) == (30, 0, 0, 0)
    with boss.centre.database.reads() as session:
        assert session.scalar(select(func.count()).select_from(ImportChunk)) == 3, "those of the dead one are gone"


def test_a_worker_killed_while_applying_leaves_nothing_and_is_followed(
    boss: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = boss.check(SOME)
    uploads.apply(boss.centre, boss.actor, int(checked["id"]), None, boss.now)
    add, calls = ElderTable.add, []

    def dies(self: ElderTable, *given: object) -> None:
        calls.append(1)
        add(self, *given)  # type: ignore[arg-type]
        if len(calls) == 3:
            raise Killed

    monkeypatch.setattr(ElderTable, "add", dies)
    with pytest.raises(Killed):
        boss.work(checked)
    assert (boss.look(checked)["state"], elders(boss)) == ("applying", 0)
    later(boss, LEASE)
    assert (boss.work(checked)["state"], elders(boss)) == ("applied", 30)


def test_one_that_was_taken_for_dead_and_lives_applies_nothing(boss: Importer) -> None:
    """Stopped for a minute before its last statement, while another one did the work."""
    checked = boss.check(SOME)
    import_id = int(checked["id"])
    uploads.apply(boss.centre, boss.actor, import_id, None, boss.now)
    slow = claims.claim(boss.centre, import_id, boss.now)
    assert slow is not None
    later(boss, LEASE)
    assert boss.work(checked)["state"] == "applied"
    with pytest.raises(Lost):
        applying.Apply(boss.centre, import_id, slow, lambda: boss.now).run(ElderTable())
    assert elders(boss) == 30


def test_a_cancelled_check_stops(boss: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = boss.bring(as_csv(SOME))
    look = ElderTable.look

    def cancels(self: ElderTable, *given: object) -> None:
        look(self, *given)  # type: ignore[arg-type]
        uploads.cancel(boss.centre, boss.actor, int(brought["id"]), None, boss.now)

    monkeypatch.setattr(ElderTable, "look", cancels)
    assert boss.work(brought)["state"] == "cancelled"
    with boss.centre.database.reads() as session:
        assert session.scalar(select(func.count()).select_from(ImportChunk)) == 0


def test_what_fails_again_and_again_is_put_before_a_person(boss: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    brought = boss.bring(as_csv(SOME))

    def defect(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ElderTable, "look", defect)
    for _ in range(TRIES):
        with pytest.raises(ZeroDivisionError):
            run.run(boss.centre, int(brought["id"]), lambda: boss.now)
        later(boss, LEASE)
    assert boss.work(brought)["fault"] == {"code": "gave_up", "data": {}}
    assert claims.hand_over(boss.centre, boss.now + timedelta(days=1)) == []


def test_somebody_who_comes_at_the_same_moment_is_found_at_the_next_try(
    boss: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator adds the same elder between our look and our insert: the database refuses the second one."""
    table = [[*ELDERS, "外部编号"], [*row("李秀兰", LI, "13800001234"), "A-1"]]
    first, second = boss.check(table), boss.check(table)
    boss.apply(first)
    look, blind = ElderTable.look, [True]

    def sees_nothing(self: ElderTable, *given: object) -> None:
        look(self, *given)  # type: ignore[arg-type]
        if blind:
            blind.pop()
            for entry in given[2]:  # type: ignore[index,attr-defined]
                entry.target = None

    monkeypatch.setattr(ElderTable, "look", sees_nothing)
    uploads.apply(boss.centre, boss.actor, int(second["id"]), None, boss.now)
    assert boss.work(second)["state"] == "applying"
    later(boss, HANDOVER)
    assert boss.work(second)["state"] == "applied"
    with boss.centre.database.reads() as session:
        assert session.scalar(select(func.count()).where(Elder.name == "李秀兰")) == 1


def test_sqlite_takes_no_file_that_would_keep_alarms_waiting(boss: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "SQLITE_ROWS", 10)
    checked = boss.check(SOME)
    if boss.centre.database.is_postgresql:
        assert boss.apply(checked)["state"] == "applied"
        return
    with pytest.raises(uploads.Conflict, match="SQLite"):
        uploads.apply(boss.centre, boss.actor, int(checked["id"]), None, boss.now)


def test_nothing_of_an_import_is_left_in_the_row_when_it_ends(boss: Importer) -> None:
    done = boss.bring_in(SOME)
    with boss.centre.database.reads() as session:
        found = session.get_one(Import, int(done["id"]))
        assert (found.claim, found.next_try_at, found.handed_over) == (None, None, 0)


def test_of_two_imports_at_once_one_waits_and_sees_what_the_other_wrote(
    boss: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not boss.centre.database.is_postgresql:
        pytest.skip("SQLite has one writer")
    first, second = boss.check(SOME), boss.check([ELDERS, row("李秀兰", LI)])
    for brought in (first, second):
        uploads.apply(boss.centre, boss.actor, int(brought["id"]), None, boss.now)
    add = ElderTable.add

    def meets_the_other(self: ElderTable, *given: object) -> None:
        add(self, *given)  # type: ignore[arg-type]
        assert boss.work(second)["state"] == "applying"

    monkeypatch.setattr(ElderTable, "add", meets_the_other)
    assert boss.work(first)["state"] == "applied"
    monkeypatch.undo()
    later(boss, HANDOVER)
    assert boss.work(second)["state"] == "applied"


def test_rows_on_their_way_are_sealed(boss: Importer) -> None:
    boss.check([ELDERS, row("李秀兰", LI, "13800001234"), row("错误的行", born="?", phone="13800009876")])
    with boss.centre.database.engine.connect() as connection:
        stored = [
            repr(r) for t in ("import_chunks", "import_rows") for r in connection.execute(text(f"SELECT * FROM {t}"))
        ]
    assert stored
    assert not any(
        secret in one for one in stored for secret in (LI, "13800001234", "13800009876", "李秀兰", "错误的行")
    )
